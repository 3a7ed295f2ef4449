import { equalBytes, toHex } from '#shared/bytes/bytes.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { Component } from './candidate.ts'
import type { IcePath, IceTiming } from './ice-types.ts'
import { sameAddress } from './ip-address.ts'

/** The path of one component, and the peer's consent to it (RFC 7675). */
export interface PathState {
  readonly stream: number
  readonly component: Component
  /** Which description it came from: an older path stays until a newer one is nominated. */
  readonly generation: number
  readonly path: IcePath
  /** Of the peer's answers. */
  readonly key: Uint8Array
  readonly outstanding: string[]
  nextAt: number
  confirmedAt: number
  isLost: boolean
}

/** Answers may be late, but not later than consent lasts. */
const maxOutstanding = 8

/** Media paths of all components; time and randomness come from outside. */
export class Paths {
  readonly #timing: IceTiming
  readonly #spread: () => number
  readonly #paths = new Map<string, PathState>()

  /** `spread` draws from [0, 1). */
  constructor(timing: IceTiming, spread: () => number) {
    this.#timing = timing
    this.#spread = spread
  }

  get(stream: number, component: Component): PathState | null {
    return this.#paths.get(`${stream}.${component}`) ?? null
  }

  /** Puts media on a path that a check has just proved. */
  set(facts: Pick<PathState, 'stream' | 'component' | 'generation' | 'path' | 'key'>, nowMs: number): void {
    const times = { nextAt: this.#next(nowMs), confirmedAt: nowMs }
    this.#paths.set(`${facts.stream}.${facts.component}`, { ...facts, ...times, outstanding: [], isLost: false })
  }

  delete(stream: number, component: Component): void {
    this.#paths.delete(`${stream}.${component}`)
  }

  /** A base is gone; returns the paths that went with it. */
  loseBase(base: number): readonly PathState[] {
    const gone = [...this.#paths.values()].filter(({ path, isLost }) => path.base === base && !isLost)
    for (const path of gone) lose(path)
    return gone
  }

  clear(): void {
    this.#paths.clear()
  }

  #next(nowMs: number): number {
    return nowMs + this.#timing.consentMs * (0.8 + 0.4 * this.#spread())
  }

  /** Paths whose consent is to be asked for again now, and those that just lost it. */
  due(nowMs: number): { readonly ask: readonly PathState[]; readonly lost: readonly PathState[] } {
    const live = [...this.#paths.values()].filter(({ isLost }) => !isLost)
    const lost = live.filter(({ confirmedAt }) => nowMs >= confirmedAt + this.#timing.consentExpiryMs)
    for (const path of lost) lose(path)
    const ask = live.filter((path) => !path.isLost && nowMs >= path.nextAt)
    for (const path of ask) path.nextAt = this.#next(nowMs)
    return { ask, lost }
  }

  /** Notes that consent was asked for. */
  asked(path: PathState, transactionId: Uint8Array): void {
    path.outstanding.push(toHex(transactionId))
    if (path.outstanding.length > maxOutstanding) path.outstanding.shift()
  }

  /** The path whose consent check a response may answer; what it says is for the caller to verify. */
  findAsked(transactionId: Uint8Array, base: number, from: DatagramAddress): PathState | null {
    const id = toHex(transactionId)
    for (const state of this.#paths.values()) {
      const isFrom = state.path.base === base && sameAddress(state.path.remote, from)
      if (isFrom && !state.isLost && state.outstanding.includes(id)) return state
    }
    return null
  }

  /** The peer agrees to go on, or (RFC 7675 §5.2) forbids it. */
  answered(state: PathState, transactionId: Uint8Array, outcome: 'confirmed' | 'forbidden', nowMs: number): void {
    state.outstanding.splice(state.outstanding.indexOf(toHex(transactionId)), 1)
    if (outcome === 'confirmed') state.confirmedAt = nowMs
    else lose(state)
  }

  deadline(): number | null {
    const times = [...this.#paths.values()]
      .filter(({ isLost }) => !isLost)
      .map(({ nextAt, confirmedAt }) => Math.min(nextAt, confirmedAt + this.#timing.consentExpiryMs))
    return times.length === 0 ? null : Math.min(...times)
  }
}

function lose(state: PathState): void {
  state.isLost = true
  state.outstanding.length = 0
}

/** Whether both lead the same way under the same key. */
export function isSamePath(a: PathState, b: IcePath, key: Uint8Array): boolean {
  return a.path.base === b.base && sameAddress(a.path.remote, b.remote) && equalBytes(a.key, key)
}
