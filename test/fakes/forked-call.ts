/** One gateway that calls, and gateways that answer its offer as the branches of a fork: simulated network, real keys. */
import { readFileSync } from 'node:fs'
import { createGateway } from '#main/media/gateway.ts'
import type { MediaAnswer, MediaEvent, MediaOutcome, MediaPlan, MediaPort } from '#main/media/media-port.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import type { CallId, LegId } from '#shared/model/calls.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import { FakeClock } from './fake-clock.ts'
import { SeededRandom } from './seeded-random.ts'
import { SimulatedNetwork } from './simulated-network.ts'

export const call = 'call' as CallId
export const leg = 'leg' as LegId

const chromium = readFileSync(new URL('../fixtures/chromium/offer-audio.sdp', import.meta.url), 'utf8')

/** What Chromium offers on the `n`th leg of a call: another user fragment and SSRC, the same certificate. */
export function legOffer(n: number): string {
  return chromium.replaceAll(/a=ice-ufrag:.*/g, `a=ice-ufrag:leg${n}`).replaceAll('2606299615', `26062996${10 + n}`)
}

export function planFor(change: Partial<MediaPlan> = {}): MediaPlan {
  return {
    ...{ policy: 'zrtp-preferred', offer: 'zrtp', signallingSecure: true, verified: false, choseDtls: false },
    ...{ video: false, hideAddress: false, relay: null, localHost: '192.0.2.1', zid: new Uint8Array(12).fill(1) },
    ...change,
  }
}

/** A gateway at an address of its own, and all that it told. */
export interface Side {
  readonly host: string
  readonly gateway: MediaPort
  readonly events: MediaEvent[]
}

export class ForkedCall {
  readonly clock = new FakeClock()
  readonly network: SimulatedNetwork
  readonly caller: Side
  /** Sockets and timers of all gateways that are not closed. */
  readonly open = { sockets: new Set<unknown>(), timers: new Set<unknown>() }
  offered = ''

  constructor(seed = 'fork') {
    this.network = new SimulatedNetwork({ clock: this.clock, random: new SeededRandom(seed), delay: [5, 20] })
    this.caller = this.#side('192.0.2.1')
  }

  async offer(change: Partial<MediaPlan> = {}): Promise<string> {
    const plan = planFor(change)
    const made = await this.caller.gateway.offer({ call, leg, rendererSdp: legOffer(1), plan })
    if (!made.ok) throw new Error(made.error)
    this.offered = made.value.networkSdp
    return this.offered
  }

  /** Another device that answers the offer. */
  async answering(n: number, change: Partial<MediaPlan> = {}): Promise<Side & { readonly sdp: string }> {
    const side = this.#side(`198.51.100.${n}`)
    const plan = planFor({ localHost: side.host, zid: new Uint8Array(12).fill(16 + n), ...change })
    const made = await side.gateway.answer({ call, leg, rendererSdp: legOffer(20 + n), sdp: this.offered, plan })
    if (!made.ok) throw new Error(made.error)
    return { ...side, sdp: made.value.networkSdp ?? '' }
  }

  take(
    branch: string | null,
    sdp: string,
    how: { readonly early?: boolean; readonly leg?: string } = {},
  ): Promise<MediaOutcome<MediaAnswer>> {
    const { early = true, leg: rendererSdp } = how
    return this.caller.gateway.takeAnswer({ call, branch, sdp, early, ...(rendererSdp && { rendererSdp }) })
  }

  /** What the caller was told of one kind, by branch. */
  told<K extends MediaEvent['kind']>(kind: K): readonly Extract<MediaEvent, { kind: K }>[] {
    return this.caller.events.filter((event): event is Extract<MediaEvent, { kind: K }> => event.kind === kind)
  }

  #side(host: string): Side {
    const node = this.network.node([host, '127.0.0.1'])
    const events: MediaEvent[] = []
    const gateway = createGateway({
      datagrams: this.#counted({ bind: (at) => node.bind(at), localAddresses: () => [host] }),
      clock: this.#countedClock(),
      random: new SeededRandom(`gateway ${host}`),
      keyAgreement: nodeKeyAgreement,
      resolve: (name) => Promise.resolve(name),
    })
    gateway.onEvent((event) => {
      events.push(event)
      const question = event.branch === undefined ? [] : ([event.branch] as const)
      if (event.kind === 'zrtp-peer') void gateway.zrtpSecrets(call, event.peerZid, null, ...question)
    })
    return { host, gateway, events }
  }

  #counted(datagrams: DatagramsPort): DatagramsPort {
    const { sockets } = this.open
    return {
      localAddresses: () => datagrams.localAddresses(),
      bind: async (at) => {
        const bound = await datagrams.bind(at)
        if (!bound.ok) return bound
        const socket = bound.value
        sockets.add(socket)
        const close = (): void => {
          sockets.delete(socket)
          socket.close()
        }
        return { ok: true, value: { ...socket, close } }
      },
    }
  }

  #countedClock(): ClockPort {
    const { timers } = this.open
    const { clock } = this
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, run) => {
        const timer: Timer = {
          cancel: () => {
            timers.delete(timer)
            inner.cancel()
          },
        }
        const inner = clock.after(ms, () => {
          timers.delete(timer)
          run()
        })
        timers.add(timer)
        return timer
      },
    }
  }
}
