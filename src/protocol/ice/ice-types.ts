import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { IceCredentials, IceRole } from './binding.ts'
import type { Candidate, CandidateType, Component } from './candidate.ts'

/** What the peer's description says about one stream. */
export interface RemoteStream {
  /** Number of the stream, the same on both sides: the index of its m= line. */
  readonly stream: number
  readonly credentials: IceCredentials
  readonly candidates: readonly Candidate[]
  /** 1 when RTP and RTCP share a socket (rtcp-mux agreed), else 2. */
  readonly components: 1 | 2
}

/** What the peer's description says. */
export interface RemoteDescription {
  /** `a=ice-lite`: it sends no checks, so we control. */
  readonly lite: boolean
  /**
   * `a=ice-options:ice2` (RFC 8445 §10): it nominates one pair, and another only when that failed, so the last word counts. Peers
   * of RFC 5245 may nominate many, of which the best counts.
   */
  readonly ice2: boolean
  /** Streams that were agreed on; those not named are dropped. */
  readonly streams: readonly RemoteStream[]
}

/** Where the media of a component goes. */
export interface IcePath {
  readonly base: number
  readonly remote: DatagramAddress
  readonly localType: CandidateType
  readonly remoteType: CandidateType
  /** False while checks go on and another path may still be chosen. */
  readonly nominated: boolean
}

/**
 * State of a stream: nothing tried yet · being tried · every component has some path · every component has its nominated path ·
 * no path exists.
 */
export type StreamState = 'new' | 'checking' | 'connected' | 'completed' | 'failed'

/** What the machine wants done or known. */
export type IceOutput =
  | {
      readonly kind: 'send'
      readonly base: number
      readonly to: DatagramAddress
      readonly bytes: Uint8Array<ArrayBuffer>
    }
  | { readonly kind: 'state'; readonly stream: number; readonly state: StreamState }
  | { readonly kind: 'path'; readonly stream: number; readonly component: Component; readonly path: IcePath }
  /** Nothing may be sent on that path any more; an ICE restart may find another (RFC 7675 §5.1). */
  | { readonly kind: 'consent-lost'; readonly stream: number; readonly component: Component }
  | { readonly kind: 'role'; readonly role: IceRole }

/** Milliseconds. */
export interface IceTiming {
  /** Between two checks (Ta). */
  readonly paceMs: number
  /** How long a valid pair without relay waits for a better one before it is nominated, and one with a relay. */
  readonly directPatienceMs: number
  readonly relayPatienceMs: number
  /** No stream fails before this (RFC 8863 §4). */
  readonly failNotBeforeMs: number
  /** Between consent checks, ± 20 %, and the silence that ends it (RFC 7675 §5.1). */
  readonly consentMs: number
  readonly consentExpiryMs: number
}

export const defaultIceTiming: IceTiming = {
  paceMs: 50,
  directPatienceMs: 250,
  relayPatienceMs: 2_000,
  failNotBeforeMs: 39_500,
  consentMs: 5_000,
  consentExpiryMs: 30_000,
}

/** Pairs, and candidates of the peer, at most; more are ignored. */
export const maxPairs = 100
export const maxRemoteCandidates = 100

const iceAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Fresh credentials: 48 and 144 random bits (RFC 8839 §5.4 demands 24 and 128). */
export function newIceCredentials(random: RandomPort): IceCredentials {
  const text = (length: number): string =>
    Array.from(random.bytes(length), (byte) => iceAlphabet.charAt(byte & 63)).join('')
  return { ufrag: text(8), pwd: text(24) }
}

/** Whether both texts may stand in `a=ice-ufrag` and `a=ice-pwd` (RFC 8839 §5.4). */
export function areIceCredentials({ ufrag, pwd }: IceCredentials): boolean {
  return /^[A-Za-z0-9+/]{4,256}$/.test(ufrag) && /^[A-Za-z0-9+/]{22,256}$/.test(pwd)
}
