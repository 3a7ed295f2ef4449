import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '#shared/errors.ts'
import { SipStreamFramer, type FramedInput } from './framing.ts'
import { defaultParseLimits } from './parse.ts'

const message = (body: string, length = 'Content-Length') =>
  `MESSAGE sip:a@b SIP/2.0\r\nVia: x\r\n${length}: ${Buffer.byteLength(body)}\r\nTo: y\r\n\r\n${body}`

function collect(framer: SipStreamFramer, pieces: readonly Uint8Array[]): string[] {
  const inputs: FramedInput[] = pieces.flatMap((piece) => framer.push(piece))
  return inputs.map((input) => (input.kind === 'message' ? Buffer.from(input.bytes).toString() : input.kind))
}

describe('SipStreamFramer', () => {
  it('finds the same messages and pings however the stream is split', () => {
    const parts = [
      message('one\r\n\r\ntwo'),
      '\r\n\r\n',
      message('', 'l'),
      message('ü', 'L '),
      '\r\n\r\n\r\n\r\n',
      message('x', 'content-length'),
    ]
    const whole = Buffer.from(parts.join(''))
    const expected = [parts[0], 'ping', parts[2], parts[3], 'ping', 'ping', parts[5]]
    expect(collect(new SipStreamFramer('client'), [whole])).toEqual(expected)
    expect(
      collect(
        new SipStreamFramer('client'),
        [...whole].map((byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(expected)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 200 }), (sizes) => {
        const pieces: Uint8Array[] = []
        for (let at = 0, index = 0; at < whole.length; index += 1) {
          const size = sizes[index % sizes.length] ?? 1
          pieces.push(whole.subarray(at, at + size))
          at += size
        }
        expect(collect(new SipStreamFramer('client'), pieces)).toEqual(expected)
      }),
    )
  })

  it('reads a folded Content-Length and is not fooled by a body or a longer name', () => {
    const folded = 'A sip:a@b SIP/2.0\r\nContent-Length:\r\n 3\r\n\r\nabc'
    const decoy = 'A sip:a@b SIP/2.0\r\nX-Content-Length: 9\r\nX: a\r\n l: 7\r\nl:2\r\n\r\nok'
    expect(collect(new SipStreamFramer('client'), [Buffer.from(folded + decoy)])).toEqual([folded, decoy])
  })

  it('takes a single CRLF from a server for a pong', () => {
    expect(collect(new SipStreamFramer('server'), [Buffer.from('\r\n'), Buffer.from(`\r\n${message('')}`)])).toEqual([
      'pong',
      'pong',
      message(''),
    ])
  })

  it('gives up where the length cannot be known', () => {
    for (const [length, code] of [
      ['X: 1', 'sip-length-required'],
      ['l: -1', 'sip-content-length'],
      ['l: 1\r\nContent-Length: 2', 'sip-content-length'],
      ['l: 99999999999', 'sip-content-length'],
      ['l: 9999999999', 'sip-too-large'],
    ] as const) {
      const framer = new SipStreamFramer('client')
      expect(() => framer.push(Buffer.from(`A sip:a@b SIP/2.0\r\nVia: x\r\n${length}\r\n\r\n`))).toThrow(
        expect.objectContaining({ code }),
      )
    }
  })

  it('still gives the messages before a fault', () => {
    const framer = new SipStreamFramer('client')
    expect(collect(framer, [Buffer.from(`${message('ok')}JUNK\r\n\r\n`)])).toEqual([message('ok')])
    expect(framer.failure?.code).toBe('sip-length-required')
    expect(() => framer.push(Buffer.from('x'))).toThrow(ProtocolError)
  })

  it('holds no more than one head or message', () => {
    const framer = new SipStreamFramer('client', { ...defaultParseLimits, head: 1_000 })
    expect(() => {
      for (let turn = 0; turn < 100; turn += 1) framer.push(Buffer.alloc(100, 'x'))
    }).toThrow(ProtocolError)
  })

  it('stays linear when bytes drip', () => {
    const framer = new SipStreamFramer('client')
    const bytes = Buffer.from(message('x'.repeat(200_000)))
    const started = performance.now()
    let messages = 0
    for (const byte of bytes) messages += framer.push(Uint8Array.of(byte)).length
    expect([messages, performance.now() - started < 3_000]).toEqual([1, true])
  })
})
