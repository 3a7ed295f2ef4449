/** Two stacks of ours through a real registrar, proxy and MSRP relay. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { SignallingAccount } from '#main/accounts/signalling-port.ts'
import { kamailioPrograms, startKamailio, type Kamailio } from './kamailio.ts'
import { describeWithPeers, waitUntil } from './peers.ts'
import { makeStack, type Stack } from './stack.ts'

type Transport = SignallingAccount['transport']

function accountAt(kamailio: Kamailio, transport: Transport): Partial<SignallingAccount> {
  const { ws, wss, sip, sips, msrp, msrps } = kamailio.ports
  const extraAuthorities = [kamailio.authorityPem]
  switch (transport) {
    case 'ws':
      return { transport, server: `ws://127.0.0.1:${ws}/` }
    case 'wss':
      return { transport, server: `wss://127.0.0.1:${wss}/`, extraAuthorities }
    case 'tcp':
    case 'udp':
      return { transport, server: `127.0.0.1:${sip}`, msrpRelay: `msrp://127.0.0.1:${msrp};tcp` }
    case 'tls':
      return { transport, server: `127.0.0.1:${sips}`, extraAuthorities, msrpRelay: `msrps://127.0.0.1:${msrps};tcp` }
  }
}

const alicesAor = 'sip:alice@sotto.test'
const bobsAor = 'sip:bob@sotto.test'

describeWithPeers('two stacks through Kamailio', kamailioPrograms, () => {
  let kamailio: Kamailio
  const running: Stack[] = []
  beforeAll(async () => {
    kamailio = await startKamailio()
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((stack) => stack.port.stop()))
  })
  afterAll(() => kamailio.stop())

  async function start(name: string, overrides: Partial<SignallingAccount>): Promise<Stack> {
    const stack = makeStack(name, overrides)
    running.push(stack)
    await stack.port.configure(stack.account)
    return stack
  }

  it.each(['ws', 'wss', 'tcp', 'tls'] as const)(
    'registers, writes both ways and chats over MSRP: %s',
    async (transport) => {
      const alice = await start('alice', accountAt(kamailio, transport))
      const bob = await start('bob', accountAt(kamailio, transport))
      await Promise.all([alice.registered(), bob.registered()])

      expect(await alice.send(bobsAor, 'päger eins', { prefer: 'message' })).toEqual({
        ok: true,
        value: { path: 'sip-message', state: 'delivered' },
      })
      expect(await bob.body('päger eins')).toMatchObject({ path: 'sip-message', from: alicesAor, fromName: 'alice' })
      expect((await bob.send(alicesAor, 'päger zwei', { prefer: 'message' })).ok).toBe(true)
      await alice.body('päger zwei')

      const overMsrp = { ok: true, value: { path: 'msrp', state: 'delivered' } }
      expect(await alice.send(bobsAor, 'over the relay')).toEqual(overMsrp)
      expect(await bob.body('over the relay')).toMatchObject({
        path: 'msrp',
        from: alicesAor,
        contentType: 'text/plain',
      })
      // The answering side uses the same session.
      expect(await bob.send(alicesAor, 'and back')).toEqual(overMsrp)
      expect(await alice.body('and back')).toMatchObject({ path: 'msrp', from: bobsAor })
      expect(bob.events.filter((event) => event.kind === 'chat-session')).toHaveLength(1)
      expect(alice.events.filter((event) => event.kind === 'chat-session')).toHaveLength(0)

      await alice.port.typing(alice.account.id, bob.account.aor, true)
      expect(await bob.body('<state>active</state>')).toMatchObject({ contentType: 'application/im-iscomposing+xml' })

      const long = `${'größer '.repeat(6000)}end`
      expect(await bob.send(alicesAor, long)).toEqual(overMsrp)
      expect(Buffer.from((await alice.body('größer')).payload).toString()).toBe(long)
    },
  )

  it('crosses transports, and many messages at once stay whole and in order', async () => {
    const alice = await start('alice', accountAt(kamailio, 'wss'))
    const bob = await start('bob', accountAt(kamailio, 'tls'))
    await Promise.all([alice.registered(), bob.registered()])
    const texts = Array.from({ length: 50 }, (_, index) => `burst ${index}.`)
    const outcomes = await Promise.all(texts.map((text) => alice.send(bobsAor, text)))
    expect(outcomes.every((outcome) => outcome.ok && outcome.value.state === 'delivered')).toBe(true)
    expect(bob.bodies.map((body) => Buffer.from(body.payload).toString())).toEqual(texts)
  })

  it('delivers what was written while the other was away, once it is safe there', async () => {
    const alice = await start('alice', accountAt(kamailio, 'ws'))
    await alice.registered()
    const sent = await alice.send(bobsAor, 'for later')
    expect(sent).toEqual({ ok: true, value: { path: 'sip-message', state: 'sent' } })
    expect(kamailio.storedMessages()).toBe(1)

    const bob = await start('bob', accountAt(kamailio, 'ws'))
    bob.decide = () => 480
    await bob.registered()
    await bob.body('for later')
    await bob.port.stop()
    await waitUntil(() => kamailio.storedMessages() === 1, 'the refused message stays stored')

    const again = await start('bob', accountAt(kamailio, 'tls'))
    // The store rests for some seconds after a refusal, and sends again at a later REGISTER.
    const asking = setInterval(() => void again.port.reconnect(again.account.id), 1500)
    const body = await again.body('for later').finally(() => clearInterval(asking))
    expect(body.storedAt).toBeGreaterThan(Date.now() - 60_000)
    expect(body.from).toBe(alicesAor)
    await waitUntil(() => kamailio.storedMessages() === 0, 'the taken message leaves the store', 15_000)
  })

  it('copies to the own address are told apart from everything else', async () => {
    const first = await start('alice', accountAt(kamailio, 'ws'))
    const second = await start('alice', accountAt(kamailio, 'tcp'))
    await Promise.all([first.registered(), second.registered()])
    expect((await first.send(alicesAor, 'own copy', { prefer: 'message' })).ok).toBe(true)
    expect(await second.body('own copy')).toMatchObject({ fromSelf: true, from: alicesAor })
  })

  it('tells a wrong password from everything else, and asks once', async () => {
    const alice = makeStack('alice', accountAt(kamailio, 'ws'))
    running.push(alice)
    await alice.port.configure({
      ...alice.account,
      credentials: { ...alice.account.credentials, password: Buffer.from('nonsense') },
    })
    await waitUntil(() => alice.events.some(isFailed), 'the registration fails')
    expect(alice.events.find(isFailed)).toMatchObject({ connection: { reason: 'wrong-password' } })
  })

  it('pins realm and HA1 at the first registration and needs no password after it', async () => {
    const first = await start('alice', accountAt(kamailio, 'tcp'))
    await first.registered()
    const learned = first.events.find((event) => event.kind === 'credentials')
    expect(learned?.credentials).toMatchObject({ realm: 'sotto.test', strongest: 'SHA-256', password: null })
    await first.port.stop()
    const second = await start('alice', { ...accountAt(kamailio, 'tcp'), credentials: learned!.credentials })
    await second.registered()
    expect(second.events.some((event) => event.kind === 'credentials')).toBe(false)
  })

  it('explains a certificate that is not the domain’s, and takes it once its key is pinned', async () => {
    const untrusted = await start('alice', { ...accountAt(kamailio, 'wss'), extraAuthorities: [] })
    await waitUntil(() => untrusted.events.some((event) => event.kind === 'certificate'), 'a certificate problem')
    const seen = untrusted.events.find((event) => event.kind === 'certificate')
    expect(seen?.problem).toMatchObject({ reason: 'untrusted', expectedName: 'sotto.test' })
    expect(seen?.problem.spkiSha256).toBe(kamailio.spkiSha256)
    const pinned = { extraAuthorities: [], spkiPins: [kamailio.spkiSha256] }
    const trusted = await start('alice', { ...accountAt(kamailio, 'wss'), ...pinned })
    await trusted.registered()
  })

  it('goes back to SIP MESSAGE when the other side takes no chat session', async () => {
    const alice = await start('alice', accountAt(kamailio, 'ws'))
    const bob = await start('bob', { ...accountAt(kamailio, 'tcp'), msrpRelay: 'none' })
    await Promise.all([alice.registered(), bob.registered()])
    for (const text of ['first without msrp', 'second without msrp']) {
      const sent = await alice.send(bobsAor, text)
      expect(sent).toEqual({ ok: true, value: { path: 'sip-message', state: 'delivered' } })
    }
    const texts = bob.bodies.map((body) => Buffer.from(body.payload).toString())
    expect(texts).toEqual(['first without msrp', 'second without msrp'])
  })

  it('falls back with the same bytes when a session died without a word', async () => {
    const alice = await start('alice', accountAt(kamailio, 'ws'))
    const bob = await start('bob', accountAt(kamailio, 'ws'))
    await Promise.all([alice.registered(), bob.registered()])
    expect(await alice.send(bobsAor, 'before')).toMatchObject({ ok: true, value: { path: 'msrp' } })
    bob.cut()
    // The relay goes on answering 200; only our own time-out notices.
    const sent = await alice.send(bobsAor, 'after')
    expect(sent).toMatchObject({ ok: true, value: { path: 'sip-message', state: 'sent' } })
    expect(kamailio.storedMessages()).toBe(1)
  })
})

function isFailed(event: Stack['events'][number]): boolean {
  return event.kind === 'connection' && event.connection.kind === 'failed'
}
