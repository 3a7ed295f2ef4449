/** ZRTP of one stream as a call uses it; the protocol itself is in protocol/zrtp. */
import type { MasterKey } from '#protocol/srtp/session.ts'
import type { ZrtpPeerSecrets } from '../media-port.ts'

/** Facts of a finished agreement. */
export interface ZrtpAgreement {
  readonly peerZid: Uint8Array
  readonly peerClient: string
  readonly keyAgreement: string
  readonly hash: string
  readonly cipher: string
  readonly sas: { readonly kind: 'letters' | 'words'; readonly text: string } | null
  /** Retained secrets matched and both sides hold the SAS for compared. */
  readonly remembered: boolean
  readonly secretsDiffer: boolean
  readonly peerDiscloses: boolean
  /** To be stored, or null where nothing is (multistream). */
  readonly retain: { readonly rs1: Uint8Array; readonly rs2: Uint8Array | null } | null
}

export interface ZrtpHandlers {
  readonly send: (packet: Uint8Array) => void
  readonly onPeer: (peerZid: Uint8Array) => void
  /** Each as soon as packets of that direction may come or go under it (RFC 6189 §4.6). */
  readonly onSendKey: (key: MasterKey) => void
  readonly onReceiveKey: (key: MasterKey) => void
  readonly onSecure: (agreement: ZrtpAgreement) => void
  /** The other side never said Hello. */
  readonly onAbsent: () => void
  /** `attack`: somebody on the path tampered; anything else is a broken or unwilling peer. */
  readonly onFailed: (why: 'attack' | 'other') => void
}

export interface ZrtpChannel {
  /** Value of `a=zrtp-hash` for our descriptions. */
  readonly helloHash: string
  /** Begins; `announced` is the other side's `a=zrtp-hash`, where it gave one. */
  start(announced: string | null): void
  receive(packet: Uint8Array): void
  provide(secrets: ZrtpPeerSecrets | null): void
  /** The user's comparison, for the flag that the next handshake carries. */
  exportKey(label: string, bytes: number): Uint8Array | null
  stop(): void
}

/** Makes the channels of one call: the first agrees on keys, later ones are multistream from it (RFC 6189 §4.4.3). */
export interface ZrtpCall {
  channel(handlers: ZrtpHandlers): ZrtpChannel
  stop(): void
}
