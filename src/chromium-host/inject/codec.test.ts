import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeClone, encodeClone } from './codec.ts'

const roundTrip = (value: unknown): unknown => decodeClone(encodeClone(value))

describe('clone codec', () => {
  it('gives back what it took', () => {
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: false,
      maxDepth: 4,
    })
    fc.assert(
      fc.property(value, (given) => {
        expect(roundTrip(given)).toEqual(given)
      }),
    )
  })

  it('keeps what JSON loses', () => {
    expect(Object.is(roundTrip(-0), -0)).toBe(true)
    expect(roundTrip([undefined, Number.NaN, 2n ** 70n])).toEqual([undefined, Number.NaN, 2n ** 70n])
    expect(roundTrip({ $: 'b', t: 'Uint8Array', v: '' })).toEqual({ $: 'b', t: 'Uint8Array', v: '' })
    expect(roundTrip(new Uint8Array([1, 2]).subarray(1))).toEqual(new Uint8Array([2]))
    const error = roundTrip(Object.assign(new TypeError('no'), { code: 'denied', secret: 1 })) as Error & object
    expect([error.name, error.message, Object.entries(error)]).toEqual(['TypeError', 'no', [['code', 'denied']]])
  })

  it('does not let a message reach a prototype', () => {
    const decoded = decodeClone('{"__proto__":{"polluted":true}}') as Record<string, unknown>
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
    expect(decoded.polluted).toBeUndefined()
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it.each([() => 1, Symbol('s'), { deep: [Promise.resolve()] }])('refuses %s', (value) => {
    expect(() => encodeClone(value)).toThrow('could not be cloned')
  })

  it('refuses cycles and bottomless nesting', () => {
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    expect(() => encodeClone(cyclic)).toThrow('could not be cloned')
    expect(() => decodeClone('['.repeat(1000) + ']'.repeat(1000))).toThrow('too deep')
  })

  it('survives any text: a value or an Error, never a hang', () => {
    const tag = fc.constantFrom('u', 'n', 'i', 'b', 'd', 'e', 'm', 's', 'o', 'x', null, 5)
    const hostile = fc.record({ $: tag, v: fc.jsonValue(), t: fc.jsonValue(), n: fc.jsonValue(), m: fc.jsonValue() })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          hostile.map((tree) => JSON.stringify(tree)),
        ),
        (text) => {
          try {
            decodeClone(text)
          } catch (error) {
            expect(error).toBeInstanceOf(Error)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})
