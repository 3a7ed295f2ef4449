/** Two real gateways in a call, each with a page; the signalling between them hands descriptions over. */
import { createGateway } from '#main/media/gateway.ts'
import type { MediaAnswer, MediaEvent, MediaKeys, MediaOutcome, MediaPlan, MediaPort } from '#main/media/media-port.ts'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { payloadOf, buildRtpPacket } from '#protocol/rtp/packet.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import type { CallId, LegId } from '#shared/model/calls.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import { MediaPage } from './media-page.ts'

export const call = 'call' as CallId
export const leg = 'leg' as LegId
const opus = 111

/** One side. */
export class GatewayEnd {
  readonly gateway: MediaPort
  readonly page: MediaPage
  readonly plan: MediaPlan
  readonly events: MediaEvent[] = []
  keys: MediaKeys | null = null
  /** First bytes of the payloads that the page was given. */
  readonly heard: number[] = []
  onHeard: (mark: number) => void = () => undefined
  /** No two streams of a call share one. */
  readonly #ssrc = new DataView(Uint8Array.from(systemRandom.bytes(4)).buffer).getUint32(0)
  #sequence = 0

  static async open(datagrams: DatagramsPort, plan: Partial<MediaPlan> = {}): Promise<GatewayEnd> {
    const ports = { datagrams, clock: systemClock, random: systemRandom }
    const gateway = createGateway({
      ...ports,
      keyAgreement: nodeKeyAgreement,
      resolve: (host) => Promise.resolve(host),
    })
    return new GatewayEnd(
      gateway,
      await MediaPage.open({ ...ports, datagrams: createDatagrams(), host: '127.0.0.1' }),
      {
        ...{ policy: 'zrtp-preferred', offer: 'zrtp', signallingSecure: true, verified: false, choseDtls: false },
        ...{ video: false, hideAddress: false, relay: null, localHost: '192.0.2.1', zid: systemRandom.bytes(12) },
        ...plan,
      },
    )
  }

  private constructor(gateway: MediaPort, page: MediaPage, plan: MediaPlan) {
    this.gateway = gateway
    this.page = page
    this.plan = plan
    gateway.onEvent((event) => {
      this.events.push(event)
      if (event.kind === 'zrtp-peer') void gateway.zrtpSecrets(call, event.peerZid, null)
      if (event.kind === 'keys') this.keys = event.keys
    })
    page.onPacket = (sealed) => {
      const packet = page.unprotect(sealed)
      const mark = typeof packet === 'string' ? undefined : payloadOf(packet)?.[0]
      if (mark === undefined) return
      this.heard.push(mark)
      this.onHeard(mark)
    }
  }

  get rendererOffer(): string {
    return this.page.offer().replaceAll(/a=ssrc:\d+/g, `a=ssrc:${this.#ssrc}`)
  }

  /** A captured packet that can be told from others. */
  say(mark: number): void {
    this.#sequence += 1
    const fields = { payloadType: opus, sequenceNumber: this.#sequence, timestamp: this.#sequence * 960, marker: false }
    this.page.raw(this.page.protect(buildRtpPacket({ ...fields, ssrc: this.#ssrc }, Uint8Array.of(mark, 1, 2, 3))))
  }

  close(): void {
    void this.gateway.stop()
    this.page.close()
  }
}

/** A handshake of the stand-in for the page takes a second; werift's server sometimes never ends one on a busy machine. */
const patienceMs = 8_000
const attempts = 5

/** A call that is up, with both pages connected. */
export async function connectedPair(open: () => Promise<GatewayPair>): Promise<GatewayPair> {
  for (let attempt = 1; ; attempt += 1) {
    const pair = await open()
    const patience = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), patienceMs))
    if (await Promise.race([pair.connect().then(() => true), patience])) return pair
    pair.close()
    if (attempt === attempts) throw new Error('the pages do not connect')
  }
}

export class GatewayPair {
  readonly caller: GatewayEnd
  readonly callee: GatewayEnd
  /** Every description, in order. */
  readonly descriptions: string[] = []

  constructor(caller: GatewayEnd, callee: GatewayEnd) {
    this.caller = caller
    this.callee = callee
  }

  /** INVITE, 200, ACK; resolves once both pages are connected. */
  async connect(): Promise<void> {
    const { caller, callee } = this
    const offered = valueOf(
      await caller.gateway.offer({ call, leg, rendererSdp: caller.rendererOffer, plan: caller.plan }),
    )
    const [there, here] = await this.#exchange(offered.networkSdp, callee.rendererOffer)
    await callee.page.connect(there.rendererSdp ?? '')
    await caller.page.connect(here.rendererSdp ?? '')
  }

  /** A re-INVITE of the caller that restarts ICE. */
  async restart(): Promise<void> {
    const wishes = { held: false, rendererSdp: null, video: false, restart: true }
    const offered = valueOf(await this.caller.gateway.reoffer({ call, ...wishes }))
    await this.#exchange(offered.networkSdp, null)
  }

  close(): void {
    this.caller.close()
    this.callee.close()
  }

  async #exchange(sdp: string, rendererSdp: string | null): Promise<readonly [MediaAnswer, MediaAnswer]> {
    const { caller, callee } = this
    const there = valueOf(await callee.gateway.answer({ call, leg, rendererSdp, sdp, plan: callee.plan }))
    const here = valueOf(await caller.gateway.takeAnswer({ call, branch: '', sdp: there.networkSdp ?? '' }))
    this.descriptions.push(sdp, there.networkSdp ?? '')
    return [there, here]
  }
}

function valueOf<T>(outcome: MediaOutcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.error)
  return outcome.value
}
