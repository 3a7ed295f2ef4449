/** The renderer's side of one branch: its connection to us, what it offered over it, and what it is answered. */
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { rendererCodecs } from '../description/codecs.ts'
import { LoopbackLeg, type LoopbackHandlers, type LoopbackPorts } from '../loopback/loopback-leg.ts'
import {
  writeRendererAnswer,
  type AnswerMedia,
  type AnswerTransport,
  type RendererMedia,
  type RendererOffer,
} from '../loopback/renderer-description.ts'
import { rendererOfferOf, rendererSetup } from './read-descriptions.ts'
import type { Section } from './section.ts'

/** DTLS-SRTP of the far end, passed through. */
export interface FarDtls {
  readonly fingerprint: AnswerTransport['fingerprint']
  readonly setup: 'active' | 'passive'
}

/** Start of the bandwidth estimate for pictures, kbit/s. */
const startBitrate = 800

export class RendererLeg {
  readonly #ports: LoopbackPorts
  readonly #handlers: LoopbackHandlers
  #leg: LoopbackLeg | null = null
  #offer: RendererOffer | null = null
  #dtls: FarDtls | null = null
  /** The renderer made an offer and was not answered yet. */
  #waits = false
  #version = 0

  constructor(ports: LoopbackPorts, handlers: LoopbackHandlers) {
    this.#ports = ports
    this.#handlers = handlers
  }

  /** What the renderer offered last. */
  get offer(): RendererOffer | null {
    return this.#offer
  }

  get dtls(): FarDtls | null {
    return this.#dtls
  }

  /** Takes an offer of the renderer, the first one with a port of its own; null where either cannot be had. */
  async take(text: string): Promise<RendererOffer | null> {
    const offer = rendererOfferOf(text)
    if (offer === null) return null
    this.#offer = offer
    this.#waits = true
    if (this.#leg !== null) return offer
    const leg = await LoopbackLeg.open(this.#ports, this.#handlers)
    if (!leg.ok) return null
    this.#leg = leg.value
    return offer
  }

  /** The far end's DTLS is not ours to end. */
  passThrough({ fingerprint, setup }: RtpMedia): void {
    if (fingerprint !== null) this.#dtls = { fingerprint, setup: rendererSetup(setup) }
  }

  /** The answer to the renderer's offer; null where it waits for none. */
  answer(sections: readonly Section[]): string | null {
    const [offer, leg] = [this.#offer, this.#leg]
    if (!this.#waits || offer === null || leg === null) return null
    this.#waits = false
    this.#version += 1
    if (this.#dtls === null) leg.terminate(offer.transport)
    else leg.passThrough(offer.transport)
    const { port, ufrag, password, fingerprint } = leg.address
    const ours = { fingerprint: { hash: 'sha-256', value: fingerprint }, setup: 'active' } as const
    const media = offer.media.map((section) => answerMedia(section, sections))
    return writeRendererAnswer(media, { port, ufrag, password, ...(this.#dtls ?? ours) }, this.#version)
  }

  sendRtp(packet: Uint8Array): void {
    this.#leg?.sendRtp(packet)
  }

  sendRtcp(compound: Uint8Array): void {
    this.#leg?.sendRtcp(compound)
  }

  sendRecord(bytes: Uint8Array): void {
    this.#leg?.sendRecord(bytes)
  }

  close(): void {
    this.#leg?.close()
  }
}

function answerMedia({ kind, mid }: RendererMedia, sections: readonly Section[]): AnswerMedia {
  const section = sections.find((candidate) => candidate.kind === kind && candidate.isOn)
  const codecs = section === undefined ? [] : rendererCodecs(kind, section.codecs)
  return { kind, mid, codecs, direction: 'sendrecv', ...(kind === 'video' ? { startBitrate } : {}) }
}
