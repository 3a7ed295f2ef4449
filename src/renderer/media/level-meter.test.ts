import { describe, expect, it } from 'vitest'
import { levelOf } from './level-meter.ts'

const tone = (amplitude: number): Float32Array => new Float32Array(480).map((_, at) => amplitude * Math.sin(at))

describe('level', () => {
  it('is nothing in silence, all at full scale, and grows between', () => {
    expect(levelOf(new Float32Array(480))).toBe(0)
    expect(levelOf(new Float32Array(0))).toBe(0)
    expect(levelOf(new Float32Array(480).fill(1))).toBe(1)
    expect(levelOf(tone(0.01))).toBeGreaterThan(0.2)
    expect(levelOf(tone(0.1))).toBeGreaterThan(levelOf(tone(0.01)))
  })
})
