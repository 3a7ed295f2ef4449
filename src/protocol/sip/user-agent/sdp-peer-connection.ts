/**
 * What the library takes for an RTCPeerConnection: it lets sessions without RTP (m=message) use its offer/answer, timers
 * and re-INVITEs. `signalingState` and repeated `createOffer` behave as the library relies on.
 */
import type { SdpExchange } from './user-agent.ts'

interface Description {
  readonly type: string
  readonly sdp: string
}

/** Configuration as handed through the library's `pcConfig`. */
export interface SdpPeerConnectionConfig {
  readonly exchange: SdpExchange
}

export class SdpPeerConnection extends EventTarget {
  readonly iceGatheringState = 'complete'
  readonly iceConnectionState = 'connected'
  readonly connectionState = 'connected'
  signalingState: 'stable' | 'have-local-offer' | 'have-remote-offer' | 'closed' = 'stable'
  localDescription: Description | null = null
  remoteDescription: Description | null = null
  readonly #exchange: SdpExchange
  #offer: Promise<string> | null = null

  constructor(config: SdpPeerConnectionConfig) {
    super()
    this.#exchange = config.exchange
  }

  /** The same text every time: on 200 after 183 the library asks again and does not send what it gets. */
  async createOffer(): Promise<Description> {
    this.#offer ??= this.#exchange.createOffer()
    return { type: 'offer', sdp: await this.#offer }
  }

  async createAnswer(): Promise<Description> {
    const offer = this.remoteDescription
    if (offer === null) throw new Error('no offer to answer')
    return { type: 'answer', sdp: await this.#exchange.createAnswer(offer.sdp) }
  }

  setLocalDescription(description: Description): Promise<void> {
    this.localDescription = description
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable'
    return Promise.resolve()
  }

  setRemoteDescription(description: Description): Promise<void> {
    this.remoteDescription = description
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable'
    if (description.type !== 'answer') return Promise.resolve()
    return Promise.resolve().then(() => this.#exchange.applyAnswer(description.sdp))
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
