/** SIP MESSAGE with linphonec, and the delivery notices it sends unasked. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kamailioDomain, kamailioPrograms, startKamailio, type Kamailio } from './kamailio.ts'
import { linphonePrograms, startLinphone, type Linphone } from './linphone.ts'
import { describeWithPeers, waitUntil } from './peers.ts'
import { makeStack, type Stack } from './stack.ts'

const linphonesAor = 'sip:carol@sotto.test'

describeWithPeers('linphonec', [...kamailioPrograms, ...linphonePrograms], () => {
  let kamailio: Kamailio
  let linphone: Linphone
  let alice: Stack
  beforeAll(async () => {
    kamailio = await startKamailio({ digest: 'MD5' })
    linphone = await startLinphone('carol', kamailioDomain, kamailio.ports.sip)
    alice = makeStack('alice', { transport: 'ws', server: `ws://127.0.0.1:${kamailio.ports.ws}/` })
    await alice.port.configure(alice.account)
    await alice.registered()
  })
  afterAll(async () => {
    await alice.port.stop()
    await linphone.stop()
    await kamailio.stop()
  })

  it('gets our text although MSRP was preferred, and its deflated IMDN comes back readable', async () => {
    const sent = await alice.send(linphonesAor, 'salut linphone')
    expect(sent).toEqual({ ok: true, value: { path: 'sip-message', state: 'delivered' } })
    await waitUntil(() => linphone.peer.output().includes('salut linphone'), 'linphonec shows the message')
    const notice = await alice.body('<delivered')
    expect(notice).toMatchObject({
      contentType: expect.stringMatching(/^message\/imdn\+xml/) as string,
      from: linphonesAor,
    })
    expect(linphone.log()).toMatch(/Content-Encoding: *deflate/i)
  })

  it('writes to us', async () => {
    linphone.command('chat sip:alice@sotto.test grüße von linphone')
    const body = await alice.body('grüße von linphone')
    expect(body).toMatchObject({ path: 'sip-message', from: linphonesAor, to: 'sip:alice@sotto.test' })
  })
})
