import { createHash, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../errors.ts'
import { decodeBatch, encodeBatch, type Batch } from './batch.ts'
import { checkBatch, continues, type BatchCheck } from './check-batch.ts'
import { encodeEnvelopeStart, finishHeader, headerBytes } from './envelope.ts'
import { encodeHead, headSignatureInput, maxBatchEntries, type ReplicaHead } from './head.ts'

const account = 'sip:alice@example.org'
const device = new Uint8Array(16).fill(0xd1)
const zeros = new Uint8Array(32)
const hash = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(bytes).digest())
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const publicBytes = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
const check: BatchCheck = {
  account,
  keyOf: (id) => (Buffer.compare(id, device) === 0 ? publicBytes : null),
  crypto: { hash, verify: (_key, message, signature) => verify(null, message, publicKey, signature) },
}

interface Making {
  readonly bodies?: readonly Uint8Array[]
  readonly from?: { readonly seq: number; readonly hash: Uint8Array }
  readonly head?: Partial<ReplicaHead>
  readonly key?: KeyObject
}

function make({ bodies = [Uint8Array.of(1, 2, 3)], from = { seq: 0, hash: zeros }, ...more }: Making = {}): Batch {
  let previous = from.hash
  const envelopes = bodies.map((body, index) => {
    const seq = from.seq + 1 + index
    const start = encodeEnvelopeStart({ device, seq, epoch: 1, salt: hash(Uint8Array.of(index)), previous })
    const header = finishHeader(start, hash(body))
    previous = hash(header)
    return { header, body }
  })
  const seq = from.seq + bodies.length
  const said = { version: 1, account, device, seq, hash: previous, count: bodies.length, epoch: 1, at: 1, frontier: [] }
  const head = encodeHead({ ...said, ...more.head } as ReplicaHead)
  const signature = Uint8Array.from(sign(null, headSignatureInput(head), more.key ?? privateKey))
  return { head, signature, envelopes }
}

/** The same bytes but for one. */
const changed = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))

const fault = (batch: Batch): string => {
  const checked = checkBatch(encodeBatch(batch), check)
  return checked.ok ? 'none' : checked.error
}

describe('batches', () => {
  it('are read as they were written, bodies that are gone too', () => {
    const batch = make({ bodies: [Uint8Array.of(), new Uint8Array(3000).fill(7), Uint8Array.of(9)] })
    const some = { ...batch, envelopes: batch.envelopes.map((one, i) => (i === 1 ? { ...one, body: null } : one)) }
    for (const each of [batch, some]) expect(decodeBatch(encodeBatch(each))).toEqual(each)
  })

  it('throw their own errors, and no others, for any bytes', () => {
    const whole = encodeBatch(make({ bodies: [Uint8Array.of(1), Uint8Array.of(2)] }))
    const damaged = fc
      .record({ at: fc.nat(whole.length - 1), byte: fc.nat(255), end: fc.nat(whole.length) })
      .map(({ at, byte, end }) => whole.with(at, byte).subarray(0, end))
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 400 })), (bytes) => {
        try {
          expect(encodeBatch(decodeBatch(bytes))).toEqual(Uint8Array.from(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('hold as many envelopes as a head can sign', () => {
    const bodies = Array.from({ length: maxBatchEntries + 1 }, (_, i) => Uint8Array.of(i & 255))
    expect(fault(make({ bodies: bodies.slice(1) }))).toBe('none')
    expect(() => encodeBatch({ ...make(), envelopes: [] })).toThrow('bad-count')
    const many = make().envelopes.concat(bodies.map(() => ({ header: new Uint8Array(headerBytes), body: null })))
    expect(() => encodeBatch({ ...make(), envelopes: many })).toThrow('bad-count')
  })
})

describe('a batch holds', () => {
  it('when its device signed where its headers lead', () => {
    const first = checkBatch(encodeBatch(make()), check)
    expect(first).toMatchObject({ ok: true, value: { from: { seq: 0 }, head: { seq: 1 } } })
    if (!first.ok) return
    expect([continues(first.value, null), continues(first.value, { seq: 1, hash: zeros })]).toEqual([true, false])
    const from = { seq: 1, hash: first.value.head.hash }
    const second = checkBatch(encodeBatch(make({ from, bodies: [Uint8Array.of(4), Uint8Array.of(5)] })), check)
    expect(second.ok && continues(second.value, from)).toBe(true)
    expect(second.ok && continues(second.value, { seq: 1, hash: zeros })).toBe(false)
    expect(second.ok && continues(second.value, null)).toBe(false)
  })

  it('without a body that its writer has erased, but not with another in its place', () => {
    const batch = make({ bodies: [Uint8Array.of(1), Uint8Array.of(2)] })
    const put = (body: Uint8Array | null): Batch => ({
      ...batch,
      envelopes: batch.envelopes.map((envelope, index) => (index === 0 ? { ...envelope, body } : envelope)),
    })
    expect(fault(put(null))).toBe('none')
    expect(fault(put(Uint8Array.of(3)))).toBe('wrong-body')
  })

  it('not when anything of it is another', () => {
    const batch = make({ bodies: [Uint8Array.of(1), Uint8Array.of(2)] })
    const [one, two] = batch.envelopes
    expect(fault(make({ head: { account: 'sip:eve@example.org' } }))).toBe('wrong-account')
    expect(fault(make({ head: { device: new Uint8Array(16) } }))).toBe('unknown-device')
    expect(fault(make({ key: generateKeyPairSync('ed25519').privateKey }))).toBe('bad-signature')
    expect(fault({ ...batch, signature: changed(batch.signature, 5) })).toBe('bad-signature')
    expect(fault(make({ head: { seq: 2 } }))).toBe('broken-chain')
    expect(fault(make({ head: { count: 2 } }))).toBe('broken-chain')
    expect(fault(make({ head: { hash: zeros } }))).toBe('broken-chain')
    expect(fault(make({ from: { seq: 0, hash: hash(zeros) } }))).toBe('broken-chain')
    expect(one && two && fault({ ...batch, envelopes: [two, one] })).toBe('broken-chain')
    expect(one && fault({ ...batch, envelopes: [one] })).toBe('broken-chain')
    expect(one && fault({ ...batch, envelopes: [{ ...one, header: changed(one.header, 40) }] })).toBe('broken-chain')
    expect(
      fault({ ...batch, envelopes: batch.envelopes.map((each) => ({ ...each, header: each.header.with(0, 9) })) }),
    ).toBe('malformed')
  })
})
