/**
 * The library draws its branches from ten million values; on the wire each transaction gets one of 128 secret-keyed bits
 * (RFC 3261 §8.1.1.7). The same library branch in the same transaction always gives the same wire branch, so ACK and
 * CANCEL keep matching.
 */
import { createHmac } from 'node:crypto'
import type { RandomPort } from '#shared/ports/random.ts'
import { branchCookie } from '../ids.ts'
import { cseqOf, headerValue } from '../headers.ts'
import type { SipRequest } from '../message.ts'
import { BoundedMap } from './bounded-map.ts'

/** One client transaction in flight. */
export interface SentTransaction {
  readonly libraryBranch: string
  /** As it went out. */
  readonly request: SipRequest
}

export class BranchMap {
  readonly #key: Uint8Array
  readonly #sent = new BoundedMap<string, SentTransaction>(1024)

  constructor(random: RandomPort) {
    this.#key = random.bytes(32)
  }

  wireBranch(libraryBranch: string, request: SipRequest): string {
    const transaction = `${libraryBranch} ${headerValue(request, 'call-id') ?? ''} ${cseqOf(request).sequence}`
    return branchCookie + createHmac('sha256', this.#key).update(transaction).digest('hex').slice(0, 32)
  }

  /** Remembers a request so that its responses find back; ACK gets none. */
  remember(wireBranch: string, transaction: SentTransaction): void {
    const { method } = transaction.request
    if (method !== 'ACK') this.#sent.set(keyOf(wireBranch, method), transaction)
  }

  find(wireBranch: string, method: string): SentTransaction | null {
    return this.#sent.get(keyOf(wireBranch, method)) ?? null
  }
}

function keyOf(wireBranch: string, method: string): string {
  return `${wireBranch} ${method}`
}
