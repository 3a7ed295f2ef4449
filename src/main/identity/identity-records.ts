import { SottoError } from '#shared/errors.ts'
import type { Aor } from '#shared/model/ids.ts'
import {
  decodeIdentity,
  encodeIdentity,
  isOutdatedIdentity,
  wipeIdentity,
  type IdentityRecord,
} from './identity-record.ts'

/** Secrets inside the encrypted history; what comes out is ours to wipe. */
export interface IdentitySecretsPort {
  secret(name: string): Promise<Uint8Array | null>
  setSecret(name: string, value: Uint8Array | null): Promise<void>
}

/** The stored identities of all accounts, changed one after the other: two first calls must not make two identities. */
export class IdentityRecords {
  readonly #secrets: IdentitySecretsPort
  readonly #saved: (account: Aor, record: IdentityRecord) => void
  #busy: Promise<unknown> = Promise.resolve()

  constructor(secrets: IdentitySecretsPort, saved: (account: Aor, record: IdentityRecord) => void) {
    this.#secrets = secrets
    this.#saved = saved
  }

  /** Runs once everything asked for before has ended. */
  inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#busy.then(run, run)
    this.#busy = turn.catch(() => undefined)
    return turn
  }

  /** In turn, with the record, which is wiped afterwards. @throws SottoError `not-found` without one. */
  with<T>(account: Aor, use: (record: IdentityRecord) => Promise<T> | T): Promise<T> {
    return this.inTurn(async () => {
      const record = await this.load(account)
      if (record === null) throw new SottoError('not-found')
      try {
        return await use(record)
      } finally {
        wipeIdentity(record)
      }
    })
  }

  /** The record, the caller's to wipe; null without one, or with one that nothing reads any more. */
  async load(account: Aor): Promise<IdentityRecord | null> {
    const bytes = await this.#secrets.secret(secretName(account))
    if (bytes === null) return null
    try {
      return isOutdatedIdentity(bytes) ? null : decodeIdentity(bytes)
    } finally {
      bytes.fill(0)
    }
  }

  async save(account: Aor, record: IdentityRecord): Promise<void> {
    const bytes = encodeIdentity(record)
    await this.#secrets.setSecret(secretName(account), bytes).finally(() => bytes.fill(0))
    this.#saved(account, record)
  }

  erase(account: Aor): Promise<void> {
    return this.#secrets.setSecret(secretName(account), null)
  }
}

function secretName(account: Aor): string {
  return `identity.${account}`
}
