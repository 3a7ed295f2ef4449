import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { groupLinkCode, parseLinkCode } from './link-code.ts'
import { drawQr, maxPictureSide, readQr, type QrDrawing, type QrPicture } from './qr-image.ts'
import { parseLinkQr, serializeLinkQr, type LinkQr } from './qr-payload.ts'

const random = new SeededRandom('qr')
const qr = (): LinkQr => ({
  slot: random.bytes(16),
  secret: random.bytes(32),
  keysHash: random.bytes(32),
  accountTag: random.bytes(16),
})

/** What a camera sees of a drawing: `scale` pixels a module, painted from its path. */
function paint({ size, path }: QrDrawing, scale: number): QrPicture {
  const side = size * scale
  const data = new Uint8Array(4 * side * side).fill(255)
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row++)
      for (let column = Number(x) * scale; column < (Number(x) + Number(width)) * scale; column++)
        data.fill(0, 4 * (row * side + column), 4 * (row * side + column) + 3)
  return { width: side, height: side, data }
}

describe('text of a link code', () => {
  it('is read as it was written', () => {
    const written = qr()
    expect(parseLinkQr(serializeLinkQr(written))).toEqual({ ok: true, value: written })
    expect(serializeLinkQr(written)).toHaveLength(13 + 128)
  })

  it.each([
    ['https://example.org', 'not-a-link'],
    ['', 'not-a-link'],
    [`sotto-link:1:${'A'.repeat(500)}`, 'not-a-link'],
    ['sotto-link:2:AAAA', 'newer-version'],
    ['sotto-link:x:AAAA', 'damaged'],
    [`sotto-link:1:${'A'.repeat(127)}`, 'damaged'],
    [`sotto-link:1:${'A'.repeat(128)}:x`, 'damaged'],
    [`sotto-link:1:${'A'.repeat(127)}!`, 'damaged'],
  ])('%s is refused as %s', (text, problem) => {
    expect(parseLinkQr(text)).toEqual({ ok: false, error: problem })
  })

  it('refuses fields of another length', () => {
    expect(() => serializeLinkQr({ ...qr(), slot: random.bytes(15) })).toThrow('damaged')
  })

  it('never throws for what strangers print', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(parseLinkQr(`sotto-link:1:${text}`).ok && text.length !== 128).toBe(false)
      }),
    )
  })
})

describe('picture of a link code', () => {
  it.each([2, 3, 5])('is read back from its drawing at %i pixels a module', (scale) => {
    const text = serializeLinkQr(qr())
    expect(readQr(paint(drawQr(text), scale))).toBe(text)
  })

  it('is not found where there is none', () => {
    expect(readQr({ width: 64, height: 64, data: new Uint8Array(4 * 64 * 64) })).toBeNull()
    expect(readQr({ width: 100, height: 100, data: random.bytes(40_000) })).toBeNull()
  })

  it.each([
    [0, 1, 0],
    [2, 2, 15],
    [1.5, 2, 12],
    [maxPictureSide + 1, 1, 4 * (maxPictureSide + 1)],
    [Number.NaN, 1, 4],
  ])('of %f by %f pixels in %i bytes is refused', (width, height, length) => {
    expect(readQr({ width, height, data: new Uint8Array(length) })).toBeNull()
  })

  it('with a text that is too long is refused', () => {
    expect(readQr(paint(drawQr('x'.repeat(401)), 3))).toBeNull()
  })
})

describe('typed code', () => {
  it('is eight digits, however they are grouped', () => {
    for (const typed of ['12345678', '1234 5678', ' 1234-5678 ']) expect(parseLinkCode(typed)).toBe('12345678')
    for (const typed of ['1234567', '123456789', '1234567a', '', '１２３４５６７８', ' '.repeat(99)])
      expect(parseLinkCode(typed)).toBeNull()
    expect(groupLinkCode('12345678')).toBe('1234 5678')
  })
})
