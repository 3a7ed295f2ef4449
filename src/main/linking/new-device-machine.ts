/** The new device after both ends have a key, as a pure function: a state and what happened give the next state and what to do. */
import type { ToNew, ToOld } from './link-messages.ts'
import { reasonOfCode, stopWords } from './stop-words.ts'
import type { LinkParcel } from './parcel.ts'
import type { ErrorCode } from '#shared/errors.ts'

/**
 * - `waiting`: hello was sent, a person decides on the other device. sends: signature, on cosign. to: taking, failed
 * - `taking`: the parcel came, was checked and is being stored. to: done, failed. sends: taken
 * - `done`, `failed`: nothing more is heard or said.
 */
export interface NewDeviceState {
  readonly phase: 'waiting' | 'taking' | 'done' | 'failed'
  /** Links signed so far: the head of a chain can move only so often. */
  readonly signed: number
}

export type NewDeviceEvent =
  | { readonly kind: 'message'; readonly message: ToNew }
  | { readonly kind: 'signed'; readonly signature: Uint8Array }
  | { readonly kind: 'taken' }
  /** Something on this side went wrong; `cancelled`: the person wants no more. */
  | { readonly kind: 'failed'; readonly code: ErrorCode }

export type NewDeviceEffect =
  | { readonly kind: 'send'; readonly message: ToOld }
  /** Check that this body adds this device, and sign it. */
  | { readonly kind: 'sign'; readonly body: Uint8Array }
  /** Check the chain in it, then store it. */
  | { readonly kind: 'take'; readonly parcel: LinkParcel }
  | { readonly kind: 'finish' }
  | { readonly kind: 'fail'; readonly code: ErrorCode }

export interface NewDeviceStep {
  readonly state: NewDeviceState
  readonly effects: readonly NewDeviceEffect[]
}

export const newDeviceStart: NewDeviceState = { phase: 'waiting', signed: 0 }
const maxSigned = 8

export function stepNewDevice(state: NewDeviceState, event: NewDeviceEvent): NewDeviceStep {
  if (state.phase === 'done' || state.phase === 'failed') return { state, effects: [] }
  switch (event.kind) {
    case 'message':
      return heard(state, event.message)
    case 'signed':
      return { state, effects: [{ kind: 'send', message: { kind: 'signature', signature: event.signature } }] }
    case 'taken':
      return state.phase === 'taking' ? done(state) : failed(state, 'internal')
    case 'failed':
      return failed(state, event.code)
  }
}

function heard(state: NewDeviceState, message: ToNew): NewDeviceStep {
  switch (message.kind) {
    case 'cosign':
      if (state.phase !== 'waiting' || state.signed >= maxSigned) return failed(state, 'link-tampered')
      return { state: { ...state, signed: state.signed + 1 }, effects: [{ kind: 'sign', body: message.body }] }
    case 'parcel': {
      if (state.phase !== 'waiting' || state.signed === 0) return failed(state, 'link-tampered')
      const { kind: _kind, ...parcel } = message
      return { state: { ...state, phase: 'taking' }, effects: [{ kind: 'take', parcel }] }
    }
    case 'stop':
      return { state: { ...state, phase: 'failed' }, effects: [{ kind: 'fail', code: stopWords[message.reason] }] }
  }
}

function done(state: NewDeviceState): NewDeviceStep {
  return {
    state: { ...state, phase: 'done' },
    effects: [{ kind: 'send', message: { kind: 'taken' } }, { kind: 'finish' }],
  }
}

function failed(state: NewDeviceState, code: ErrorCode): NewDeviceStep {
  return {
    state: { ...state, phase: 'failed' },
    effects: [
      { kind: 'send', message: { kind: 'stop', reason: reasonOfCode(code) } },
      { kind: 'fail', code },
    ],
  }
}
