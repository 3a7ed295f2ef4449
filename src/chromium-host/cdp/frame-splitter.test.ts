import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameSplitter } from './frame-splitter.ts'

describe('FrameSplitter', () => {
  it('gives the same messages however the stream is cut', () => {
    const text = fc.string({ unit: 'binary' }).map((given) => given.replaceAll('\0', ''))
    fc.assert(
      fc.property(fc.array(text), fc.array(fc.nat(50)), (messages, cuts) => {
        const stream = Buffer.from(messages.map((message) => `${message}\0`).join(''))
        const expected = messages.map((message) => Buffer.from(message).toString())
        const splitter = new FrameSplitter()
        const found: string[] = []
        let at = 0
        for (const cut of [...cuts, stream.length]) {
          found.push(...splitter.push(stream.subarray(at, at + cut)))
          at = Math.min(at + cut, stream.length)
        }
        expect(found).toEqual(expected)
      }),
    )
  })

  it('takes a message byte by byte', () => {
    const splitter = new FrameSplitter()
    const found = [...Buffer.from('{"a":"ü"}\0')].flatMap((byte) => splitter.push(Buffer.of(byte)))
    expect(found).toEqual(['{"a":"ü"}'])
  })

  it('refuses to hold more than its limit', () => {
    const splitter = new FrameSplitter(10)
    splitter.push(Buffer.alloc(10, 1))
    expect(() => splitter.push(Buffer.alloc(1, 1))).toThrow(RangeError)
  })
})
