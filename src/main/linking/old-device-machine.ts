/** The old device after both ends have a key, as a pure function: a state and what happened give the next state and what to do. */
import type { ToNew, ToOld } from './link-messages.ts'
import { reasonOfCode, stopWords } from './stop-words.ts'
import type { LinkParcel } from './parcel.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { DeviceOffer } from '#shared/model/device-link.ts'

/**
 * - `greeting`: both have a key, hello is to come. to: asking, failed
 * - `asking`: the person sees the new device's name and decides. to: adding, failed
 * - `adding`: the link is being made, cosigned and stored. sends: cosign. to: handing, failed
 * - `handing`: the parcel is on its way. sends: parcel. to: done, failed
 * - `done`, `failed`: nothing more is heard or said.
 */
export interface OldDeviceState {
  readonly phase: 'greeting' | 'asking' | 'adding' | 'handing' | 'done' | 'failed'
  readonly keys: DeviceOffer | null
  /** Whether a signature was asked for that has not come. */
  readonly cosigning: boolean
}

export type OldDeviceEvent =
  /** `now`: this device's clock. */
  | { readonly kind: 'message'; readonly message: ToOld; readonly now: number }
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'cosign'; readonly body: Uint8Array }
  | { readonly kind: 'added'; readonly parcel: LinkParcel }
  | { readonly kind: 'failed'; readonly code: ErrorCode }

export type OldDeviceEffect =
  | { readonly kind: 'send'; readonly message: ToNew }
  /** Check the keys against the QR code, where there is one, then ask the person. */
  | { readonly kind: 'ask'; readonly keys: DeviceOffer }
  | { readonly kind: 'add'; readonly keys: DeviceOffer }
  | { readonly kind: 'cosigned'; readonly signature: Uint8Array }
  | { readonly kind: 'finish' }
  | { readonly kind: 'fail'; readonly code: ErrorCode }

export interface OldDeviceStep {
  readonly state: OldDeviceState
  readonly effects: readonly OldDeviceEffect[]
}

export const oldDeviceStart: OldDeviceState = { phase: 'greeting', keys: null, cosigning: false }
/** Beyond this the order of what two devices write, and what certificates and days mean to them, is not to be relied on. */
export const maxClockDifferenceMs = 3_600_000

export function stepOldDevice(state: OldDeviceState, event: OldDeviceEvent): OldDeviceStep {
  if (state.phase === 'done' || state.phase === 'failed') return { state, effects: [] }
  switch (event.kind) {
    case 'message':
      return heard(state, event.message, event.now)
    case 'confirmed':
      return confirmed(state)
    case 'cosign':
      if (state.phase !== 'adding' || state.cosigning) return failed(state, 'internal')
      return { state: { ...state, cosigning: true }, effects: [send({ kind: 'cosign', body: event.body })] }
    case 'added':
      if (state.phase !== 'adding') return failed(state, 'internal')
      return { state: { ...state, phase: 'handing' }, effects: [send({ kind: 'parcel', ...event.parcel })] }
    case 'failed':
      return failed(state, event.code)
  }
}

/** A second yes changes nothing. */
function confirmed(state: OldDeviceState): OldDeviceStep {
  if (state.phase !== 'asking' || state.keys === null) return { state, effects: [] }
  return { state: { ...state, phase: 'adding' }, effects: [{ kind: 'add', keys: state.keys }] }
}

function heard(state: OldDeviceState, message: ToOld, now: number): OldDeviceStep {
  switch (message.kind) {
    case 'hello':
      if (state.phase !== 'greeting') return failed(state, 'link-tampered')
      if (Math.abs(message.at - now) > maxClockDifferenceMs) return failed(state, 'link-clocks-differ')
      return {
        state: { ...state, phase: 'asking', keys: message.keys },
        effects: [{ kind: 'ask', keys: message.keys }],
      }
    case 'signature':
      if (!state.cosigning) return failed(state, 'link-tampered')
      return {
        state: { ...state, cosigning: false },
        effects: [{ kind: 'cosigned', signature: message.signature }],
      }
    case 'taken':
      if (state.phase !== 'handing') return failed(state, 'link-tampered')
      return { state: { ...state, phase: 'done' }, effects: [{ kind: 'finish' }] }
    case 'stop':
      return { state: { ...state, phase: 'failed' }, effects: [{ kind: 'fail', code: stopWords[message.reason] }] }
  }
}

function send(message: ToNew): OldDeviceEffect {
  return { kind: 'send', message }
}

function failed(state: OldDeviceState, code: ErrorCode): OldDeviceStep {
  return {
    state: { ...state, phase: 'failed' },
    effects: [send({ kind: 'stop', reason: reasonOfCode(code) }), { kind: 'fail', code }],
  }
}
