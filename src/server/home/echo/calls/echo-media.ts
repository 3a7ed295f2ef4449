/** The media of one call with the echo contact: descriptions in, streams kept, answers out. */
import { isIPv6 } from 'node:net'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { newOrigin, nextVersion } from '#protocol/sdp/serialize.ts'
import type { SdpOrigin } from '#protocol/sdp/session.ts'
import { writeCallAnswer, type CallOffer, type OwnSection, type WantedSection } from './call-offer.ts'
import { EchoStream } from './echo-stream.ts'
import { openRtpSockets } from './rtp-sockets.ts'
import { CallZrtp, type ZrtpMemory } from './zrtp-memory.ts'

export interface EchoMediaPorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly datagrams: Pick<DatagramsPort, 'bind'>
  readonly memory: ZrtpMemory
}

export interface EchoMediaHandlers {
  readonly onHeard: () => void
  readonly onFailed: () => void
}

export interface EchoMediaEnds {
  /** The numeric address the media ports are bound to and that answers name. */
  readonly host: string
  /** Who calls. */
  readonly user: string
}

export class EchoMedia {
  readonly #host: string
  readonly #ports: EchoMediaPorts
  readonly #handlers: EchoMediaHandlers
  readonly #zrtp: CallZrtp
  readonly #cname: string
  readonly #streams = new Map<number, EchoStream>()
  #origin: SdpOrigin
  #expectsPackets = true
  #answer: string | null = null
  #isClosed = false

  constructor({ host, user }: EchoMediaEnds, ports: EchoMediaPorts, handlers: EchoMediaHandlers) {
    this.#host = host
    this.#ports = ports
    this.#handlers = handlers
    this.#zrtp = new CallZrtp(user, ports.memory, ports)
    this.#cname = toBase64Url(ports.random.bytes(12))
    this.#origin = newOrigin(ports.random, { addressType: isIPv6(host) ? 'IP6' : 'IP4', address: host })
  }

  /** The last answer, which is also what an offer of ours says; null before the first. */
  get description(): string | null {
    return this.#answer
  }

  /** Whether the other side is to send anything at all: on hold it may be silent. */
  get expectsPackets(): boolean {
    return this.#expectsPackets
  }

  /** The answer to an offer, the first or a later one; null where no ports are to be had. */
  async answer(offer: CallOffer): Promise<string | null> {
    const own: OwnSection[] = []
    for (const section of offer.sections) {
      const stream = await this.#streamFor(section)
      if (stream !== null) own.push(stream.negotiate(section))
    }
    for (const [index, stream] of this.#streams) {
      if (own.some((section) => section.index === index)) continue
      stream.close()
      this.#streams.delete(index)
    }
    if (own.length === 0) return null
    this.#expectsPackets = offer.sections.some(({ media }) => media.direction.startsWith('send'))
    const answer = writeCallAnswer(offer, this.#origin, own)
    this.#origin = nextVersion(this.#origin)
    this.#answer = answer
    return answer
  }

  close(): void {
    this.#isClosed = true
    for (const stream of this.#streams.values()) stream.close()
    this.#streams.clear()
    this.#zrtp.close()
  }

  async #streamFor({ index, media }: WantedSection): Promise<EchoStream | null> {
    const known = this.#streams.get(index)
    if (known?.kind === media.kind) return known
    const sockets = await openRtpSockets(this.#ports.datagrams, this.#host)
    if (sockets === null || this.#isClosed) {
      sockets?.rtp.close()
      sockets?.rtcp.close()
      return null
    }
    known?.close()
    const { clock, random } = this.#ports
    const stream = new EchoStream(media.kind, sockets, {
      ...{ clock, random, cname: this.#cname, zrtp: this.#zrtp },
      ...this.#handlers,
    })
    this.#streams.set(index, stream)
    return stream
  }
}
