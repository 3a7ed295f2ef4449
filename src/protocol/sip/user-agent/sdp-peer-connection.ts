/**
 * What the library takes for an RTCPeerConnection: it lets our descriptions use its offer/answer, timers and re-INVITEs.
 * `signalingState` and repeated `createOffer` behave as the library relies on.
 */
import type { Description as Parked } from './descriptions.ts'
import type { SdpExchange } from './sip-session.ts'

interface Description {
  readonly type: string
  readonly sdp: string
}

/** Configuration as handed through the library's `pcConfig`. */
export interface SdpPeerConnectionConfig {
  readonly exchange: SdpExchange
  /** The description that the library knows as `ticket`; null when it is gone. */
  readonly read: (ticket: string) => Parked | null
}

export class SdpPeerConnection extends EventTarget {
  readonly iceGatheringState = 'complete'
  readonly iceConnectionState = 'connected'
  readonly connectionState = 'connected'
  signalingState: 'stable' | 'have-local-offer' | 'have-remote-offer' | 'closed' = 'stable'
  localDescription: Description | null = null
  remoteDescription: Description | null = null
  readonly #config: SdpPeerConnectionConfig
  #offer: Promise<string> | null = null

  constructor(config: SdpPeerConnectionConfig) {
    super()
    this.#config = config
  }

  /** The same text until it is answered: the library may ask again without sending what it gets. */
  async createOffer(): Promise<Description> {
    this.#offer ??= this.#config.exchange.createOffer()
    const offer = this.#offer
    try {
      return { type: 'offer', sdp: await offer }
    } catch (error) {
      this.#offer = null
      throw error
    }
  }

  async createAnswer(): Promise<Description> {
    const offer = this.remoteDescription
    if (offer === null) throw new Error('no offer to answer')
    try {
      return { type: 'answer', sdp: await this.#config.exchange.createAnswer(offer.sdp) }
    } catch (error) {
      // Refused: both sides keep what they had (RFC 3261 §14.2).
      this.signalingState = 'stable'
      throw error
    }
  }

  setLocalDescription(description: Description): Promise<void> {
    this.localDescription = description
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable'
    return Promise.resolve()
  }

  setRemoteDescription({ type, sdp: ticket }: Description): Promise<void> {
    const parked = this.#config.read(ticket)
    if (parked === null) return Promise.reject(new Error('description is gone'))
    this.remoteDescription = { type, sdp: parked.sdp }
    this.signalingState = type === 'offer' ? 'have-remote-offer' : 'stable'
    if (type !== 'answer') return Promise.resolve()
    this.#offer = null
    return Promise.resolve().then(() => this.#config.exchange.applyAnswer(parked.sdp, parked.toTag))
  }

  addTrack(): void {
    // No tracks: see noMediaStream.
  }

  getSenders(): [] {
    return []
  }

  getReceivers(): [] {
    return []
  }

  close(): void {
    this.signalingState = 'closed'
  }
}
