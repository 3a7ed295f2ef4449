import type { HomeLimits } from '../limits.ts'
import type { ClockPort } from '#shared/ports/clock.ts'

interface Peer {
  open: number
  tokens: number
  refilledAt: number
}

/** Decides which new connections are taken: a total, a number per address and a rate per address. In memory only. */
export class Admission {
  readonly #limits: HomeLimits
  readonly #clock: ClockPort
  readonly #peers = new Map<string, Peer>()
  #open = 0

  constructor(ports: { readonly limits: HomeLimits; readonly clock: ClockPort }) {
    this.#limits = ports.limits
    this.#clock = ports.clock
  }

  /** Takes a place for a connection from `host`; returns how to give it back, or null when there is none. */
  admit(host: string): (() => void) | null {
    const peer = this.#refilled(host)
    const full = this.#open >= this.#limits.connections || peer.open >= this.#limits.connectionsPerAddress
    if (full || peer.tokens < 1) return null
    peer.tokens -= 1
    peer.open += 1
    this.#open += 1
    let released = false
    return () => {
      if (released) return
      released = true
      peer.open -= 1
      this.#open -= 1
    }
  }

  get open(): number {
    return this.#open
  }

  /** Forgets addresses that have no connection and a full bucket: nothing about them is remembered. */
  sweep(): void {
    for (const host of [...this.#peers.keys()]) {
      const peer = this.#refilled(host)
      if (peer.open === 0 && peer.tokens >= this.#limits.connectBurst) this.#peers.delete(host)
    }
  }

  #refilled(host: string): Peer {
    const now = this.#clock.monotonic()
    const { connectBurst, connectsPerSecond } = this.#limits
    const peer = this.#peers.get(host) ?? { open: 0, tokens: connectBurst, refilledAt: now }
    peer.tokens = Math.min(connectBurst, peer.tokens + ((now - peer.refilledAt) / 1000) * connectsPerSecond)
    peer.refilledAt = now
    if (!this.#peers.has(host)) this.#peers.set(host, peer)
    return peer
  }
}
