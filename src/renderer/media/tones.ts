/** What rings and beeps, as notes; made by the computer, so that no file is fetched. */

/** One note of a pattern. */
export interface Note {
  /** From the start of the pattern, s. */
  readonly at: number
  readonly seconds: number
  /** Sounded together, Hz. */
  readonly frequencies: readonly number[]
}

/** Notes that come again every `period` seconds; 0 = once. */
export interface Pattern {
  readonly notes: readonly Note[]
  readonly period: number
  /** 0…1 of full scale. */
  readonly volume: number
}

export type Tone = 'incoming' | 'waiting' | 'ringback' | 'test'

const chime = (at: number): readonly Note[] => [
  { at, seconds: 0.32, frequencies: [659.26] },
  { at: at + 0.16, seconds: 0.32, frequencies: [783.99] },
  { at: at + 0.32, seconds: 0.5, frequencies: [987.77] },
]

/** Ringback is the European one (ETSI TS 102 970): 425 Hz, one second on, four off. */
export const patterns: Readonly<Record<Tone, Pattern>> = {
  incoming: { notes: [...chime(0), ...chime(1)], period: 3.2, volume: 0.16 },
  waiting: { notes: [{ at: 0, seconds: 0.18, frequencies: [783.99] }], period: 6, volume: 0.07 },
  ringback: { notes: [{ at: 0, seconds: 1, frequencies: [425] }], period: 5, volume: 0.07 },
  test: { notes: chime(0), period: 0, volume: 0.16 },
}

/** A note begins and ends this gently, s: a hard edge clicks. */
const edge = 0.03

/** When a pattern is over, s. */
export function lengthOf({ notes }: Pattern): number {
  return Math.max(0, ...notes.map(({ at, seconds }) => at + seconds))
}

/** Writes one round of a pattern into an audio graph, from `start` of its clock. */
export function schedule(context: BaseAudioContext, target: AudioNode, pattern: Pattern, start: number): void {
  for (const { at, seconds, frequencies } of pattern.notes) {
    const from = start + at
    const gain = context.createGain()
    const level = pattern.volume / frequencies.length
    gain.gain.setValueAtTime(0, from)
    gain.gain.linearRampToValueAtTime(level, from + edge)
    gain.gain.setValueAtTime(level, from + seconds - edge)
    gain.gain.linearRampToValueAtTime(0, from + seconds)
    gain.connect(target)
    for (const frequency of frequencies) {
      const oscillator = context.createOscillator()
      oscillator.frequency.value = frequency
      oscillator.connect(gain)
      oscillator.start(from)
      oscillator.stop(from + seconds)
    }
  }
}
