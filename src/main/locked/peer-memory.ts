/** What may be known of peers while Sotto is locked: whether somebody who calls or writes is to be heard, but not who that is. */
import { createHmac } from 'node:crypto'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { ContactPolicy } from '#shared/model/views.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** `silent`: a stranger's message, or anything of a muted conversation. */
export type Hearing = 'blocked' | 'silent' | 'heard'

interface KnownPeer {
  readonly accountId: AccountId
  readonly peer: Aor
  readonly policy: ContactPolicy
  readonly muted: boolean
}

/**
 * Addresses as keyed hashes under a key that is never stored: whoever reads the memory can test an address he guesses, and
 * list none.
 */
export class PeerMemory {
  readonly #key: Uint8Array
  readonly #known = new Map<string, Hearing>()

  constructor(random: RandomPort, peers: readonly KnownPeer[]) {
    this.#key = random.bytes(32)
    for (const known of peers) this.#known.set(this.#hashOf(known.accountId, known.peer), hearingOf(known))
  }

  /** How loud a message of this peer may be; strangers are silent. */
  message(accountId: AccountId, peer: Aor): Hearing {
    return this.#known.get(this.#hashOf(accountId, peer)) ?? 'silent'
  }

  /** How loud a call of this peer may be; strangers ring. */
  call(accountId: AccountId, peer: Aor): Hearing {
    return this.#known.get(this.#hashOf(accountId, peer)) ?? 'heard'
  }

  #hashOf(accountId: AccountId, peer: Aor): string {
    return createHmac('sha256', this.#key).update(`${accountId} ${peer}`).digest('base64')
  }
}

function hearingOf({ policy, muted }: KnownPeer): Hearing {
  if (policy === 'blocked') return 'blocked'
  return muted || policy !== 'accepted' ? 'silent' : 'heard'
}
