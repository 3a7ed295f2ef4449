/** What the calls feature asks of the media gateway, and what it hears back. Everything crosses a thread: plain values only. */
import type { CallId, CallNetworkView, CallPolicy, CallWarning, LegId } from '#shared/model/calls.ts'

/** A relay of the account (RFC 8656), over UDP. */
export interface RelayServer {
  readonly host: string
  readonly port: number
  readonly username: string
  readonly password: string
}

/** What may be offered or taken, decided by main before anything is sent. */
export interface MediaPlan {
  readonly policy: CallPolicy
  /** Every hop of the signalling that we know of is encrypted. */
  readonly signallingSecure: boolean
  /** A device of the contact was compared before. */
  readonly verified: boolean
  /** The user chose DTLS-SRTP for this call. */
  readonly choseDtls: boolean
  /** Keys of the first offer: what last worked with this contact. */
  readonly offer: 'zrtp' | 'sdes' | 'dtls'
  readonly video: boolean
  /** Only through the relay: the other side learns no address of ours. */
  readonly hideAddress: boolean
  readonly relay: RelayServer | null
  /** Address of ours towards the account's server: the first one a description names. */
  readonly localHost: string
  /** ZID of this device for this account (RFC 6189 §4.9), 12 bytes. */
  readonly zid: Uint8Array
}

/** Why a description cannot be used; main turns it into a SIP status and words. */
export type MediaRefusal =
  | 'needs-encryption'
  | 'refuses-encryption'
  | 'downgrade'
  | 'no-common-codec'
  | 'malformed'
  | 'no-path'
  | 'relay-missing'
  | 'engine'

/** Descriptions for SIP and for the renderer's leg. */
export interface MediaAnswer {
  readonly networkSdp: string | null
  /** Null where the renderer has nothing to apply. */
  readonly rendererSdp: string | null
  readonly video: boolean
  /** The other side's wish: it holds us when it neither receives nor sends. */
  readonly heldByPeer: boolean
}

export type MediaOutcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: MediaRefusal }

/** ZRTP secrets kept for one pair of devices (RFC 6189 §4.6.1). */
export interface ZrtpPeerSecrets {
  readonly rs1: Uint8Array | null
  readonly rs2: Uint8Array | null
  /** The user compared the SAS with this device. */
  readonly verified: boolean
  readonly name: string
}

/** Keys of a call as far as they are agreed. */
export interface MediaKeys {
  readonly method: 'zrtp' | 'dtls' | 'sdes' | 'none'
  readonly cipher: string
  readonly keyAgreement: string
  readonly hash: string
  readonly sas: { readonly kind: 'letters' | 'words'; readonly text: string } | null
  /** ZRTP: both sides say that the user compared before, and the retained secrets prove that they are the same devices. */
  readonly remembered: boolean
  readonly peerZid: Uint8Array | null
  readonly peerClient: string
  readonly warnings: readonly CallWarning[]
}

/** Where an event came from. `branch` is absent where there is but one, or where all are meant. */
interface Origin {
  readonly call: CallId
  readonly branch?: string
}

/** What the keys and streams of one branch have to tell. */
export type BranchEvent =
  /** The peer's ZID is known: answer with `zrtpSecrets`. */
  | { readonly kind: 'zrtp-peer'; readonly peerZid: Uint8Array }
  /** To be stored before the keys count as kept; `rs1` and `rs2` replace what is there. */
  | {
      readonly kind: 'zrtp-retain'
      readonly peerZid: Uint8Array
      readonly rs1: Uint8Array
      readonly rs2: Uint8Array | null
      /** An earlier comparison still counts. */
      readonly verified: boolean
      /** The device proved that it holds the secrets of before. */
      readonly isKnown: boolean
    }
  | { readonly kind: 'keys'; readonly keys: MediaKeys }
  /** The first packet of the other side was heard. */
  | { readonly kind: 'heard' }
  | { readonly kind: 'digit'; readonly digit: string }
  /** The branch cannot go on. */
  | {
      readonly kind: 'lost'
      readonly why:
        'no-path' | 'media-lost' | 'keys-failed' | 'keys-used-up' | 'refuses-encryption' | 'attack-noticed' | 'engine'
    }
  /** The network changed under the call: main offers again (ICE restart). */
  | { readonly kind: 'restart-needed' }
  /** A key has protected most of what it may: main offers again, with another key of ours. */
  | { readonly kind: 'rekey-needed' }

export type MediaEvent = BranchEvent & Origin

/** The gateway. A `branch` is one early or confirmed dialog of the call (a fork has several), named by its To tag. */
export interface MediaPort {
  /** What an offer asks for, without touching anything; null where there is nothing of audio or video in it. */
  inspect(sdp: string | null): Promise<{ readonly video: boolean } | null>
  /** Makes sockets and an offer for SIP. */
  offer(request: {
    readonly call: CallId
    readonly leg: LegId
    readonly rendererSdp: string
    readonly plan: MediaPlan
  }): Promise<MediaOutcome<{ readonly networkSdp: string }>>
  /**
   * The answer to our last offer. The first branch is played by the leg of the offer, each further one by a leg of its own. An answer
   * that is not `early` settles which branch is the call: the others end.
   */
  takeAnswer(request: {
    readonly call: CallId
    /** Null where there is but one dialog. */
    readonly branch: string | null
    readonly sdp: string
    readonly early?: boolean
    /** The renderer's offer on the leg of a further branch. */
    readonly rendererSdp?: string
  }): Promise<MediaOutcome<MediaAnswer>>
  /** Answers an offer of the other side, the first or a later one; a later one keeps leg and plan. */
  answer(request: {
    readonly call: CallId
    readonly leg: LegId
    /** Null for a later offer that changes nothing for the renderer. */
    readonly rendererSdp: string | null
    readonly sdp: string
    readonly plan: MediaPlan
  }): Promise<MediaOutcome<MediaAnswer>>
  /**
   * Offers again within the call: hold, pictures, another path. `rendererSdp` where the renderer offered anew; `newKeys` puts keys of
   * descriptions that others may know, too, out of use.
   */
  reoffer(request: {
    readonly call: CallId
    readonly held: boolean
    readonly rendererSdp: string | null
    readonly video: boolean
    readonly restart: boolean
    readonly newKeys?: boolean
  }): Promise<MediaOutcome<{ readonly networkSdp: string }>>
  /** Our last offer was refused: what was agreed before counts again; for the renderer, where it waits for an answer. */
  takeBack(request: {
    readonly call: CallId
    readonly held: boolean
    readonly video: boolean
  }): Promise<{ readonly rendererSdp: string | null }>
  /** Retained secrets for the ZID asked for by `zrtp-peer` of a branch; null = none. */
  zrtpSecrets(call: CallId, peerZid: Uint8Array, secrets: ZrtpPeerSecrets | null, branch?: string): Promise<void>
  /** The user compared: the flag goes to the other side at the next call. */
  compared(call: CallId, equal: boolean): Promise<void>
  sendDigit(call: CallId, digit: string): Promise<void>
  network(call: CallId): Promise<CallNetworkView | null>
  /** Addresses of this computer changed. */
  networkChanged(): Promise<void>
  close(call: CallId): Promise<void>
  stop(): Promise<void>
  onEvent(handler: (event: MediaEvent) => void): () => void
}
