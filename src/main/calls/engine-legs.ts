/** The renderer's media engine as a call uses it: commands out, offers in, one leg at a time. */
import { toBase64Url } from '#shared/bytes/base64url.ts'
import type { CallId, LegId, MediaCommand } from '#shared/model/calls.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { err, ok, type Result } from '#shared/result.ts'

export type EngineFailure = 'microphone-denied' | 'microphone-missing' | 'camera-denied' | 'engine'

interface Ports {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly command: (command: MediaCommand) => void
  readonly showWindow: () => void
}

interface Waiting {
  readonly command: MediaCommand
  readonly timer: Timer
  readonly settle: (offer: Result<string, EngineFailure>) => void
}

/** A window may have to be opened first. */
const offerTimeoutMs = 15_000

export class EngineLegs {
  readonly #ports: Ports
  readonly #waiting = new Map<LegId, Waiting>()
  /** Legs of running calls, told of failures. */
  readonly #owners = new Map<LegId, (reason: EngineFailure) => void>()
  /** What each leg was told last about its devices. */
  readonly #captures = new Map<LegId, MediaCommand>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** A new leg of a call; `onFailed` hears of devices and the engine failing later on. */
  newLeg(onFailed: (reason: EngineFailure) => void): LegId {
    const legId = toBase64Url(this.#ports.random.bytes(16)) as LegId
    this.#owners.set(legId, onFailed)
    return legId
  }

  /** Opens the leg; resolves with the engine's offer. */
  open(legId: LegId, callId: CallId, video: boolean): Promise<Result<string, EngineFailure>> {
    this.#ports.showWindow()
    return this.#offerFor({ kind: 'open', legId, callId, video })
  }

  /** As {@link open}, for one more leg of a call whose first is open. */
  openBeside(legId: LegId, callId: CallId, video: boolean): Promise<Result<string, EngineFailure>> {
    return this.#offerFor({ kind: 'open', legId, callId, video })
  }

  /** Asks for another offer of a leg that is open. */
  renegotiate(legId: LegId, video: boolean): Promise<Result<string, EngineFailure>> {
    return this.#offerFor({ kind: 'renegotiate', legId, video })
  }

  answer(legId: LegId, sdp: string): void {
    this.#ports.command({ kind: 'answer', legId, sdp })
  }

  capture(legId: LegId, microphone: boolean, camera: boolean): void {
    const command: MediaCommand = { kind: 'capture', legId, microphone, camera }
    this.#captures.set(legId, command)
    this.#ports.command(command)
  }

  digit(legId: LegId, digit: string): void {
    this.#ports.command({ kind: 'digit', legId, digit })
  }

  play(legId: LegId): void {
    this.#ports.command({ kind: 'play', legId })
  }

  close(legId: LegId): void {
    this.#settle(legId, err('engine'))
    this.#captures.delete(legId)
    if (this.#owners.delete(legId)) this.#ports.command({ kind: 'close', legId })
  }

  /** The engine made an offer. */
  offered(legId: LegId, sdp: string): void {
    this.#settle(legId, ok(sdp))
  }

  failed(legId: LegId, reason: EngineFailure): void {
    // A call goes on without its camera, and so does the offer that is being made.
    if (reason === 'camera-denied' || !this.#settle(legId, err(reason))) this.#owners.get(legId)?.(reason)
  }

  /** A new page runs the engine: a leg that was to be opened is opened there, and what the old one held is lost. */
  ready(): void {
    for (const [legId, onFailed] of [...this.#owners]) {
      const opening = this.#waiting.get(legId)?.command
      if (opening?.kind === 'open') this.#openAgain(legId, opening)
      else {
        this.#settle(legId, err('engine'))
        onFailed('engine')
      }
    }
  }

  #openAgain(legId: LegId, opening: MediaCommand): void {
    this.#ports.command(opening)
    const capture = this.#captures.get(legId)
    if (capture !== undefined) this.#ports.command(capture)
  }

  #offerFor(command: Extract<MediaCommand, { kind: 'open' | 'renegotiate' }>): Promise<Result<string, EngineFailure>> {
    return new Promise((settle) => {
      const timer = this.#ports.clock.after(offerTimeoutMs, () => this.#settle(command.legId, err('engine')))
      this.#waiting.set(command.legId, { command, timer, settle })
      this.#ports.command(command)
    })
  }

  #settle(legId: LegId, offer: Result<string, EngineFailure>): boolean {
    const waiting = this.#waiting.get(legId)
    if (waiting === undefined) return false
    this.#waiting.delete(legId)
    waiting.timer.cancel()
    waiting.settle(offer)
    return true
  }
}
