/** A call through the real gateway in a process of its own, between a stand-in for the page's engine and a phone; ways packets go. */
import type { MediaPlan } from '#main/media/media-port.ts'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import type { CallId, LegId } from '#shared/model/calls.ts'
import { sequenceNumberOf } from '#protocol/rtp/header.ts'
import { buildRtpPacket } from '#protocol/rtp/packet.ts'
import { MediaPage } from '#test/fakes/media-page.ts'
import { MediaPhone } from '#test/fakes/media-phone.ts'
import { startGateway, type GatewayProcess } from './gateway-client.ts'

export const host = '127.0.0.1'

export const pause = (forMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, forMs))

export async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 15_000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not in 15 s: ${what}`)
    await pause(5)
  }
}

export interface RunningCall {
  readonly gateway: GatewayProcess
  readonly page: MediaPage
  readonly phone: MediaPhone
  stop(): void
}

function planFor(video: boolean): MediaPlan {
  return {
    policy: 'zrtp-preferred',
    offer: 'zrtp',
    ...{ signallingSecure: true, verified: false, choseDtls: false, video, hideAddress: false, relay: null },
    ...{ localHost: host, zid: systemRandom.bytes(12) },
  }
}

export async function startCall(video: boolean): Promise<RunningCall> {
  const gateway = startGateway()
  const [call, leg] = ['bench' as CallId, 'leg' as LegId]
  gateway.onEvent((event) => {
    if (event.kind === 'zrtp-peer') void gateway.call('zrtpSecrets', call, event.peerZid, null)
    if (event.kind === 'lost') throw new Error(`lost: ${event.why}`)
  })
  const ports = { datagrams: createDatagrams(), clock: systemClock, random: systemRandom, host }
  const page = await MediaPage.open(ports)
  const offered = await gateway.call('offer', { call, leg, rendererSdp: page.offer(video), plan: planFor(video) })
  if (!offered.ok) throw new Error(offered.error)
  const phone = await MediaPhone.answering(offered.value.networkSdp, ports)
  const taken = await gateway.call('takeAnswer', { call, branch: '', sdp: phone.answer })
  if (!taken.ok || taken.value.rendererSdp === null) throw new Error('no answer for the page')
  await page.connect(taken.value.rendererSdp)
  await until(() => phone.isSecure, 'the call is secure')
  return {
    ...{ gateway, page, phone },
    stop: () => {
      page.close()
      phone.close()
      gateway.stop()
    },
  }
}

/** One way that packets go; keeps how long each took, in milliseconds. */
export class Way {
  readonly times: number[] = []
  readonly #sentAt = new Map<number, number>()
  readonly #make: (payload: Uint8Array) => Uint8Array
  readonly #send: (bytes: Uint8Array) => void

  /** `make` gives the bytes of the next packet, `send` lets them go. */
  constructor(make: (payload: Uint8Array) => Uint8Array, send: (bytes: Uint8Array) => void) {
    this.#make = make
    this.#send = send
  }

  send(count: number, payload: Uint8Array): void {
    for (const packet of Array.from({ length: count }, () => this.#make(payload))) {
      this.#sentAt.set(sequenceNumberOf(packet), performance.now())
      this.#send(packet)
    }
  }

  arrived(packet: Uint8Array): void {
    const now = performance.now()
    const at = this.#sentAt.get(sequenceNumberOf(packet))
    this.#sentAt.delete(sequenceNumberOf(packet))
    if (at !== undefined) this.times.push(now - at)
  }

  get lost(): number {
    return this.#sentAt.size
  }
}

export function packetsOf(ssrc: number, payloadType: number): (payload: Uint8Array) => Uint8Array {
  let sequenceNumber = 0
  return (payload) => {
    sequenceNumber += 1
    return buildRtpPacket({ payloadType, ssrc, sequenceNumber, timestamp: sequenceNumber * 160 }, payload)
  }
}

export function gatewayWays({ page, phone }: RunningCall, kind: 'audio' | 'video'): { out: Way; in: Way } {
  const section = phone.sections[kind === 'audio' ? 0 : 1]
  if (section === undefined) throw new Error(`no section of ${kind}`)
  const { payloadType, ssrc } = section
  // What the page calls PCMU and VP8 is what the phone was offered.
  const pagePackets = packetsOf(page.ssrcs[kind], payloadType)
  const phonePackets = packetsOf(ssrc, payloadType)
  const out = new Way(
    (payload) => page.protect(pagePackets(payload)),
    (bytes) => page.raw(bytes),
  )
  const into = new Way(
    (payload) => section.protect(phonePackets(payload)),
    (bytes) => section.raw(bytes),
  )
  section.onPacket = (bytes) => out.arrived(bytes)
  page.onPacket = (bytes) => into.arrived(bytes)
  return { out, in: into }
}
