import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePage, encodePage } from './page.ts'
import { ProtocolError } from '../errors.ts'

const batch = fc.uint8Array({ minLength: 1, maxLength: 40 })

test('what is encoded is decoded, and the other way round', () => {
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 5 }), fc.boolean(), (batches, end) => {
      const bytes = encodePage({ batches, end })
      expect(decodePage(bytes)).toEqual({ batches, end })
      expect(encodePage(decodePage(bytes))).toEqual(bytes)
    }),
  )
})

test('the bytes of a page', () => {
  expect(Buffer.from(encodePage({ batches: [Uint8Array.of(7, 8)], end: true })).toString('hex')).toBe(
    '01000000020708ffffffff',
  )
  expect(Buffer.from(encodePage({ batches: [], end: false })).toString('hex')).toBe('0100000000')
})

test('a page that is cut off anywhere is refused', () => {
  const bytes = encodePage({ batches: [Uint8Array.of(1, 2, 3), Uint8Array.of(255, 255, 255, 255)], end: true })
  for (let length = 0; length < bytes.length; length += 1)
    expect(() => decodePage(bytes.subarray(0, length)), `${length}`).toThrow(ProtocolError)
})

test('any bytes are a page or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        expect(encodePage(decodePage(bytes))).toEqual(Uint8Array.from(bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
      }
    }),
  )
})
