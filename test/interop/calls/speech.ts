/** Sound that is easy to find again: seeded words of three chirps each, in the band of a telephone. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { correlationPeaks } from './correlation.ts'

/** Hz; every sound here is sampled at this rate. */
export const sampleRate = 8000

const chirpSamples = 900
const chirpsPerWord = 3
const pauseSamples = 400
const wordSamples = chirpsPerWord * chirpSamples
export const wordsPerVoice = 8
/** Listened to at a time: every word twice, and a power of two for the transform. */
export const listenedSamples = 60_000
const lowest = 350
const highest = 3000
/** Of full scale. */
const loudness = 0.45
/** Peak of the normalised correlation that counts as heard; words of another voice stay far below. */
const likeness = 0.6

/** Samples from −1 to 1. */
export type Sound = Float64Array

/** The words of one voice, about 3 s. */
export function speechOf(voice: string): Sound {
  const random = new SeededRandom(voice)
  const sound = new Float64Array(wordsPerVoice * (wordSamples + pauseSamples))
  for (let word = 0; word < wordsPerVoice; word += 1)
    for (let chirp = 0; chirp < chirpsPerWord; chirp += 1)
      writeChirp(sound, word * (wordSamples + pauseSamples) + chirp * chirpSamples, random)
  return sound
}

function writeChirp(sound: Sound, at: number, random: SeededRandom): void {
  const hertz = (): number => lowest + random.unit() * (highest - lowest)
  const [from, to] = [hertz(), hertz()]
  for (let n = 0; n < chirpSamples; n += 1) {
    const x = n / chirpSamples
    const phase = (2 * Math.PI * (from * n + ((to - from) * n * x) / 2)) / sampleRate
    sound[at + n] = loudness * Math.sin(Math.PI * x) * Math.sin(phase)
  }
}

/** How many different words of `voice` are in a recording. Takes its time: see `countWords`. */
export function wordsHeard(voice: string, recording: Sound): number {
  const speech = speechOf(voice)
  const said = Array.from({ length: wordsPerVoice }, (_, word) => {
    const at = word * (wordSamples + pauseSamples)
    return speech.subarray(at, at + wordSamples)
  })
  const heard = new Set<number>()
  for (let at = 0; at === 0 || at + wordSamples < recording.length; at += listenedSamples - wordSamples)
    for (const [word, peak] of correlationPeaks(said, recording.subarray(at, at + listenedSamples)).entries())
      if (peak >= likeness) heard.add(word)
  return heard.size
}

/** Writes 16-bit mono; `times` says it again and again. */
export function writeWav(path: string, sound: Sound, times = 1): void {
  const data = Buffer.alloc(sound.length * 2 * times)
  for (let n = 0; n < sound.length * times; n += 1)
    data.writeInt16LE(Math.round((sound[n % sound.length] ?? 0) * 32_767), 2 * n)
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + data.length, 4)
  head.write('WAVEfmt ', 8)
  for (const [at, value] of [16, 1 | (1 << 16), sampleRate, sampleRate * 2, 2 | (16 << 16)].entries())
    head.writeUInt32LE(value, 16 + 4 * at)
  head.write('data', 36)
  head.writeUInt32LE(data.length, 40)
  writeFileSync(path, Buffer.concat([head, data]))
}

/** Reads 16-bit samples at 8 kHz, the first channel; null while the head of the file is not written. */
export function readWav(path: string): Sound | null {
  if (!existsSync(path)) return null
  const bytes = readFileSync(path)
  const data = bytes.indexOf('data', 12, 'latin1')
  if (data < 0) return null
  return samplesIn(bytes.subarray(data + 8), { channels: bytes.readUInt16LE(22), rate: bytes.readUInt32LE(24) })
}

/** Reads the samples of a mono file whose head, 44 bytes, is written when it is whole. */
export function readGrowingWav(path: string, rate: number): Sound {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  return samplesIn(bytes.subarray(44), { channels: 1, rate })
}

function samplesIn(bytes: Buffer, { channels, rate }: { readonly channels: number; readonly rate: number }): Sound {
  const step = (channels * rate) / sampleRate
  const frames = Math.floor(bytes.length / (2 * step))
  return Float64Array.from({ length: frames }, (_, n) => bytes.readInt16LE(2 * Math.floor(n * step)) / 32_768)
}
