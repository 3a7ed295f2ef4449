/** A call between two media gateways, each with a page of its own, over a line that loses packets; signalling loses nothing. */
import { createGateway } from '#main/media/gateway.ts'
import type { MediaEvent, MediaKeys, MediaPlan, MediaPort } from '#main/media/media-port.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import { buildRtpPacket } from '#protocol/rtp/packet.ts'
import type { CallId, LegId } from '#shared/model/calls.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { MediaPage } from './media-page.ts'

const call = 'call' as CallId
const leg = 'leg' as LegId
/** Opus, as Chromium numbers it. */
const opus = 111
const packetMs = 20
const samplesPerPacket = 960
/** Just below the end, so that the count rolls over under loss. */
const firstSequenceNumber = 0xff00

export interface CallSide {
  readonly datagrams: DatagramsPort
  /** Where the gateway's sockets are, on the line and for its page. */
  readonly host: string
  readonly random: RandomPort
}

/** One side: gateway, page, and everything that it was told. */
export class LossyCallEnd {
  readonly gateway: MediaPort
  readonly page: MediaPage
  readonly keys: MediaKeys[] = []
  readonly lost: string[] = []
  /** Packets of the other side's page that this page could read. */
  heard = 0
  refused = 0
  sent = 0
  onRestart: () => void = () => undefined
  readonly #plan: MediaPlan

  private constructor(gateway: MediaPort, page: MediaPage, plan: MediaPlan) {
    this.gateway = gateway
    this.page = page
    this.#plan = plan
    gateway.onEvent((event) => this.#hear(event))
    page.onPacket = (sealed) => {
      if (typeof page.unprotect(sealed) === 'string') this.refused += 1
      else this.heard += 1
    }
  }

  static async open({ datagrams, host, random }: CallSide, clock: ClockPort): Promise<LossyCallEnd> {
    const resolve = (name: string): Promise<string> => Promise.resolve(name)
    const gateway = createGateway({ datagrams, clock, random, keyAgreement: nodeKeyAgreement, resolve })
    const plan: MediaPlan = {
      ...{ policy: 'zrtp-required', offer: 'zrtp', signallingSecure: true, verified: false, choseDtls: false },
      ...{ video: false, hideAddress: false, relay: null, localHost: host, zid: random.bytes(12) },
    }
    return new LossyCallEnd(gateway, await MediaPage.open({ datagrams, clock, random, host }), plan)
  }

  async offer(): Promise<string> {
    return taken(await this.gateway.offer({ call, leg, rendererSdp: this.page.offer(), plan: this.#plan })).networkSdp
  }

  /** Answers the first offer, or a later one; the page's answer goes where it belongs. */
  async answer(sdp: string, isFirst: boolean): Promise<string> {
    const rendererSdp = isFirst ? this.page.offer() : null
    const answer = taken(await this.gateway.answer({ call, leg, rendererSdp, sdp, plan: this.#plan }))
    if (answer.rendererSdp !== null) void this.page.connect(answer.rendererSdp)
    if (answer.networkSdp === null) throw new Error('no answer')
    return answer.networkSdp
  }

  async takeAnswer(sdp: string): Promise<void> {
    const { rendererSdp } = taken(await this.gateway.takeAnswer({ call, branch: '', sdp }))
    if (rendererSdp !== null) void this.page.connect(rendererSdp)
  }

  async reoffer(): Promise<string> {
    const change = { held: false, rendererSdp: null, video: false, restart: true }
    return taken(await this.gateway.reoffer({ call, ...change })).networkSdp
  }

  /** The next packet of sound. */
  speak(): void {
    this.sent += 1
    const fields = {
      ...{ payloadType: opus, ssrc: this.page.ssrcs.audio, sequenceNumber: firstSequenceNumber + this.sent },
      timestamp: this.sent * samplesPerPacket,
    }
    this.page.raw(this.page.protect(buildRtpPacket(fields, new Uint8Array(80).fill(this.sent & 0xff))))
  }

  async close(): Promise<void> {
    await this.gateway.stop()
    this.page.close()
  }

  #hear(event: MediaEvent): void {
    if (event.kind === 'zrtp-peer') void this.gateway.zrtpSecrets(call, event.peerZid, null)
    else if (event.kind === 'keys') this.keys.push(event.keys)
    else if (event.kind === 'lost') this.lost.push(event.why)
    else if (event.kind === 'restart-needed') this.onRestart()
  }
}

function taken<T>(
  outcome: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string },
): T {
  if (!outcome.ok) throw new Error(outcome.error)
  return outcome.value
}

export class LossyCall {
  readonly caller: LossyCallEnd
  readonly callee: LossyCallEnd
  /** ICE restarts so far. */
  restarts = 0
  readonly #clock: ClockPort
  #turn: Promise<void> = Promise.resolve()
  #isRestarting = false
  #isOver = false

  private constructor(clock: ClockPort, caller: LossyCallEnd, callee: LossyCallEnd) {
    this.#clock = clock
    this.caller = caller
    this.callee = callee
    caller.onRestart = () => this.#restart(caller, callee)
    callee.onRestart = () => this.#restart(callee, caller)
  }

  /** Opens both sides and exchanges descriptions. */
  static async start(clock: ClockPort, caller: CallSide, callee: CallSide): Promise<LossyCall> {
    const made = new LossyCall(clock, await LossyCallEnd.open(caller, clock), await LossyCallEnd.open(callee, clock))
    const offer = await made.caller.offer()
    await made.caller.takeAnswer(await made.callee.answer(offer, true))
    return made
  }

  get isSecure(): boolean {
    return [this.caller, this.callee].every(({ keys }) => keys.some(({ method }) => method === 'zrtp'))
  }

  /** Both speak, every 20 ms, until {@link close}. */
  speak(): void {
    if (this.#isOver) return
    this.#clock.after(packetMs, () => this.speak())
    this.caller.speak()
    this.callee.speak()
  }

  async close(): Promise<void> {
    this.#isOver = true
    await this.caller.close()
    await this.callee.close()
  }

  /** What main does when the path is gone: it offers again; where both ask for it, once is enough. */
  #restart(from: LossyCallEnd, to: LossyCallEnd): void {
    if (this.#isRestarting || this.#isOver) return
    this.#isRestarting = true
    this.restarts += 1
    this.#turn = this.#turn.then(async () => {
      const offer = await from.reoffer()
      await from.takeAnswer(await to.answer(offer, false))
      this.#isRestarting = false
    })
  }
}
