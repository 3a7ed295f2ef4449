import type { CallId, LegId } from '#shared/model/calls.ts'
import type { MediaPlatform } from './platform.ts'

/** What happens on a leg. */
export interface LegEvents {
  readonly offer: (sdp: string) => void
  readonly connected: () => void
  readonly failed: () => void
  /** A track of the other side came, went, or has a picture now. */
  readonly remoteChanged: () => void
}

/** What a leg is made for. */
export interface LegOptions {
  readonly id: LegId
  readonly callId: CallId
  readonly video: boolean
  readonly certificate: RTCCertificate
  readonly platform: MediaPlatform
  readonly events: LegEvents
}

type Kind = 'audio' | 'video'

/** As the gateway's own digits. */
const toneMs = 160
const toneGapMs = 80

/**
 * One loopback connection to the gateway. It offers, always; the gateway answers. No candidate of ours is needed: the
 * gateway learns our address from the checks (RFC 8445 §2.5, ICE-lite), so the offer leaves at once.
 */
export class Leg {
  readonly id: LegId
  readonly callId: CallId
  readonly connection: RTCPeerConnection
  readonly #events: LegEvents
  readonly #platform: MediaPlatform
  readonly #transceivers = new Map<Kind, RTCRtpTransceiver>()
  readonly #sent = new Map<Kind, MediaStreamTrack | null>()
  readonly #remote = new Map<Kind, { readonly track: MediaStreamTrack; readonly stream: MediaStream }>()
  #queue: Promise<void> = Promise.resolve()
  #closed = false
  #offerAgain = false
  #video: boolean

  constructor({ id, callId, video, certificate, platform, events }: LegOptions) {
    this.id = id
    this.callId = callId
    this.#events = events
    this.#platform = platform
    this.#video = video
    this.connection = platform.connect({
      bundlePolicy: 'max-bundle',
      rtcpMuxPolicy: 'require',
      iceServers: [],
      certificates: [certificate],
    })
    this.#listen()
  }

  /** The first offer: both directions of everything, from no device. */
  open(): void {
    this.#add('audio')
    if (this.#video) this.#add('video')
    this.#offer()
  }

  /** Offers again with or without pictures; while an offer is out, after its answer. */
  renegotiate(video: boolean): void {
    this.#video = video
    if (this.connection.signalingState === 'stable') this.#offer()
    else this.#offerAgain = true
  }

  answer(sdp: string): void {
    this.#step(async () => {
      if (this.connection.signalingState !== 'have-local-offer') return
      await this.connection.setRemoteDescription({ type: 'answer', sdp })
      if (!this.#offerAgain) return
      this.#offerAgain = false
      await this.#makeOffer()
    })
  }

  /** What this leg sends; null is silence. */
  send(audio: MediaStreamTrack | null, video: MediaStreamTrack | null): void {
    this.#sent.set('audio', audio).set('video', video)
    this.#step(async () => {
      for (const [kind, transceiver] of this.#transceivers) await this.#sendOn(kind, transceiver)
    })
  }

  /** A digit, after those before it; lost where the other side takes none. */
  sendDigit(digit: string): void {
    const dtmf = this.#transceivers.get('audio')?.sender.dtmf
    if (dtmf?.canInsertDTMF === true) dtmf.insertDTMF(dtmf.toneBuffer + digit, toneMs, toneGapMs)
  }

  /** The other side's sound, or its picture once frames come. */
  remote(kind: Kind): MediaStream | null {
    const received = this.#remote.get(kind)
    if (received === undefined || (kind === 'video' && (received.track.muted || !this.#video))) return null
    return received.stream
  }

  close(): void {
    this.#closed = true
    this.connection.close()
    this.#remote.clear()
  }

  #listen(): void {
    const { connection } = this
    connection.ontrack = ({ track }) => {
      const stream = this.#platform.makeStream([track])
      this.#remote.set(track.kind === 'video' ? 'video' : 'audio', { track, stream })
      const changed = (): void => this.#events.remoteChanged()
      track.onmute = changed
      track.onunmute = changed
      changed()
    }
    connection.onconnectionstatechange = () => {
      if (this.#closed) return
      if (connection.connectionState === 'connected') this.#events.connected()
      else if (connection.connectionState === 'failed') this.#events.failed()
    }
  }

  #add(kind: Kind): RTCRtpTransceiver {
    const made = this.connection.addTransceiver(kind, { direction: 'sendrecv' })
    this.#transceivers.set(kind, made)
    return made
  }

  async #sendOn(kind: Kind, { sender }: RTCRtpTransceiver): Promise<void> {
    const track = this.#sent.get(kind) ?? null
    if (sender.track !== track) await sender.replaceTrack(track)
  }

  #offer(): void {
    this.#step(() => this.#makeOffer())
  }

  async #makeOffer(): Promise<void> {
    const video = this.#transceivers.get('video')
    if (video !== undefined) video.direction = this.#video ? 'sendrecv' : 'inactive'
    else if (this.#video) await this.#sendOn('video', this.#add('video'))
    const { sdp } = await this.connection.createOffer()
    if (sdp === undefined) throw new Error('no offer')
    await this.connection.setLocalDescription({ type: 'offer', sdp })
    if (!this.#closed) this.#events.offer(sdp)
  }

  /** One step after the other: what main asks in quick succession must not overtake itself. */
  #step(run: () => Promise<void>): void {
    this.#queue = this.#queue
      .then(() => (this.#closed ? undefined : run()))
      .catch(() => {
        if (!this.#closed) this.#events.failed()
      })
  }
}
