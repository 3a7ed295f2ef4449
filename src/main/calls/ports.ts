/** What calls need of the rest of main. */
import type {
  CallId,
  CallPolicy,
  CallRecordView,
  CallView,
  ComparedElsewhereView,
  MediaCommand,
} from '#shared/model/calls.ts'
import type { AccountId, Aor, ConversationId } from '#shared/model/ids.ts'
import type { ContactPolicy, SipTransport } from '#shared/model/views.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { SignallingPort } from '#main/accounts/signalling-port.ts'
import type { MediaPort, RelayServer, ZrtpPeerSecrets } from '#main/media/media-port.ts'

export interface CallAccount {
  readonly id: AccountId
  readonly aor: Aor
  readonly transport: SipTransport
  readonly callPolicy: CallPolicy
  readonly hideAddress: 'strangers' | 'everyone' | 'nobody'
  readonly relay: RelayServer | null
}

export interface CallAccountsPort {
  byId(id: AccountId): CallAccount | null
}

/** Whom a call is with. */
export interface CallPeer {
  readonly accountId: AccountId
  readonly conversationId: ConversationId
  readonly aor: Aor
  readonly name: string
  readonly policy: ContactPolicy
  readonly callPolicy: CallPolicy | null
  readonly muted: boolean
}

export interface CallPeersPort {
  byConversation(id: ConversationId): Promise<CallPeer | null>
  byAor(accountId: AccountId, aor: Aor, displayName: string): Promise<CallPeer>
}

/** What is kept of one device of a contact. */
export interface TrustedDevice {
  readonly peerZid: Uint8Array
  readonly verified: boolean
  readonly name: string
  /** ms */
  readonly updatedAt: number
}

/** Trust that outlives a call: own ZIDs, retained secrets, what was compared. Durable when a promise resolves. */
export interface CallTrustPort {
  zid(account: Aor): Promise<Uint8Array>
  secrets(account: Aor, peer: Aor, peerZid: Uint8Array): Promise<ZrtpPeerSecrets | null>
  keep(
    account: Aor,
    peer: Aor,
    secrets: {
      readonly peerZid: Uint8Array
      readonly rs1: Uint8Array
      readonly rs2: Uint8Array | null
      readonly verified: boolean
    },
  ): Promise<void>
  setVerified(
    account: Aor,
    peer: Aor,
    found: { readonly peerZid: Uint8Array; readonly verified: boolean; readonly name: string },
  ): Promise<void>
  /** Whether any device of this contact was compared, on this device or on another own one. */
  isVerified(account: Aor, peer: Aor): Promise<boolean>
  /** Devices of this contact that calls agreed keys with, the last one first. */
  devices(account: Aor, peer: Aor): Promise<readonly TrustedDevice[]>
  /** What was compared on other own devices: it proves nothing in a call of this one. */
  comparedElsewhere(account: Aor, peer: Aor): Promise<readonly ComparedElsewhereView[]>
  /** What to offer first: what was learned of this contact lately; null = nothing that still counts. */
  lastKeys(account: Aor, peer: Aor): Promise<'zrtp' | 'sdes' | 'dtls' | null>
  /** `as-before`: what was learned earlier counts again, as no keys came of offering ZRTP. */
  rememberKeys(account: Aor, peer: Aor, keys: 'zrtp' | 'sdes' | 'dtls' | 'as-before'): Promise<void>
}

export interface CallRecord {
  /** Call-ID of the INVITE (RFC 3261 §8.1.1.4), else a name of our own: the line is named by it on every own device. */
  readonly sipCallId: string
  readonly peer: CallPeer
  readonly direction: 'incoming' | 'outgoing'
  readonly startedAt: number
  readonly record: CallRecordView
}

export interface CallScreenPort {
  changed(calls: readonly CallView[], revision: number): void
  command(command: MediaCommand): void
  /** The window with the media engine; opened where it was closed. */
  showWindow(): void
}

export interface RingPort {
  ring(call: {
    readonly callId: CallId
    readonly name: string
    readonly video: boolean
    readonly silent: boolean
  }): void
  stop(callId: CallId): void
  missed(peer: CallPeer): void
}

export interface CallsPorts {
  readonly media: MediaPort
  readonly signalling: Pick<SignallingPort, 'call' | 'onEvent'>
  readonly accounts: CallAccountsPort
  readonly peers: CallPeersPort
  readonly trust: CallTrustPort
  readonly records: { add(record: CallRecord): Promise<void> }
  readonly screen: CallScreenPort
  readonly ring: RingPort
  /** Last revision of the list that was announced before; 0 unless told. */
  readonly revision?: number
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
}
