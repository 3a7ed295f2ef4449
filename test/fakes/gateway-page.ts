/** A page that notes what it is given and captures packets by number, for calls whose whole course a test looks at. */
import { isMuxedRtcp } from '#protocol/rtp/header.ts'
import { buildRtpPacket } from '#protocol/rtp/packet.ts'
import { MediaPage, type MediaPagePorts } from './media-page.ts'

/** Chromium's numbers of Opus and VP8. */
const payloadTypes = { audio: 111, video: 96 } as const
const opusFrameSamples = 960

export class GatewayPage {
  /** RTP and RTCP for the ears, as plain packets. */
  readonly heard: Uint8Array[] = []
  /** Whatever came that is no check, as it came. */
  readonly records: Uint8Array[] = []
  /** Of the packet captured last, 16 bits. */
  sequenceNumber = 0
  readonly #page: MediaPage

  static async open(ports: MediaPagePorts): Promise<GatewayPage> {
    return new GatewayPage(await MediaPage.open(ports))
  }

  private constructor(page: MediaPage) {
    this.#page = page
    page.onRecord = (record) => this.records.push(record)
    page.onPacket = (sealed) => this.#hear(sealed)
  }

  get isConnected(): boolean {
    return this.#page.isConnected
  }

  set endsDtls(ends: boolean) {
    this.#page.endsDtls = ends
  }

  /** What Chromium offers, as this page. */
  offer(video = false): string {
    return this.#page.offer(video)
  }

  /** Takes the gateway's answer and begins to check; DTLS runs where the gateway ends it. */
  connect(answer: string): void {
    void this.#page.connect(answer)
  }

  /** Captures a packet with this payload; nothing leaves before there are keys. */
  capture(payload: Uint8Array, kind: 'audio' | 'video' = 'audio'): void {
    this.sequenceNumber = (this.sequenceNumber + 1) & 0xffff
    const { sequenceNumber } = this
    const fields = {
      ...{ payloadType: payloadTypes[kind], sequenceNumber, marker: false },
      ...{ timestamp: sequenceNumber * opusFrameSamples, ssrc: this.#page.ssrcs[kind] },
    }
    if (this.isConnected) this.raw(this.#page.protect(buildRtpPacket(fields, payload)))
  }

  /** A compound of the engine. */
  report(compound: Uint8Array): void {
    if (this.isConnected) this.raw(this.#page.protectReport(compound))
  }

  raw(bytes: Uint8Array): void {
    this.#page.raw(bytes)
  }

  close(): void {
    this.#page.close()
  }

  #hear(sealed: Uint8Array): void {
    this.records.push(sealed)
    const plain = isMuxedRtcp(sealed) ? this.#page.unprotectReport(sealed) : this.#page.unprotect(sealed)
    if (plain instanceof Uint8Array) this.heard.push(plain)
  }
}
