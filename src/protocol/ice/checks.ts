import { toHex } from '#shared/bytes/bytes.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { IceRole } from './binding.ts'
import type { Pair } from './pair.ts'
import { retransmission } from './stun-transactions.ts'

/** A check on its way. */
export interface Check {
  readonly pair: Pair
  readonly transactionId: Uint8Array
  readonly packet: Uint8Array<ArrayBuffer>
  readonly role: IceRole
  readonly useCandidate: boolean
  /** Of the peer's answers. */
  readonly key: Uint8Array
  readonly rtoMs: number
  readonly endsAt: number
  sends: number
  nextAt: number
  /** Not sent again, and its silence proves nothing; an answer still counts (RFC 8445 §7.3.1.4). */
  isCancelled: boolean
}

/** Where a packet goes. */
export interface Sending {
  readonly base: number
  readonly to: DatagramAddress
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Transactions of all checks under way, by transaction id; time comes from outside. */
export class Checks {
  readonly #checks = new Map<string, Check>()

  /** Notes a check and gives its first sending; `rtoMs` is the first time-out (RFC 8445 §14.3). */
  start(facts: Omit<Check, 'endsAt' | 'sends' | 'nextAt' | 'isCancelled'>, nowMs: number): Sending {
    const check: Check = {
      ...facts,
      endsAt: nowMs + retransmission.totalMs,
      sends: 1,
      nextAt: nowMs + facts.rtoMs,
      isCancelled: false,
    }
    this.#checks.set(toHex(facts.transactionId), check)
    return sendingOf(check)
  }

  find(transactionId: Uint8Array): Check | null {
    return this.#checks.get(toHex(transactionId)) ?? null
  }

  finish(check: Check): void {
    this.#checks.delete(toHex(check.transactionId))
  }

  /** Stops sending for these pairs. */
  cancel(pairs: readonly Pair[]): void {
    for (const check of this.#checks.values()) if (pairs.includes(check.pair)) check.isCancelled = true
  }

  /** Forgets the checks of these pairs. */
  drop(pairs: readonly Pair[]): void {
    for (const check of this.#checks.values()) if (pairs.includes(check.pair)) this.finish(check)
  }

  clear(): void {
    this.#checks.clear()
  }

  /** What is to be sent again now, and which checks are over without an answer. */
  due(nowMs: number): { readonly again: readonly Sending[]; readonly over: readonly Check[] } {
    const again: Sending[] = []
    const over: Check[] = []
    for (const check of this.#checks.values()) {
      if (nowMs >= check.endsAt) {
        over.push(check)
        this.finish(check)
      } else if (nowMs >= check.nextAt && mayRepeat(check)) {
        check.nextAt += waitOf(check)
        check.sends++
        again.push(sendingOf(check))
      }
    }
    return { again, over }
  }

  /** When {@link due} has something next. */
  deadline(): number | null {
    let first: number | null = null
    for (const check of this.#checks.values()) {
      const at = mayRepeat(check) ? Math.min(check.nextAt, check.endsAt) : check.endsAt
      if (first === null || at < first) first = at
    }
    return first
  }
}

/** A nomination goes over a pair that works: silence means loss, and waiting longer each time would only keep the call from being settled. */
const nominationMs = 2_000

function waitOf({ rtoMs, sends, useCandidate }: Check): number {
  const doubled = rtoMs * 2 ** sends
  return useCandidate ? Math.min(doubled, Math.max(rtoMs, nominationMs)) : doubled
}

function mayRepeat({ isCancelled, useCandidate, sends }: Check): boolean {
  return !isCancelled && (useCandidate || sends < retransmission.sends)
}

function sendingOf({ pair, packet }: Check): Sending {
  return { base: pair.local.base, to: pair.remote.address, bytes: packet }
}
