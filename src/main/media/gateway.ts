/** {@link MediaPort} on real sockets: the calls of this run, each with its media. Runs in the media worker, or in-process. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { err } from '#shared/result.ts'
import type { TurnServer } from '#protocol/ice/turn-socket.ts'
import type { KeyAgreementPort } from '#protocol/zrtp/key-agreement.ts'
import { makeLoopbackCertificate, type LoopbackCertificate } from './loopback/dtls-client.ts'
import type { MediaAnswer, MediaEvent, MediaOutcome, MediaPlan, MediaPort } from './media-port.ts'
import { inspectOffer } from './description/inspect-offer.ts'
import { CallMedia } from './session/call-media.ts'

export interface GatewayPorts {
  readonly datagrams: DatagramsPort
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly keyAgreement: KeyAgreementPort
  /** Numeric address of a relay's name; null where it has none. */
  readonly resolve: (host: string) => Promise<string | null>
}

type Request<M extends 'offer' | 'takeAnswer' | 'answer' | 'reoffer'> = Parameters<MediaPort[M]>[0]

/** Makes the gateway; its certificate for the loopback legs is made in the background. */
export function createGateway(ports: GatewayPorts): MediaPort {
  return new Gateway(ports)
}

class Gateway implements MediaPort {
  readonly #ports: GatewayPorts
  readonly #certificate: Promise<LoopbackCertificate>
  readonly #calls = new Map<CallId, CallMedia>()
  readonly #handlers = new Set<(event: MediaEvent) => void>()
  #isStopped = false

  constructor(ports: GatewayPorts) {
    this.#ports = ports
    this.#certificate = makeLoopbackCertificate()
  }

  inspect(sdp: string | null): Promise<{ readonly video: boolean } | null> {
    return Promise.resolve(inspectOffer(sdp))
  }

  async offer({ call, rendererSdp, plan }: Request<'offer'>): Promise<MediaOutcome<{ networkSdp: string }>> {
    return (await this.#open(call, plan))?.offer(rendererSdp) ?? err('engine')
  }

  async takeAnswer({ call, ...answer }: Request<'takeAnswer'>): Promise<MediaOutcome<MediaAnswer>> {
    return this.#calls.get(call)?.takeAnswer(answer) ?? err('engine')
  }

  async answer({ call, rendererSdp, sdp, plan }: Request<'answer'>): Promise<MediaOutcome<MediaAnswer>> {
    return (await this.#open(call, plan))?.answer(sdp, rendererSdp) ?? err('engine')
  }

  async reoffer({ call, ...change }: Request<'reoffer'>): Promise<MediaOutcome<{ networkSdp: string }>> {
    return this.#calls.get(call)?.reoffer(change) ?? err('engine')
  }

  takeBack({ call, ...before }: Parameters<MediaPort['takeBack']>[0]): Promise<{ rendererSdp: string | null }> {
    return Promise.resolve({ rendererSdp: this.#calls.get(call)?.takeBack(before) ?? null })
  }

  zrtpSecrets(...[call, _peerZid, secrets, branch]: Parameters<MediaPort['zrtpSecrets']>): Promise<void> {
    this.#calls.get(call)?.provideSecrets(secrets, branch ?? null)
    return Promise.resolve()
  }

  compared(call: CallId, equal: boolean): Promise<void> {
    this.#calls.get(call)?.compared(equal)
    return Promise.resolve()
  }

  sendDigit(call: CallId, digit: string): Promise<void> {
    this.#calls.get(call)?.sendDigit(digit)
    return Promise.resolve()
  }

  network(call: CallId): Promise<CallNetworkView | null> {
    return Promise.resolve(this.#calls.get(call)?.network() ?? null)
  }

  networkChanged(): Promise<void> {
    for (const call of this.#calls.keys()) this.#raise({ kind: 'restart-needed', call })
    return Promise.resolve()
  }

  close(call: CallId): Promise<void> {
    this.#calls.get(call)?.close()
    this.#calls.delete(call)
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const call of [...this.#calls.keys()]) await this.close(call)
  }

  onEvent(handler: (event: MediaEvent) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  /** Null once the gateway was stopped, also meanwhile: nobody would close the call. */
  async #open(call: CallId, plan: MediaPlan): Promise<CallMedia | null> {
    const certificate = await this.#certificate
    const known = this.#calls.get(call)
    if (known !== undefined) return known
    const relay = await this.#relayOf(plan)
    const again = this.#calls.get(call)
    if (again !== undefined) return again
    if (this.#isStopped) return null
    const { datagrams, random, clock } = this.#ports
    const raise = (event: MediaEvent): void => {
      if (this.#calls.has(call)) this.#raise(event)
    }
    const media = new CallMedia(call, plan, {
      ...{ datagrams, random, clock, certificate, relay, raise },
      zrtp: this.#ports,
    })
    this.#calls.set(call, media)
    return media
  }

  async #relayOf({ relay }: MediaPlan): Promise<TurnServer | null> {
    if (relay === null) return null
    const host = await this.#ports.resolve(relay.host)
    const { port, username, password } = relay
    return host === null ? null : { address: { host, port }, credentials: { username, password } }
  }

  #raise(event: MediaEvent): void {
    for (const handler of [...this.#handlers]) handler(event)
  }
}
