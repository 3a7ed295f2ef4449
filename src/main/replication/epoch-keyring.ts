import { secretOf } from '#shared/bytes/secret.ts'
import { SottoError } from '#shared/errors.ts'
import type { SealingPort } from './ports.ts'
import type { HeadsSealing } from './heads/heads-ports.ts'
import { epochOf, openBody, openHeads, sealBody, sealHeads } from './sealing.ts'

/** The epoch keys of one account while it is open: seals with the newest, opens with any. */
export class EpochKeyring implements SealingPort, HeadsSealing {
  readonly #keys = new Map<number, Uint8Array>()

  /** Adds a key; it is copied, and stays the caller's to wipe. */
  add(epoch: number, key: Uint8Array): void {
    this.#keys.get(epoch)?.fill(0)
    this.#keys.set(epoch, secretOf(key))
  }

  /** Destroys a key whose time is over. */
  drop(epoch: number): void {
    this.#keys.get(epoch)?.fill(0)
    this.#keys.delete(epoch)
  }

  /** Destroys all of them: the account is locked. */
  wipe(): void {
    for (const epoch of [...this.#keys.keys()]) this.drop(epoch)
  }

  /** Number of the newest. @throws SottoError `locked` without any. */
  get epoch(): number {
    if (this.#keys.size === 0) throw new SottoError('locked')
    return Math.max(...this.#keys.keys())
  }

  seal(start: Uint8Array, content: Uint8Array): Uint8Array {
    const key = this.#keys.get(this.epoch)
    if (key === undefined) throw new SottoError('locked')
    return sealBody(key, start, content)
  }

  open(header: Uint8Array, body: Uint8Array): Uint8Array | null | 'no-key' {
    const epoch = epochOf(header)
    if (epoch === null) return null
    const key = this.#keys.get(epoch)
    return key === undefined ? 'no-key' : openBody(key, header, body)
  }

  sealHeads(front: Uint8Array, content: Uint8Array): Uint8Array {
    const key = this.#keys.get(this.epoch)
    if (key === undefined) throw new SottoError('locked')
    return sealHeads(key, front, content)
  }

  openHeads(epoch: number, front: Uint8Array, sealed: Uint8Array): Uint8Array | null | 'no-key' {
    const key = this.#keys.get(epoch)
    return key === undefined ? 'no-key' : openHeads(key, front, sealed)
  }
}
