/**
 * What the screen shows of calls: immutable values derived from signalling, policy and the state of the media keys.
 * Times are milliseconds since 1970-01-01 UTC unless said otherwise.
 */
import type { AccountId, Aor, Brand, ConversationId, DeviceId } from './ids.ts'

/** Random 128-bit id of one call on this device, base64url. */
export type CallId = Brand<'CallId'>
/** Id of one loopback leg between the renderer's media engine and the gateway. */
export type LegId = Brand<'LegId'>

/**
 * Outgoing: `preparing` (media and keys are made ready) → `calling` → `ringing` (the other side rings) → `active` → `ended`.
 * Incoming: `incoming` (rings here, nothing was sent to the caller's addresses) → `connecting` → `active` → `ended`.
 */
export type CallPhase = 'preparing' | 'calling' | 'ringing' | 'incoming' | 'connecting' | 'active' | 'ended'

/** What may be sent at all to a contact (design §1, issue: offer and policy). */
export type CallPolicy = 'zrtp-required' | 'zrtp-preferred' | 'sdes-over-tls' | 'any'

/** Who can read this (design §9); derived from the weakest stream of the call. */
export type CallReaders =
  /** Keys are being agreed: nothing captured leaves. */
  | 'securing'
  /** ZRTP, compared now or by continuity: the only green one. */
  | 'only-us'
  /** ZRTP, not compared. */
  | 'us-unless-middle'
  /** DTLS-SRTP: the servers that carry the signalling could step in between. */
  | 'servers-could'
  /** SDES: the servers that carry the signalling hold the keys. */
  | 'servers-can'
  /** No keys. */
  | 'anyone'

/** Something about the keys the user must be told; each has a sentence. */
export type CallWarning =
  /** Retained secrets did not match: another device, a lost cache, or somebody in the middle: compare again. */
  | 'secrets-differ'
  /** Another device of the contact was compared, this one was not: theirs, or that of somebody in the middle. */
  | 'new-device'
  /** The other side said that the letters differ, or the user did. */
  | 'letters-differ'
  /** The policy allows it and ZRTP did not come: not encrypted end to end. */
  | 'fell-to-clear'
  /** A verified contact suddenly offers less than ZRTP: blocked until the user chooses. */
  | 'downgrade-blocked'
  /** The other device says that it may disclose the keys (RFC 6189 §11). */
  | 'peer-discloses'

export interface CallSecurityView {
  readonly readers: CallReaders
  readonly method: 'pending' | 'zrtp' | 'dtls' | 'sdes' | 'none'
  /** Short authentication string, once ZRTP agreed keys: `text` four letters or two words, `kind` says which. */
  readonly sas: { readonly kind: 'letters' | 'words'; readonly text: string } | null
  /** `compare` = never compared with this device; `verified` = compared in this call; `remembered` = compared earlier. */
  readonly comparison: 'none' | 'compare' | 'verified' | 'remembered'
  readonly warnings: readonly CallWarning[]
  /** For the live panel, in the words of the RFCs: `AES_CM_128_HMAC_SHA1_80`, `X25519` … ; empty before. */
  readonly cipher: string
  readonly keyAgreement: string
  readonly hash: string
  /** The name the user gave this device of the peer when comparing; empty where none. */
  readonly peerDeviceName: string
  /** Program on the other side as its ZRTP Hello says it; empty where none. */
  readonly peerClient: string
}

/** Why a call ended, each a sentence that says what happened and what to do. */
export type CallEnd =
  | 'hung-up'
  | 'peer-hung-up'
  | 'declined'
  | 'peer-declined'
  | 'peer-busy'
  | 'no-answer'
  | 'cancelled'
  | 'missed'
  | 'answered-elsewhere'
  | 'unreachable'
  | 'unknown-recipient'
  | 'server-unreachable'
  /** 488, 606, 415: the other device does not take what our policy demands. */
  | 'peer-refuses-encryption'
  | 'peer-needs-encryption'
  | 'no-common-codec'
  | 'no-path'
  | 'media-lost'
  | 'keys-failed'
  /** The other side's keys have protected all they may, and it gave no others. */
  | 'keys-used-up'
  | 'downgrade-blocked'
  | 'attack-noticed'
  | 'microphone-denied'
  | 'relay-missing'
  | 'transferred'
  /** Somebody else took the other side's place, on its word (RFC 3891). */
  | 'replaced'
  | 'failed'

export interface CallView {
  readonly id: CallId
  readonly accountId: AccountId
  readonly conversationId: ConversationId
  readonly peer: Aor
  readonly peerName: string
  readonly direction: 'incoming' | 'outgoing'
  readonly phase: CallPhase
  readonly startedAt: number
  /** When both sides were connected; null before. */
  readonly connectedAt: number | null
  readonly endedAt: number | null
  readonly end: CallEnd | null
  /** Both sides agreed on pictures, or the caller asks for them. */
  readonly video: boolean
  /** Our camera is meant to send. */
  readonly camera: boolean
  readonly muted: boolean
  readonly held: 'no' | 'by-us' | 'by-peer' | 'by-both'
  /** The other side heard before it answered (183 with SDP). */
  readonly earlyMedia: boolean
  readonly security: CallSecurityView
  /** The whole call runs through the relay, so that the other side does not learn our address. */
  readonly addressHidden: boolean
  /** Transfer in progress: the new target, and how far it is. */
  readonly transfer: { readonly to: Aor; readonly state: 'asked' | 'trying' | 'failed' } | null
  /** The other side wants us to call `to`; `by`, where it is somebody else, is who it says asked for that, unproven. */
  readonly referral: {
    readonly to: Aor
    readonly by: Aor | null
    /** It talks with `to` itself, and gives us its place there. */
    readonly attended: boolean
  } | null
  /** The call that this one wants to take the place of, while it rings. */
  readonly replaces: CallId | null
  /** The last one that failed for want of encryption may be tried again with DTLS by the user's choice. */
  readonly mayRetryWithDtls: boolean
}

/** Facts for the live panel that only the gateway knows; counters since the call began. */
export interface CallNetworkView {
  readonly callId: CallId
  /** Monotonic ms of the sample. */
  readonly at: number
  readonly path: 'none' | 'direct' | 'reflexive' | 'relayed'
  readonly localAddress: string
  readonly remoteAddress: string
  readonly protocol: 'udp' | 'none'
  readonly packetsSent: number
  readonly packetsReceived: number
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Packets that were no packets of this call: forged, replayed, in clear after keys were agreed. */
  readonly packetsRefused: number
  /** Of what we receive, per cent since the last sample; null before the first report. */
  readonly lossReceivedPercent: number | null
  /** Of what the other side receives from us (its receiver reports); null before one came. */
  readonly lossSentPercent: number | null
  /** Interarrival jitter of what we receive (RFC 3550 §6.4.1), ms. */
  readonly jitterMs: number | null
  /** From receiver reports (RFC 3550 §6.4.1 LSR and DLSR), ms; null before one came. */
  readonly roundTripMs: number | null
  /** Codec names as in SDP, `opus/48000`; empty before. */
  readonly audioCodec: string
  readonly videoCodec: string
}

/** A device of a contact that agreed keys by ZRTP with this one. */
export interface CallDeviceView {
  /** Its ZID (RFC 6189 §4.9), 24 hexadecimal digits. */
  readonly zid: string
  /** The name the user gave it; empty where none. */
  readonly name: string
  readonly compared: boolean
  readonly lastCallAt: number
}

/** A device of a contact that the user compared on another own device; here it is still to be compared. */
export interface ComparedElsewhereView {
  /** Its ZID, 24 hexadecimal digits. */
  readonly zid: string
  /** The name the user gave it; empty where none. */
  readonly name: string
  /** The own device that compared. */
  readonly device: DeviceId
  /** What the device chain calls that device. */
  readonly deviceName: string
  readonly at: number
}

/** How a call stands in the history of its conversation. */
export interface CallRecordView {
  readonly outcome: 'answered' | 'missed' | 'declined' | 'busy' | 'cancelled' | 'elsewhere' | 'failed'
  readonly video: boolean
  /** Connected time, ms; 0 where it was never connected. */
  readonly durationMs: number
  readonly readers: CallReaders
}

/** What main asks of the renderer's media engine, one leg at a time. */
export type MediaCommand =
  /** Make a connection that sends and receives the given kinds, and answer with `media.offer`. Captures nothing yet. */
  | { readonly kind: 'open'; readonly legId: LegId; readonly callId: CallId; readonly video: boolean }
  /** The gateway's answer to the last offer of this leg. */
  | { readonly kind: 'answer'; readonly legId: LegId; readonly sdp: string }
  /** Open (or stop) microphone and camera: only after the user placed or accepted the call. */
  | { readonly kind: 'capture'; readonly legId: LegId; readonly microphone: boolean; readonly camera: boolean }
  /** Offer again with or without pictures. */
  | { readonly kind: 'renegotiate'; readonly legId: LegId; readonly video: boolean }
  /** This leg is heard and seen; every other leg of its call is silent (early media of a fork). */
  | { readonly kind: 'play'; readonly legId: LegId }
  /** Send a digit (RFC 4733): under DTLS-SRTP only the engine can. */
  | { readonly kind: 'digit'; readonly legId: LegId; readonly digit: string }
  | { readonly kind: 'close'; readonly legId: LegId }
