import type { CallId, LegId, MediaCommand } from '#shared/model/calls.ts'
import { CallMedia } from './call-media.ts'
import { deviceIdOf, isPresent } from './devices.ts'
import type { CallPictures, DeviceRole, MediaPorts, MediaSettings } from './platform.ts'
import { SampleSeries } from './sample-series.ts'
import { readStats } from './stats.ts'

const noPictures: CallPictures = { local: null, remote: null }
const roles: readonly DeviceRole[] = ['microphone', 'speaker', 'camera']
/** Chromium on Linux hears of sound devices from the kernel alone: a headset by radio comes and goes untold. During calls we look, ms. */
const lookMs = 3000
/** How often figures are read while somebody looks at them, ms. */
const sampleMs = 1000

/**
 * Does what main asks of the media (`media.command`): connections to the gateway, microphone and camera, sound. It opens a
 * device on the command `capture` only, which follows the user's own placing or accepting of a call.
 */
export class MediaEngine {
  readonly #ports: MediaPorts
  readonly #calls = new Map<CallId, CallMedia>()
  readonly #callOf = new Map<LegId, CallId>()
  readonly #series = new Map<CallId, SampleSeries>()
  readonly #listeners = new Set<() => void>()
  readonly #stopDevices: () => void
  #muted: ReadonlySet<CallId> = new Set()
  #devices: readonly MediaDeviceInfo[] = []
  #settings: MediaSettings
  #looking: ReturnType<typeof setInterval> | undefined

  constructor(ports: MediaPorts) {
    this.#ports = ports
    this.#settings = ports.settings()
    this.#stopDevices = ports.platform.onDevices(() => void this.#readDevices())
    void this.#readDevices()
  }

  handle(command: MediaCommand): void {
    const { legId } = command
    if (command.kind === 'open') {
      this.#callOf.set(legId, command.callId)
      void this.#call(command.callId).open(legId, command.video)
      return
    }
    const callId = this.#callOf.get(legId)
    const call = callId === undefined ? undefined : this.#calls.get(callId)
    if (call === undefined) return
    if (command.kind === 'answer') call.answer(legId, command.sdp)
    else if (command.kind === 'capture') void call.capture(legId, command)
    else if (command.kind === 'renegotiate') call.renegotiate(legId, command.video)
    else if (command.kind === 'play') call.play(legId)
    else if (command.kind === 'digit') call.sendDigit(legId, command.digit)
    else this.#close(call, legId)
  }

  /** The calls whose microphone is silent. */
  setMuted(muted: ReadonlySet<CallId>): void {
    this.#muted = muted
    for (const [id, call] of this.#calls) call.setMuted(muted.has(id))
  }

  /** Follows changed settings at once, also in a running call. */
  settingsChanged(): void {
    const before = this.#settings
    const now = this.#ports.settings()
    this.#settings = now
    const voice = ['microphone', 'echoCancellation', 'noiseSuppression', 'gainControl'] as const
    for (const call of this.#calls.values()) {
      call.followDevices()
      if (voice.some((name) => before[name] !== now[name])) void call.reopen('microphone')
      if (before.camera !== now.camera) void call.reopen('camera')
    }
  }

  /** The pictures of a call; the same object until they change. */
  pictures(callId: CallId): CallPictures {
    return this.#calls.get(callId)?.pictures ?? noPictures
  }

  /** Tells when pictures change; returns the disposer. */
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  /** The last two minutes of a call's figures, gathered while somebody watches them. */
  series(callId: CallId): SampleSeries {
    const known = this.#series.get(callId)
    if (known !== undefined) return known
    const made = new SampleSeries(sampleMs, async () => {
      const connection = this.#calls.get(callId)?.connection ?? null
      return connection === null ? null : readStats(await connection.getStats())
    })
    this.#series.set(callId, made)
    return made
  }

  close(): void {
    this.#stopDevices()
    for (const call of this.#calls.values()) call.close()
    for (const series of this.#series.values()) series.close()
    this.#calls.clear()
    this.#callOf.clear()
    this.#series.clear()
    this.#look()
  }

  #call(callId: CallId): CallMedia {
    const known = this.#calls.get(callId)
    if (known !== undefined) return known
    const made = new CallMedia(callId, this.#ports, {
      changed: () => this.#announce(),
      devices: () => this.#devices,
    })
    made.setMuted(this.#muted.has(callId))
    this.#calls.set(callId, made)
    this.#look()
    return made
  }

  #close(call: CallMedia, legId: LegId): void {
    this.#callOf.delete(legId)
    call.closeLeg(legId)
    if (!call.empty) return
    call.close()
    this.#calls.delete(call.callId)
    this.#look()
    this.#series.get(call.callId)?.close()
    this.#series.delete(call.callId)
    this.#announce()
  }

  #look(): void {
    if (this.#calls.size > 0) this.#looking ??= setInterval(() => void this.#readDevices(), lookMs)
    else {
      clearInterval(this.#looking)
      this.#looking = undefined
    }
  }

  #announce(): void {
    for (const listener of this.#listeners) listener()
  }

  async #readDevices(): Promise<void> {
    // Refused where the page may not know of devices: then the system's are used.
    const now = await this.#ports.platform.devices().catch(() => [])
    const before = this.#devices
    this.#devices = now
    for (const role of roles) {
      const key = this.#ports.settings()[role]
      if (deviceIdOf(role, key, before) === deviceIdOf(role, key, now)) continue
      this.#follow(role)
      // The first list tells what there is, not what changed; without a call nobody needs to know.
      if (before.length === 0 || this.#calls.size === 0) continue
      this.#ports.onDeviceChange({ role, change: isPresent(role, key, now) ? 'back' : 'gone' })
    }
  }

  #follow(role: DeviceRole): void {
    for (const call of this.#calls.values()) {
      if (role === 'speaker') call.followDevices()
      else void call.reopen(role)
    }
  }
}
