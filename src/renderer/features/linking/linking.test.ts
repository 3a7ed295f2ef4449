import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawQr, type QrPicture, readQr } from '#shared/linking/qr-image.ts'
import { codeDigits, groupCode, remainingText, spellCode } from './code-digits.ts'

describe('the digits of a code', () => {
  it('are read however they were typed, and never more than eight', () => {
    expect(codeDigits('4071 8253')).toBe('40718253')
    expect(codeDigits(' 40-71.82 53 99')).toBe('40718253')
    expect(codeDigits('four')).toBe('')
  })

  it('stand in two groups, and are what they were when read back', () => {
    expect(groupCode('4071')).toBe('4071')
    expect(groupCode('40718')).toBe('4071 8')
    fc.assert(fc.property(fc.stringMatching(/^[0-9]{0,8}$/), (digits) => codeDigits(groupCode(digits)) === digits))
  })

  it('are spelled one by one with a rest between', () => {
    expect(spellCode('40718253')).toBe('4 0 7 1, 8 2 5 3')
  })

  it('are valid for minutes and seconds', () => {
    expect([120, 65.2, 9, 0, -3].map(remainingText)).toEqual(['2:00', '1:06', '0:09', '0:00', '0:00'])
  })
})

/** As long as a real one. */
const text = `sotto-link:1:${'aZ09-_Qx'.repeat(16)}`

/** Where in a pixel its colour is taken: a camera has no hard edges. */
const samples = [0.25, 0.75].flatMap((x) => [0.25, 0.75].map((y) => [x, y] as const))

/** The picture as a camera sees it: `scale` pixels a module, turned by `degrees` about its middle, on white. */
function picture(scale: number, degrees = 0): QrPicture {
  const { size, path } = drawQr(text)
  const dark = new Set(
    [...path.matchAll(/M(\d+) (\d+)h(\d+)/g)].flatMap(([, x, y, run]) =>
      Array.from({ length: Number(run) }, (_, at) => `${Number(x) + at} ${y}`),
    ),
  )
  const across = Math.ceil(size * scale * Math.SQRT2)
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
  const isDark = (x: number, y: number): boolean => {
    const [dx, dy] = [x - across / 2, y - across / 2]
    const [mx, my] = [(dx * cos + dy * sin) / scale + size / 2, (dy * cos - dx * sin) / scale + size / 2]
    return dark.has(`${Math.floor(mx)} ${Math.floor(my)}`)
  }
  const data = new Uint8ClampedArray(across * across * 4).fill(255)
  for (let at = 0; at < across * across; at++) {
    const [x, y] = [at % across, Math.floor(at / across)]
    const darkness = samples.filter(([ox, oy]) => isDark(x + ox, y + oy)).length / samples.length
    data.fill(255 * (1 - darkness), at * 4, at * 4 + 3)
  }
  return { width: across, height: across, data }
}

/** Numbers in [0, 1) that are the same in every run (Lehmer). */
function numbers(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

describe('a QR code', () => {
  // On the very diagonal the library may miss it; nobody holds a device so for long.
  it.each([5, 17, 33, 60, 90, 128, 180, 271])('is read when it is turned by %i degrees', (degrees) => {
    expect(readQr(picture(5, degrees))).toBe(text)
  })

  it('is read through noise on every pixel and some that are lost', () => {
    const noisy = picture(6)
    const random = numbers(7)
    for (let at = 0; at < noisy.data.length; at += 4) {
      const grey = random() < 0.002 ? 128 : noisy.data[at]! + (random() - 0.5) * 120
      for (const channel of [0, 1, 2]) noisy.data[at + channel] = Math.max(0, Math.min(255, grey))
    }
    expect(readQr(noisy)).toBe(text)
  })
})
