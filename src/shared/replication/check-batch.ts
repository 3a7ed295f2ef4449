/** Whether a batch is what its device wrote: one unbroken chain of headers that ends where the signed head says (pure). */
import { equalBytes } from '../bytes/bytes.ts'
import { ProtocolError } from '../errors.ts'
import type { VerifierPort } from '../ports/verifier.ts'
import { err, ok, type Result } from '../result.ts'
import { decodeBatch, type Batch } from './batch.ts'
import { decodeHeader, type EnvelopeHeader } from './envelope.ts'
import { decodeHead, headSignatureInput, type Place, type ReplicaHead } from './head.ts'

/** What checking needs of cryptography. */
export type BatchCrypto = VerifierPort

/**
 * Why a batch does not hold. `malformed`: no batch, head or header. `wrong-account`, `unknown-device`, `bad-signature`: not signed by a
 * device of this account. `broken-chain`: its headers do not follow each other, or do not end in the head. `wrong-body`: a body is
 * not the one its header names.
 */
export type BatchFault =
  'malformed' | 'wrong-account' | 'unknown-device' | 'bad-signature' | 'broken-chain' | 'wrong-body'

/** A batch whose head is signed by its device and whose envelopes lead to it. */
export interface CheckedBatch {
  readonly head: ReplicaHead
  readonly batch: Batch
  readonly headers: readonly EnvelopeHeader[]
  /** Of each header; the last is the one that the head signs. */
  readonly hashes: readonly Uint8Array[]
  /** What the first header builds on: seq 0 and 32 zeros for a device's first. */
  readonly from: Pick<Place, 'seq' | 'hash'>
}

export interface BatchCheck {
  readonly account: string
  /** Ed25519 key of a device that may write, or null. */
  readonly keyOf: (device: Uint8Array) => Uint8Array | null
  readonly crypto: BatchCrypto
}

/** Checks all of a batch but where it belongs: see {@link continues}. */
export function checkBatch(
  bytes: Uint8Array,
  { account, keyOf, crypto }: BatchCheck,
): Result<CheckedBatch, BatchFault> {
  const parsed = parse(bytes, crypto)
  if (parsed === null) return err('malformed')
  const { head, batch, headers } = parsed
  if (head.account !== account) return err('wrong-account')
  const key = keyOf(head.device)
  if (key === null) return err('unknown-device')
  if (!crypto.verify(key, headSignatureInput(batch.head), batch.signature)) return err('bad-signature')
  if (!leadsTo(parsed)) return err('broken-chain')
  const whole = batch.envelopes.every(
    ({ body }, index) => body === null || equalBytes(crypto.hash(body), headers[index]?.bodyHash ?? body),
  )
  return whole ? ok(parsed) : err('wrong-body')
}

/** Whether a batch is the next after `place`; null = the device has written nothing before. */
export function continues({ from }: Pick<CheckedBatch, 'from'>, place: Pick<Place, 'seq' | 'hash'> | null): boolean {
  return from.seq === (place?.seq ?? 0) && equalBytes(from.hash, place?.hash ?? new Uint8Array(from.hash.length))
}

function parse(bytes: Uint8Array, crypto: BatchCrypto): CheckedBatch | null {
  try {
    const batch = decodeBatch(bytes)
    const headers = batch.envelopes.map(({ header }) => decodeHeader(header))
    const [first] = headers
    if (first === undefined) return null
    const hashes = batch.envelopes.map(({ header }) => crypto.hash(header))
    return { head: decodeHead(batch.head), batch, headers, hashes, from: { seq: first.seq - 1, hash: first.previous } }
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** Whether each header names the one before, all are of the head's device, and the last is the one the head signs. */
function leadsTo({ head, headers, hashes, from }: CheckedBatch): boolean {
  if (head.count !== headers.length || head.seq !== from.seq + headers.length) return false
  const follow = headers.every(({ device, seq, epoch, previous }, index) => {
    const before = hashes[index - 1] ?? from.hash
    const isNext = seq === from.seq + 1 + index && equalBytes(previous, before)
    return isNext && equalBytes(device, head.device) && epoch <= head.epoch
  })
  const begins = from.seq > 0 || from.hash.every((byte) => byte === 0)
  return follow && begins && equalBytes(hashes.at(-1) ?? from.hash, head.hash)
}
