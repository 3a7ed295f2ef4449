/** Some of what `npm run matrix features` tries in full. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kamailioPrograms, startKamailio, type Kamailio } from '../kamailio.ts'
import { linphonePrograms } from '../linphone.ts'
import { describeWithPeers } from '../peers.ts'
import { baresipPrograms } from './baresip-phone.ts'
import { features } from './features.ts'
import { forkFeatures } from './fork-features.ts'
import { homeFeatures } from './home-features.ts'
import { startPageEngine, type PageEngine } from './page-engine.ts'
import { playScene } from './scene.ts'

const chosen = [
  ...['hold by phone linphone', 'digits linphone', 'compared linphone', 'refused linphone'],
  ...['forked early linphone, not baresip', 'echo zrtp tls video linphone', 'echo sdes tcp video baresip'],
]
const all = [...features, ...forkFeatures, ...homeFeatures]

describeWithPeers('a phone', [...kamailioPrograms, ...linphonePrograms, ...baresipPrograms], () => {
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

  it.each(chosen)('%s', { timeout: 90_000 }, async (name) => {
    const feature = all.find((candidate) => candidate.name === name)
    const fault = feature === undefined ? 'there is no such feature' : await playScene(kamailio, engine, feature.run)
    expect(fault).toBeNull()
  })
})
