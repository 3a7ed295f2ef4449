/** A real gateway with a page and somebody who keeps its secrets; two of them make a call over a simulated network. */
import { createGateway } from '#main/media/gateway.ts'
import type {
  MediaAnswer,
  MediaEvent,
  MediaKeys,
  MediaOutcome,
  MediaPlan,
  MediaPort,
  ZrtpPeerSecrets,
} from '#main/media/media-port.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import { toHex } from '#shared/bytes/bytes.ts'
import type { CallId, LegId } from '#shared/model/calls.ts'
import { FakeClock, settle } from './fake-clock.ts'
import { GatewayPage } from './gateway-page.ts'
import { LoopbackWire } from './loopback-wire.ts'
import { SeededRandom } from './seeded-random.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { TappedDatagrams } from './tapped-datagrams.ts'

export const call = 'call' as CallId
const leg = 'leg' as LegId

/** Time and network of a test. */
export class GatewayWorld {
  readonly clock = new FakeClock()
  readonly random: SeededRandom
  readonly network: SimulatedNetwork
  readonly loopback = new LoopbackWire()
  readonly sides: GatewaySide[] = []

  constructor(seed: string) {
    this.random = new SeededRandom(seed)
    this.network = new SimulatedNetwork({ clock: this.clock, random: this.random, delay: [1, 9] })
  }

  /** A computer with that address, or several, and a gateway on it; descriptions name the first. */
  async side(hosts: string | readonly [string, ...string[]], zid = this.random.bytes(12)): Promise<GatewaySide> {
    const all = typeof hosts === 'string' ? ([hosts] as const) : hosts
    const [host] = all
    const line = this.loopback.beside(this.network.node([...all]))
    const tap = new TappedDatagrams(line)
    const random = { bytes: (length: number): Uint8Array => this.random.bytes(length) }
    const ports = { datagrams: line, random, clock: this.clock, host: '127.0.0.1' }
    const side = new GatewaySide(this, { host, zid, tap, page: await GatewayPage.open(ports) })
    this.sides.push(side)
    return side
  }

  /** Lets time pass until `work` is done. */
  async drive<T>(work: Promise<T>): Promise<T> {
    const done = { is: false }
    const watched = work.finally(() => (done.is = true))
    watched.catch(() => undefined)
    while (!done.is) {
      await this.clock.advance(5)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return watched
  }

  /** Lets time pass until `isTrue`, at most `ms` of it. */
  async until(isTrue: () => boolean, ms = 60_000): Promise<void> {
    const end = this.clock.monotonic() + ms
    while (!isTrue()) {
      if (this.clock.monotonic() > end) throw new Error('did not come about')
      await this.pass(10)
    }
  }

  /** Lets `ms` pass; DTLS of the page's leg computes on real threads. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms)
    await new Promise((resolve) => setTimeout(resolve, 0))
  }

  async close(): Promise<void> {
    for (const side of this.sides) await side.close()
    await settle()
  }
}

interface Parts {
  readonly host: string
  readonly zid: Uint8Array
  readonly tap: TappedDatagrams
  readonly page: GatewayPage
}

export class GatewaySide {
  readonly gateway: MediaPort
  readonly tap: TappedDatagrams
  readonly page: GatewayPage
  readonly events: MediaEvent[] = []
  /** Kept from call to call, by ZID. */
  readonly secrets = new Map<string, ZrtpPeerSecrets>()
  readonly host: string
  plan: MediaPlan
  readonly #world: GatewayWorld

  constructor(world: GatewayWorld, { host, zid, tap, page }: Parts) {
    this.#world = world
    this.host = host
    this.tap = tap
    this.page = page
    const { clock, random } = world
    this.gateway = createGateway({
      ...{ datagrams: tap, clock, random, keyAgreement: nodeKeyAgreement },
      resolve: (name) => Promise.resolve(name),
    })
    this.plan = {
      ...{ policy: 'zrtp-preferred', signallingSecure: true, verified: false, choseDtls: false, offer: 'zrtp' },
      ...{ video: false, hideAddress: false, relay: null, localHost: host, zid },
    }
    this.gateway.onEvent((event) => this.#hear(event))
  }

  /** The last statement about the keys. */
  get keys(): MediaKeys | null {
    return this.events.findLast((event) => event.kind === 'keys')?.keys ?? null
  }

  get lost(): string | null {
    return this.events.find((event) => event.kind === 'lost')?.why ?? null
  }

  hasLost(why: string): boolean {
    return this.events.some((event) => event.kind === 'lost' && event.why === why)
  }

  /** Payloads the page heard, as text. */
  get heardTexts(): readonly string[] {
    return this.page.heard.map((packet) => Buffer.from(packet.subarray(12)).toString('latin1'))
  }

  /** Whether a datagram that holds the text left for the network. */
  sentInClear(text: string): boolean {
    return this.tap.sentToNetwork.some(({ bytes }) => Buffer.from(bytes).includes(text))
  }

  /** Captures a payload, again if need be: a gateway has its keys of a page a flight later. Whether the other page hears it. */
  async isHeardBy(other: GatewaySide, text: string): Promise<boolean> {
    for (let attempt = 0; attempt < 5 && !other.heardTexts.includes(text); attempt++) {
      this.page.capture(Buffer.from(text))
      await this.#world.pass(50)
    }
    return other.heardTexts.includes(text)
  }

  offer(video = false): Promise<MediaOutcome<{ readonly networkSdp: string }>> {
    const request = { call, leg, rendererSdp: this.page.offer(video), plan: this.plan }
    return this.#world.drive(this.gateway.offer(request))
  }

  async answer(sdp: string, video = false): Promise<MediaOutcome<MediaAnswer>> {
    const request = { call, leg, rendererSdp: this.page.offer(video), sdp, plan: this.plan }
    return this.#connected(await this.#world.drive(this.gateway.answer(request)))
  }

  /** A later offer of the other side. */
  answerAgain(sdp: string): Promise<MediaOutcome<MediaAnswer>> {
    return this.#world.drive(this.gateway.answer({ call, leg, rendererSdp: null, sdp, plan: this.plan }))
  }

  async takeAnswer(sdp: string, branch = 'branch'): Promise<MediaOutcome<MediaAnswer>> {
    return this.#connected(await this.#world.drive(this.gateway.takeAnswer({ call, branch, sdp })))
  }

  reoffer(
    change: Partial<Parameters<MediaPort['reoffer']>[0]> = {},
  ): Promise<MediaOutcome<{ readonly networkSdp: string }>> {
    const before = { call, held: false, rendererSdp: null, video: this.plan.video, restart: false }
    return this.#world.drive(this.gateway.reoffer({ ...before, ...change }))
  }

  async close(): Promise<void> {
    this.page.close()
    await this.gateway.stop()
  }

  #connected(outcome: MediaOutcome<MediaAnswer>): MediaOutcome<MediaAnswer> {
    if (outcome.ok && outcome.value.rendererSdp !== null) this.page.connect(outcome.value.rendererSdp)
    return outcome
  }

  #hear(event: MediaEvent): void {
    this.events.push(event)
    if (event.kind === 'zrtp-peer')
      void this.gateway.zrtpSecrets(call, event.peerZid, this.secrets.get(toHex(event.peerZid)) ?? null)
    if (event.kind !== 'zrtp-retain') return
    const { peerZid, rs1, rs2, verified } = event
    this.secrets.set(toHex(peerZid), { rs1, rs2, verified, name: 'phone' })
  }
}

export const same = (sdp: string): string => sdp

/** An offer from one to the other, and its answer; each may be changed on the way. `up`, or what was refused and why. */
export async function negotiate(
  caller: GatewaySide,
  callee: GatewaySide,
  onTheWay: {
    readonly offer?: (sdp: string) => string
    readonly answer?: (sdp: string) => string
    readonly video?: boolean
  } = {},
): Promise<string> {
  const { offer = same, answer = same, video = false } = onTheWay
  const offered = await caller.offer(video)
  if (!offered.ok) return `offer: ${offered.error}`
  const answered = await callee.answer(offer(offered.value.networkSdp), video)
  if (!answered.ok) return `answer: ${answered.error}`
  const taken = await caller.takeAnswer(answer(answered.value.networkSdp ?? ''))
  return taken.ok ? 'up' : `taken: ${taken.error}`
}
