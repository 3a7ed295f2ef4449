import { p256 } from '@noble/curves/nist.js'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '#shared/bytes/bytes.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { Spake2, spake2Secret, startSpake2 } from './spake2.ts'

type Field = 'A' | 'B' | 'w' | 'x' | 'y' | 'pA' | 'pB' | 'Ke' | 'cA' | 'cB'
const vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/spake2/rfc9382-b.json', import.meta.url), 'utf8'),
) as Readonly<Record<Field, string>>[]

const { Point } = p256
const names = { a: utf8('new'), b: utf8('old') }
const random = new SeededRandom('spake2')
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const number = (text: string): bigint => BigInt(`0x${text}`)

function bothEnds(digitsA: string, digitsB: string, contextB = 'context') {
  const a = startSpake2('A', names, spake2Secret(utf8(digitsA), utf8('context')), random)
  const b = startSpake2('B', names, spake2Secret(utf8(digitsB), utf8(contextB)), random)
  return { atA: a.finish(b.message), atB: b.finish(a.message) }
}

describe('SPAKE2', () => {
  it.each(vectors)('RFC 9382 B, A="$A", B="$B"', (v) => {
    const of = { a: utf8(v.A), b: utf8(v.B) }
    const a = new Spake2('A', of, { w: number(v.w), scalar: number(v.x) })
    const b = new Spake2('B', of, { w: number(v.w), scalar: number(v.y) })
    expect([toHex(a.message), toHex(b.message)]).toEqual([v.pA, v.pB])
    const [atA, atB] = [a.finish(b.message), b.finish(a.message)]
    expect([toHex(atA.key), toHex(atB.key)]).toEqual([v.Ke, v.Ke])
    expect([toHex(atA.ownConfirmation), toHex(atB.ownConfirmation)]).toEqual([v.cA, v.cB])
    atA.checkConfirmation(hex(v.cB))
    atB.checkConfirmation(hex(v.cA))
  })

  it('gives both ends one key for the same digits, and another one each time', () => {
    const [first, second] = [bothEnds('12345678', '12345678'), bothEnds('12345678', '12345678')]
    expect(first.atA.key).toEqual(first.atB.key)
    first.atA.checkConfirmation(first.atB.ownConfirmation)
    first.atB.checkConfirmation(first.atA.ownConfirmation)
    expect(second.atA.key).not.toEqual(first.atA.key)
  })

  it.each([
    ['other digits', bothEnds('12345678', '12345679')],
    ['another context', bothEnds('12345678', '12345678', 'another')],
  ])('refuses at both ends after %s', (_what, { atA, atB }) => {
    expect(() => atA.checkConfirmation(atB.ownConfirmation)).toThrow('wrong-confirmation')
    expect(() => atB.checkConfirmation(atA.ownConfirmation)).toThrow('wrong-confirmation')
  })

  it('does not take its own confirmation for the other one', () => {
    const { atA } = bothEnds('12345678', '12345678')
    expect(() => atA.checkConfirmation(atA.ownConfirmation)).toThrow('wrong-confirmation')
  })

  it('binds the confirmation to what else both must mean alike', () => {
    const w = spake2Secret(utf8('12345678'), utf8('context'))
    const a = startSpake2('A', { ...names, aad: utf8('one') }, w, random)
    const b = startSpake2('B', { ...names, aad: utf8('two') }, w, random)
    const [atA, atB] = [a.finish(b.message), b.finish(a.message)]
    expect(() => atA.checkConfirmation(atB.ownConfirmation)).toThrow('wrong-confirmation')
  })

  it('refuses what is no point of the curve', () => {
    const v = vectors[0]!
    const a = new Spake2('A', names, { w: number(v.w), scalar: number(v.x) })
    const offCurve = hex(v.pB)
    offCurve[64] = offCurve[64]! ^ 1
    const n = hex('03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49')
    for (const bytes of [offCurve, new Uint8Array(65), Uint8Array.of(0), new Uint8Array(), hex(v.pB).subarray(1), n])
      expect(() => a.finish(bytes), toHex(bytes)).toThrow('bad-point')
  })

  it('refuses the point that would make the key known: w·N alone', () => {
    // With scalar 0 the message of B would be w·N; made here as pB − y·P.
    const v = vectors[0]!
    const a = new Spake2('A', names, { w: number(v.w), scalar: number(v.x) })
    expect(() => a.finish(pointWithoutScalar(v.pB, v.y))).toThrow('bad-point')
  })
})

function pointWithoutScalar(pB: string, y: string): Uint8Array {
  const whole = Point.fromHex(pB)
  return whole.subtract(Point.BASE.multiply(number(y))).toBytes(false)
}
