/** Our SDES keys of one call: all that were made are known here, so that none outlives its use. */
import { wipe } from '#shared/bytes/bytes.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { SecurityDescription } from '#protocol/sdp/security-descriptions.ts'
import { answeringKey, newSdesKey, type OwnKey } from './section.ts'

/** Whoever may still need keys: a section, or what an offer said of one. */
interface KeyUser {
  readonly sdes: OwnKey | null
  readonly protecting?: OwnKey | null
}

export class OwnKeys {
  readonly #random: RandomPort
  /** Told apart by their senders: an answer may have one under another tag. */
  readonly #made: OwnKey[] = []

  constructor(random: RandomPort) {
    this.#random = random
  }

  /** As {@link newSdesKey}. */
  fresh(like: SecurityDescription | null): OwnKey {
    return this.#noted(newSdesKey(this.#random, like))
  }

  /** As {@link answeringKey}. */
  answering(own: OwnKey | null, asked: SecurityDescription): OwnKey {
    return this.#noted(answeringKey(own, asked, this.#random))
  }

  /** Overwrites the keys that none of them has. */
  keepOnly(users: readonly KeyUser[]): void {
    const senders = new Set(users.flatMap(({ sdes, protecting }) => [sdes?.sender, protecting?.sender]))
    for (const key of this.#made.splice(0)) {
      if (senders.has(key.sender)) this.#made.push(key)
      else overwrite(key)
    }
  }

  /** Overwrites all of them. */
  close(): void {
    this.keepOnly([])
  }

  #noted(key: OwnKey): OwnKey {
    if (!this.#made.some(({ sender }) => sender === key.sender)) this.#made.push(key)
    return key
  }
}

function overwrite({ description, sender }: OwnKey): void {
  wipe(description.key, description.salt)
  sender.close()
}
