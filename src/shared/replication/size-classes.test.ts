import { describe, expect, it } from 'vitest'
import { maxEntryBytes } from '../model/limits.ts'
import { lengthBytes, maxBodyBytes, maxContentBytes, pad, sizeClass, unpad } from './size-classes.ts'

const badPadding: unknown = expect.objectContaining({ code: 'bad-padding' })

describe('size classes', () => {
  it.each([
    [0, 256],
    [256, 256],
    [257, 512],
    [65_535, 65_536],
    [65_537, 67_584],
    [100_000, 100_352],
    [1_000_000, 1_015_808],
    [4_200_000, 4_325_376],
  ])('%i bytes become %i', (bytes, size) => {
    expect(sizeClass(bytes)).toBe(size)
    expect(sizeClass(size)).toBe(size)
  })

  it('never shrink, never grow by more than 12 % beyond the doubling, and keep their order', () => {
    let before = 0
    for (let bytes = 1; bytes < 5_000_000; bytes += 997) {
      const size = sizeClass(bytes)
      expect(size).toBeGreaterThanOrEqual(Math.max(bytes, before))
      if (bytes > 65_536) expect(size / bytes).toBeLessThan(1.12)
      before = size
    }
  })

  it('are few: texts of any length up to 64 KiB have nine', () => {
    expect(new Set(Array.from({ length: 65_537 }, (_, bytes) => sizeClass(bytes))).size).toBe(9)
  })
})

describe('padding', () => {
  it.each([0, 1, 251, 252, 253, 70_000])('gives %i bytes back', (length) => {
    const content = Uint8Array.from({ length }, (_, i) => i + 1)
    expect(unpad(pad(content))).toEqual(content)
  })

  it('has one form only', () => {
    const padded = pad(Uint8Array.of(1, 2, 3))
    for (const [change, at] of [
      [1, padded.length - 1],
      [1, lengthBytes + 3],
      [0xff, 0],
    ] as const) {
      const damaged = Uint8Array.from(padded)
      damaged[at] = change
      expect(() => unpad(damaged), `byte ${at}`).toThrow(badPadding)
    }
    expect(() => unpad(padded.subarray(0, 255))).toThrow(badPadding)
    expect(() => unpad(padded.subarray(0, 3))).toThrow(badPadding)
    const roomy = new Uint8Array(512)
    roomy.set(padded)
    expect(() => unpad(roomy)).toThrow(badPadding)
  })
})

it('says the longest content whose body fits, tag and all', () => {
  const tagBytes = 16
  const sealed = (length: number): number => pad(new Uint8Array(length)).length + tagBytes
  expect(sealed(maxContentBytes)).toBeLessThanOrEqual(maxBodyBytes)
  expect(sealed(maxContentBytes + 1)).toBeGreaterThan(maxBodyBytes)
  expect(maxContentBytes).toBeGreaterThanOrEqual(maxEntryBytes)
})
