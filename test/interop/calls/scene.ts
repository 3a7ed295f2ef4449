/** The stage of one feature: phones, our account and a relay, all put away afterwards. */
import type { TurnServer } from '#protocol/ice/turn-socket.ts'
import { ownAddress, startCoturn } from '../coturn.ts'
import { kamailioDomain, type Kamailio } from '../kamailio.ts'
import { startBaresipPhone } from './baresip-phone.ts'
import { accessTo, startCaller, type Access, type Caller, type CallerOptions } from './caller.ts'
import { startHomePlace, type HomePlace } from './home-place.ts'
import { keepFiles } from './keep-files.ts'
import { startLinphonePhone } from './linphone-phone.ts'
import type { PageEngine } from './page-engine.ts'
import type { PhoneOptions, RealPhone } from './phone.ts'

export type PhoneKind = 'linphone' | 'baresip'

export interface Scene {
  readonly engine: PageEngine
  /** ZRTP and Opus by default. */
  phone(kind: PhoneKind, options: Partial<PhoneOptions>): Promise<RealPhone>
  /** At Kamailio, or where it is told. */
  caller(options?: CallerOptions, at?: Access['transport'] | Access): Promise<Caller>
  /** Our home server, for the same users. */
  home(): Promise<HomePlace>
  /** On loopback, or where phones with ICE reach it. */
  relay(hasIce: boolean): Promise<TurnServer>
}

/** Plays something; null, or what went wrong. */
export async function playScene(
  kamailio: Kamailio,
  engine: PageEngine,
  act: (scene: Scene) => Promise<void>,
): Promise<string | null> {
  const running: (() => Promise<void>)[] = []
  const keep = <T extends { stop(): Promise<void> }>(made: T): T => {
    running.unshift(() => made.stop())
    return made
  }
  try {
    await act({
      engine,
      phone: async (kind, options) => {
        const port = options.transport === 'tls' ? kamailio.ports.sips : kamailio.ports.sip
        const place = { port, domain: kamailioDomain, authorityPem: kamailio.authorityPem }
        const start = kind === 'linphone' ? startLinphonePhone : startBaresipPhone
        const phone = keep(await start({ ...place, keys: 'zrtp', codec: 'opus', ...options }))
        running.unshift(() => keepFiles(kind, phone))
        return phone
      },
      caller: async (options, at) =>
        keep(await startCaller(typeof at === 'object' ? at : accessTo(kamailio, at), engine, options)),
      home: async () => keep(await startHomePlace()),
      relay: async (hasIce) => {
        const { server, peer } = await startCoturn(hasIce ? ownAddress() : '127.0.0.1')
        keep(peer)
        return server
      },
    })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    for (const stop of running) await stop()
  }
}
