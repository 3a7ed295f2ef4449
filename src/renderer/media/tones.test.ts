import { describe, expect, it } from 'vitest'
import { lengthOf, patterns, schedule } from './tones.ts'

describe('tones', () => {
  it.each(Object.entries(patterns))('%s is over before it comes again, and modest', (_name, pattern) => {
    if (pattern.period > 0) expect(lengthOf(pattern)).toBeLessThan(pattern.period)
    expect(pattern.volume).toBeGreaterThan(0)
    expect(pattern.volume).toBeLessThanOrEqual(0.2)
  })

  it('begin and end at silence, when they are due', () => {
    const gains: [number, number][] = []
    const sounded: [number, number][] = []
    const note = (value: number, at: number): void => void gains.push([value, at])
    const node = { connect: () => undefined }
    const context = {
      createGain: () => ({ ...node, gain: { setValueAtTime: note, linearRampToValueAtTime: note } }),
      createOscillator: () => {
        let from = 0
        return {
          ...{ ...node, frequency: { value: 0 }, start: (at: number) => (from = at) },
          stop: (at: number) => sounded.push([from, at]),
        }
      },
    }
    schedule(context as never, node as never, patterns.ringback, 10)
    expect(sounded).toEqual([[10, 11]])
    expect(gains.at(0)).toEqual([0, 10])
    expect(gains.at(-1)).toEqual([0, 11])
    expect(Math.max(...gains.map(([value]) => value))).toBe(patterns.ringback.volume)
  })
})
