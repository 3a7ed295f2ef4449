import type { MediaFailure } from './platform.ts'

/** What a captured track needs. */
export interface CaptureSource {
  readonly open: () => Promise<MediaStream>
  /** The track is another one now, or none. */
  readonly changed: () => void
  readonly failed: (reason: MediaFailure) => void
  readonly reasonOf: (error: unknown) => MediaFailure
}

/** Reads what getUserMedia refused with. */
export function microphoneFailure(error: unknown): MediaFailure {
  const name = error instanceof Error || error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'microphone-denied'
  return name === 'NotFoundError' || name === 'NotReadableError' ? 'microphone-missing' : 'engine'
}

/**
 * One microphone or camera of one call: open exactly while it is wanted. What opens after it stopped being wanted is
 * closed again at once.
 */
export class CapturedTrack {
  readonly #source: CaptureSource
  #wanted = false
  #generation = 0
  #track: MediaStreamTrack | null = null
  #enabled = true

  constructor(source: CaptureSource) {
    this.#source = source
  }

  get track(): MediaStreamTrack | null {
    return this.#track
  }

  get wanted(): boolean {
    return this.#wanted
  }

  /** Opens or closes the device; a failure to open is told to the source. */
  async want(wanted: boolean): Promise<void> {
    if (wanted === this.#wanted) return
    this.#wanted = wanted
    if (wanted) await this.#open(true)
    else this.#drop()
  }

  /** Silence or a black picture without closing the device. */
  setEnabled(enabled: boolean): void {
    this.#enabled = enabled
    if (this.#track !== null) this.#track.enabled = enabled
  }

  /** Opens again with other constraints; the old device goes on until the new one is there. */
  async reopen(): Promise<void> {
    if (this.#wanted) await this.#open(false)
  }

  close(): void {
    this.#wanted = false
    this.#drop()
  }

  async #open(asked: boolean): Promise<void> {
    this.#generation += 1
    const mine = this.#generation
    try {
      const stream = await this.#source.open()
      if (mine === this.#generation) this.#take(stream)
      else for (const track of stream.getTracks()) track.stop()
    } catch (error) {
      // A device that was lost is looked for again when devices change; only what was asked for is answered.
      if (mine !== this.#generation || !asked) return
      this.#wanted = false
      this.#source.failed(this.#source.reasonOf(error))
    }
  }

  #take(stream: MediaStream): void {
    const [track, ...rest] = stream.getTracks()
    for (const other of rest) other.stop()
    this.#track?.stop()
    this.#track = track ?? null
    if (track !== undefined) {
      track.enabled = this.#enabled
      track.onended = () => void this.#lost(track)
    }
    this.#source.changed()
  }

  async #lost(track: MediaStreamTrack): Promise<void> {
    if (track !== this.#track) return
    this.#track = null
    this.#source.changed()
    await this.reopen()
  }

  #drop(): void {
    this.#generation += 1
    const track = this.#track
    this.#track = null
    if (track === null) return
    track.onended = null
    track.stop()
    this.#source.changed()
  }
}
