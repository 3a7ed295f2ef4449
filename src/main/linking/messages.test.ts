/** What strangers may send, and in which order: codecs, pieces and both machines. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '#shared/bytes/bytes.ts'
import { encodeCanonical } from '#shared/bytes/canonical-cbor.ts'
import { ProtocolError } from '#shared/errors.ts'
import { maxPieceBytes } from '#shared/linking/rendezvous.ts'
import { keysOf } from '#test/fakes/drawn-chain.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { decodeToNew, decodeToOld, encodeMessage, type ToNew, type ToOld } from './link-messages.ts'
import { cutMessage, maxMessageBytes, MessageParts } from './message-parts.ts'
import { newDeviceStart, stepNewDevice, type NewDeviceEvent } from './new-device-machine.ts'
import { oldDeviceStart, stepOldDevice, type OldDeviceEvent } from './old-device-machine.ts'
import type { LinkParcel } from './parcel.ts'
import { maxPieceContent, openPiece, sealPiece } from './sealed-piece.ts'
import { decodeToSink, decodeToSource } from './transfer-messages.ts'

const random = new SeededRandom('messages')
const key = random.bytes(32)

/** The code of what `decode` refuses with; `ok` when it takes it. */
function codeOf(decode: () => unknown): string {
  try {
    decode()
    return 'ok'
  } catch (error) {
    if (error instanceof ProtocolError) return String(error.code)
    throw error
  }
}

describe('messages', () => {
  it('of strangers are refused by code, whatever they are', () => {
    const shapes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.jsonValue().map((value: unknown) => encodeCanonical(value)),
      fc
        .record({ kind: fc.constantFrom('hello', 'cosign', 'parcel', 'page', 'want', 'stop'), want: fc.uint8Array() })
        .map((value) => encodeCanonical(value)),
    )
    for (const decode of [decodeToOld, decodeToNew, decodeToSink, decodeToSource])
      fc.assert(fc.property(shapes, (bytes) => codeOf(() => decode(bytes)) !== 'ok'))
  })

  it('are read as they were written', () => {
    const hello: ToOld = { kind: 'hello', at: 5, keys: keysOf('A') }
    expect(decodeToOld(encodeMessage(hello))).toEqual(hello)
    const cosign: ToNew = { kind: 'cosign', body: random.bytes(300) }
    expect(decodeToNew(encodeMessage(cosign))).toEqual(cosign)
  })

  it.each([0, 1, maxPieceContent - 1, maxPieceContent, 3 * maxPieceContent])(
    'of %i bytes come whole in parts',
    (size) => {
      const message = new Uint8Array(size).fill(7)
      const parts = new MessageParts()
      const whole = cutMessage(message).map((part) => parts.add(part))
      expect(whole.slice(0, -1).every((each) => each === null)).toBe(true)
      expect(Buffer.from(whole.at(-1)!).equals(message)).toBe(true)
    },
  )

  it('in parts out of place are refused, and passed over where reading may begin anywhere', () => {
    const [first, middle, last] = [Uint8Array.of(3, 1), Uint8Array.of(1, 2), Uint8Array.of(0, 3)]
    expect(codeOf(() => new MessageParts().add(middle))).toBe('bad-part')
    expect(codeOf(() => new MessageParts().add(Uint8Array.of(4)))).toBe('bad-part')
    expect(codeOf(() => new MessageParts().add(new Uint8Array()))).toBe('bad-part')
    const parts = new MessageParts({ mayBeginAnywhere: true })
    expect([middle, last, first, middle, last].map((part) => parts.add(part)?.length ?? null)).toEqual([
      ...[null, null, null, null],
      3,
    ])
    parts.add(first)
    expect(codeOf(() => parts.add(first))).toBe('bad-part')
  })

  it('without end are refused', () => {
    const parts = new MessageParts()
    const part = concatBytes(Uint8Array.of(1), new Uint8Array(maxPieceContent - 1))
    const first = Uint8Array.from(part)
    first[0] = 3
    parts.add(first)
    const rest = Math.ceil(maxMessageBytes / maxPieceContent)
    expect(codeOf(() => Array.from({ length: rest }, () => parts.add(part)))).toBe('too-large')
  })
})

describe('pieces', () => {
  it('open under their key and number only, and unchanged', () => {
    const sealed = sealPiece(key, 4, random.bytes(100), random)
    expect(codeOf(() => openPiece(key, 4, sealed))).toBe('ok')
    expect(codeOf(() => openPiece(key, 5, sealed))).toBe('not-sealed')
    expect(codeOf(() => openPiece(random.bytes(32), 4, sealed))).toBe('not-sealed')
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed)
      changed[at] = changed[at]! ^ 1
      expect(
        codeOf(() => openPiece(key, 4, changed)),
        `byte ${at}`,
      ).toBe('not-sealed')
    }
    for (const length of [0, 1, 47, 48, sealed.length - 1])
      expect(codeOf(() => openPiece(key, 4, sealed.subarray(0, length)))).toBe('not-sealed')
  })

  it('fit what the server takes, and hide small differences', () => {
    expect(sealPiece(key, 0, new Uint8Array(maxPieceContent), random).length).toBeLessThanOrEqual(maxPieceBytes)
    const lengths = [1, 100, 200].map((size) => sealPiece(key, 0, new Uint8Array(size), random).length)
    expect(new Set(lengths).size).toBe(1)
  })
})

describe('the machines, whatever comes in whatever order', () => {
  const parcel = { links: [] } as unknown as LinkParcel
  const newEvents: fc.Arbitrary<NewDeviceEvent> = fc.constantFrom<NewDeviceEvent>(
    { kind: 'message', message: { kind: 'cosign', body: new Uint8Array(1) } },
    { kind: 'message', message: { kind: 'parcel', ...parcel } },
    { kind: 'message', message: { kind: 'stop', reason: 'failed' } },
    { kind: 'signed', signature: new Uint8Array(64) },
    { kind: 'taken' },
    { kind: 'failed', code: 'disk-full' },
  )
  const hello = { kind: 'hello', at: 0, keys: keysOf('A') } as const
  const oldEvents: fc.Arbitrary<OldDeviceEvent> = fc.constantFrom<OldDeviceEvent>(
    { kind: 'message', message: hello, now: 0 },
    { kind: 'message', message: { kind: 'signature', signature: new Uint8Array(64) }, now: 0 },
    { kind: 'message', message: { kind: 'taken' }, now: 0 },
    { kind: 'message', message: { kind: 'stop', reason: 'cancelled' }, now: 0 },
    { kind: 'confirmed' },
    { kind: 'cosign', body: new Uint8Array(1) },
    { kind: 'added', parcel },
    { kind: 'failed', code: 'cancelled' },
  )

  it('the new device takes one parcel, after it has signed, and ends once', () => {
    fc.assert(
      fc.property(fc.array(newEvents, { maxLength: 25 }), (events) => {
        let state = newDeviceStart
        const done: string[] = []
        for (const event of events) {
          const step = stepNewDevice(state, event)
          state = step.state
          for (const effect of step.effects) done.push(effect.kind)
        }
        const takenAt = done.indexOf('take')
        if (takenAt >= 0) expect(done.slice(0, takenAt)).toContain('sign')
        expect(done.filter((kind) => kind === 'take').length).toBeLessThanOrEqual(1)
        expect(done.filter((kind) => kind === 'finish' || kind === 'fail').length).toBeLessThanOrEqual(1)
        expect(done.filter((kind) => kind === 'sign').length).toBeLessThanOrEqual(8)
        if (done.includes('finish')) expect(done).toContain('take')
      }),
    )
  })

  it('the old device adds and hands over only after the person’s yes', () => {
    fc.assert(
      fc.property(fc.array(oldEvents, { maxLength: 25 }), (events) => {
        let state = oldDeviceStart
        const done: string[] = []
        for (const event of events) {
          const step = stepOldDevice(state, event)
          if (event.kind === 'confirmed' && state.phase === 'asking') done.push('yes')
          state = step.state
          for (const effect of step.effects)
            done.push(effect.kind === 'send' ? `send ${effect.message.kind}` : effect.kind)
        }
        for (const kind of ['add', 'send cosign', 'send parcel']) {
          const at = done.indexOf(kind)
          if (at >= 0) expect(done.slice(0, at)).toContain('yes')
        }
        if (done.includes('yes')) expect(done.slice(0, done.indexOf('yes'))).toContain('ask')
        if (done.includes('finish')) expect(done).toContain('send parcel')
        expect(done.filter((kind) => kind === 'finish' || kind === 'fail').length).toBeLessThanOrEqual(1)
      }),
    )
  })
})
