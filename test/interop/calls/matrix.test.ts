/** Calls with real phones, sound proven both ways: some of the matrix that `npm run matrix` prints in full. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kamailioPrograms, startKamailio, type Kamailio } from '../kamailio.ts'
import { linphonePrograms } from '../linphone.ts'
import { describeWithPeers } from '../peers.ts'
import { baresipPrograms } from './baresip-phone.ts'
import { nameOf, runCase, type CallCase } from './matrix.ts'
import { startPageEngine, type PageEngine } from './page-engine.ts'

const cases: readonly CallCase[] = [
  { peer: 'linphone', keys: 'zrtp', codec: 'opus', direction: 'out' },
  { peer: 'linphone', keys: 'zrtp', codec: 'PCMU', direction: 'in' },
  { peer: 'linphone', keys: 'dtls', codec: 'PCMA', direction: 'in' },
  { peer: 'linphone', keys: 'dtls', codec: 'opus', direction: 'out' },
  { peer: 'baresip', keys: 'sdes', codec: 'opus', direction: 'in' },
  { peer: 'baresip', keys: 'dtls', codec: 'PCMU', direction: 'out' },
]

describeWithPeers('calls with phones', [...kamailioPrograms, ...linphonePrograms, ...baresipPrograms], () => {
  let kamailio: Kamailio
  let engine: PageEngine
  beforeAll(async () => {
    kamailio = await startKamailio({ digest: 'MD5', udp: true })
    engine = await startPageEngine()
  })
  afterAll(async () => {
    await engine.stop()
    await kamailio.stop()
  })

  it.each(cases.map((call) => [nameOf(call), call] as const))('%s', { timeout: 60_000 }, async (_name, call) => {
    const { fault } = await runCase(call, kamailio, engine)
    expect(fault).toBeNull()
  })
})
