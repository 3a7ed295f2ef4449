import { Lane } from './lane.ts'
import type { Timer } from '#shared/ports/clock.ts'
import { copyOf, equalBytes } from '#shared/bytes/bytes.ts'
import type { SlotEnding, SlotKind, SlotOpening } from '#shared/linking/rendezvous.ts'

export type SlotEnd = 'near' | 'far'

/** Two ends and what is between them. */
export class Slot {
  readonly id: Uint8Array
  readonly kind: SlotKind
  readonly account: string
  /** Of who opened it; forgotten with the slot. */
  readonly address: string
  readonly #near: Uint8Array
  #far: Uint8Array | null
  #generation: Uint8Array
  #toFar = new Lane()
  #toNear = new Lane()
  #ending: SlotEnding | null = null
  timer: Timer | null = null

  constructor(opening: SlotOpening, address: string) {
    this.id = copyOf(opening.slot)
    this.kind = opening.kind
    this.account = opening.account
    this.address = address
    this.#near = copyOf(opening.near)
    this.#far = opening.far === null ? null : copyOf(opening.far)
    this.#generation = copyOf(opening.generation)
  }

  get joined(): boolean {
    return this.#far !== null
  }

  get ending(): SlotEnding | null {
    return this.#ending
  }

  get generation(): Uint8Array {
    return this.#generation
  }

  get bytes(): number {
    return this.#toFar.bytes + this.#toNear.bytes
  }

  /** Which end shows a token of this hash; null for a stranger. */
  endOf(tokenHash: Uint8Array): SlotEnd | null {
    if (equalBytes(this.#near, tokenHash)) return 'near'
    return this.#far !== null && equalBytes(this.#far, tokenHash) ? 'far' : null
  }

  isOpening(opening: SlotOpening): boolean {
    const sameFar = opening.far === null || (this.#far !== null && equalBytes(this.#far, opening.far))
    return (
      this.kind === opening.kind && this.account === opening.account && equalBytes(this.#near, opening.near) && sameFar
    )
  }

  isGeneration(generation: Uint8Array): boolean {
    return equalBytes(this.#generation, generation)
  }

  join(far: Uint8Array): boolean {
    if (this.#far !== null) return equalBytes(this.#far, far)
    this.#far = copyOf(far)
    return true
  }

  /** Throws away what is between the ends. */
  beginAnew(generation: Uint8Array): void {
    this.#generation = copyOf(generation)
    this.#clear()
  }

  end(ending: SlotEnding): void {
    this.#ending ??= ending
    this.#clear()
  }

  /** What this end writes. */
  outOf(end: SlotEnd): Lane {
    return end === 'near' ? this.#toFar : this.#toNear
  }

  /** What this end reads. */
  into(end: SlotEnd): Lane {
    return end === 'near' ? this.#toNear : this.#toFar
  }

  #clear(): void {
    const lanes = [this.#toFar, this.#toNear]
    this.#toFar = new Lane()
    this.#toNear = new Lane()
    for (const lane of lanes) lane.wake()
  }
}
