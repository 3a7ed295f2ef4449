/** A call's facts and the view made of them. */
import type {
  CallEnd,
  CallId,
  CallPhase,
  CallReaders,
  CallSecurityView,
  CallView,
  CallWarning,
} from '#shared/model/calls.ts'
import type { MediaKeys } from '#main/media/media-port.ts'
import type { CallPeer } from './ports.ts'

/** Everything that changes while a call lasts. */
export interface CallState {
  phase: CallPhase
  connectedAt: number | null
  endedAt: number | null
  end: CallEnd | null
  video: boolean
  camera: boolean
  muted: boolean
  heldByUs: boolean
  heldByPeer: boolean
  earlyMedia: boolean
  keys: MediaKeys | null
  comparison: CallSecurityView['comparison']
  /** The user compared with some device of the contact before this call. */
  contactCompared: boolean
  warnings: readonly CallWarning[]
  peerDeviceName: string
  addressHidden: boolean
  signallingSecure: boolean
  transfer: CallView['transfer']
  referral: CallView['referral']
  replaces: CallId | null
  mayRetryWithDtls: boolean
}

export interface CallFacts {
  readonly id: CallId
  readonly peer: CallPeer
  readonly direction: 'incoming' | 'outgoing'
  readonly startedAt: number
}

export function newCallState(direction: 'incoming' | 'outgoing', video: boolean): CallState {
  return {
    phase: direction === 'incoming' ? 'incoming' : 'preparing',
    ...{ connectedAt: null, endedAt: null, end: null },
    video,
    camera: direction === 'outgoing' && video,
    ...{ muted: false, heldByUs: false, heldByPeer: false, earlyMedia: false },
    ...{ keys: null, comparison: 'none', contactCompared: false, warnings: [], peerDeviceName: '' },
    ...{
      addressHidden: false,
      signallingSecure: false,
      transfer: null,
      referral: null,
      replaces: null,
      mayRetryWithDtls: false,
    },
  }
}

export function callView({ id, peer, direction, startedAt }: CallFacts, state: CallState): CallView {
  const { heldByUs, heldByPeer, phase, connectedAt, endedAt, end, video, camera, muted, earlyMedia } = state
  return {
    id,
    accountId: peer.accountId,
    conversationId: peer.conversationId,
    peer: peer.aor,
    peerName: peer.name,
    direction,
    ...{ phase, startedAt, connectedAt, endedAt, end, video, camera, muted, earlyMedia },
    held: heldByUs ? (heldByPeer ? 'by-both' : 'by-us') : heldByPeer ? 'by-peer' : 'no',
    security: securityView(state),
    addressHidden: state.addressHidden,
    transfer: state.transfer,
    referral: state.referral,
    replaces: state.replaces,
    mayRetryWithDtls: state.mayRetryWithDtls,
  }
}

/** Whether a call is in one of these phases; asked anew after every wait. */
export function isCallPhase(phase: CallPhase, ...phases: readonly CallPhase[]): boolean {
  return phases.includes(phase)
}

/** Whether the letters were compared, or are to be, once there are keys. */
export function comparisonOf(
  keys: MediaKeys,
  { comparison, warnings }: Pick<CallState, 'comparison' | 'warnings'>,
): CallState['comparison'] {
  if (keys.method !== 'zrtp') return 'none'
  if (comparison === 'verified') return 'verified'
  return keys.remembered && !warnings.includes('letters-differ') ? 'remembered' : 'compare'
}

/** Who can read this (design §9). */
export function readersOf(
  keys: MediaKeys | null,
  comparison: CallSecurityView['comparison'],
  signallingSecure: boolean,
): CallReaders {
  if (keys === null) return 'securing'
  const isCompared = comparison === 'verified' || comparison === 'remembered'
  const readers: Readonly<Record<MediaKeys['method'], CallReaders>> = {
    zrtp: isCompared ? 'only-us' : 'us-unless-middle',
    dtls: 'servers-could',
    // The keys stand in the description: whoever reads that has them.
    sdes: signallingSecure ? 'servers-can' : 'anyone',
    none: 'anyone',
  }
  return readers[keys.method]
}

const noKeys = {
  ...{ method: 'pending' as const, sas: null, cipher: '', keyAgreement: '', hash: '', peerClient: '' },
  warnings: [] as readonly CallWarning[],
} as const

function securityView(state: CallState): CallSecurityView {
  const { keys, comparison, warnings, peerDeviceName, signallingSecure } = state
  const { method, sas, cipher, keyAgreement, hash, peerClient, warnings: ofKeys } = keys ?? noKeys
  return {
    readers: readersOf(keys, comparison, signallingSecure),
    ...{ method, sas, comparison, cipher, keyAgreement, hash, peerDeviceName, peerClient },
    warnings: [...ofKeys, ...warnings, ...(isNewDevice(state) ? (['new-device'] as const) : [])],
  }
}

/** Whoever sits in the middle has a device that was never compared, too. */
function isNewDevice({ keys, comparison, contactCompared, warnings }: CallState): boolean {
  const isSaid = [...(keys?.warnings ?? []), ...warnings].some(
    (one) => one === 'secrets-differ' || one === 'letters-differ',
  )
  return contactCompared && comparison === 'compare' && !isSaid
}
