import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { readWav, speechOf, wordsHeard, wordsPerVoice, writeWav } from './speech.ts'

const noise = (length: number, loudness: number): Float64Array => {
  const random = new SeededRandom('noise')
  return Float64Array.from({ length }, () => loudness * (random.unit() - 0.5))
}

it('finds a voice in its own recording, quieter, upside down, late and with noise', () => {
  const speech = speechOf('one')
  const recording = noise(speech.length + 3_000, 0.1)
  for (const [n, sample] of speech.entries()) recording[n + 1_234] = (recording[n + 1_234] ?? 0) - 0.3 * sample
  expect(wordsHeard('one', recording)).toBe(wordsPerVoice)
})

it('finds nothing of another voice, of noise, of silence', () => {
  expect(wordsHeard('two', speechOf('one'))).toBe(0)
  expect(wordsHeard('one', noise(40_000, 1))).toBe(0)
  expect(wordsHeard('one', new Float64Array(40_000))).toBe(0)
  expect(wordsHeard('one', new Float64Array(10))).toBe(0)
})

it('reads back what it wrote', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-wav-'))
  writeWav(join(folder, 'x.wav'), speechOf('one'), 2)
  const read = readWav(join(folder, 'x.wav'))
  rmSync(folder, { recursive: true })
  expect(read?.length).toBe(2 * speechOf('one').length)
  expect(wordsHeard('one', read ?? new Float64Array(0))).toBe(wordsPerVoice)
})
