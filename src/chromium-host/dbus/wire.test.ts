import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage, lengthOfMessage, messageTypes } from './message.ts'
import { DbusError, WireReader, WireWriter } from './wire.ts'

function roundTrip(signature: string, values: readonly unknown[]): unknown[] {
  const writer = new WireWriter()
  writer.writeAll(signature, values)
  return new WireReader(writer.finish()).readAll(signature)
}

/** The Hello call, as dbus-daemon's own library sends it. */
const hello = {
  type: messageTypes.call,
  serial: 1,
  noReply: false,
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'Hello',
  destination: 'org.freedesktop.DBus',
  body: [],
}

describe('D-Bus wire', () => {
  it('carries every type it knows', () => {
    const values = [
      [7, true, -2, 40_000, -5, 5, -9n, 9n, 0.5],
      ['text ü', '/path', 'a{sv}'],
      [
        [1, Buffer.of(1, 2, 3)],
        [2, Buffer.alloc(0)],
      ],
      [['key', { signature: '(ii)', value: [1, 2] }]],
    ]
    expect(roundTrip('(ybnqiuxtd)(sog)a(iay)a{sv}', values)).toEqual(values)
  })

  it('grows with what it is given', () => {
    const list = Array.from({ length: 1000 }, (_, index) => [index, 'x'.repeat(index % 100)])
    expect(roundTrip('a(is)', [list])).toEqual([list])
  })

  it('aligns as the specification says', () => {
    const writer = new WireWriter()
    writer.writeAll('yat', [1, [2n]])
    expect(writer.finish().toString('hex')).toBe('01000000' + '08000000' + '0200000000000000')
  })

  it('keeps a message whole', () => {
    const bytes = encodeMessage(hello)
    expect(lengthOfMessage(bytes)).toBe(bytes.length)
    expect(decodeMessage(bytes)).toEqual(hello)
  })

  it.each(['a', '(i', 'a{s', 'z', 'i)', '{', 'a()', 'a'.repeat(300)])('refuses the signature %s', (signature) => {
    expect(() => roundTrip(signature, [[]])).toThrow(DbusError)
  })

  it('takes any bytes without harm', () => {
    const signature = fc.constantFrom('a{sv}', '(ia{sv}av)', 'v', 'aay', 'sog', 'ad', 'a(yv)')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), signature, (bytes, types) => {
        try {
          new WireReader(Buffer.from(bytes)).readAll(types)
        } catch (error) {
          expect(error).toBeInstanceOf(DbusError)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('takes any damaged message without harm', () => {
    const whole = encodeMessage({ ...hello, signature: 'sa{sv}', body: ['x', [['k', { signature: 's', value: 'v' }]]] })
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const damaged = Buffer.from(whole)
        damaged.writeUInt8(byte, at)
        try {
          decodeMessage(damaged.subarray(0, length))
        } catch (error) {
          expect(error).toBeInstanceOf(DbusError)
        }
      }),
      { numRuns: 3000 },
    )
  })
})
