/** Our stack over UDP at a real proxy, with a real phone. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SessionEvent, SipSession, UserAgent } from '#protocol/sip/user-agent/user-agent.ts'
import { kamailioDomain, kamailioPrograms, startKamailio, type Kamailio } from './kamailio.ts'
import { linphonePrograms, startLinphone, type Linphone } from './linphone.ts'
import { describeWithPeers, waitUntil } from './peers.ts'
import { phoneAt } from './phone.ts'
import { makeStack, type Stack } from './stack.ts'

/** A description a phone can take: PCMU to a port where nobody listens. */
const audio =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n'

const exchange = {
  isCall: true,
  createOffer: () => Promise.resolve(audio),
  createAnswer: () => Promise.resolve(audio),
  applyAnswer: () => undefined,
}

function heard(session: SipSession): SessionEvent[] {
  const events: SessionEvent[] = []
  session.onEvent((event) => events.push(event))
  return events
}

const has = (events: readonly SessionEvent[], kind: SessionEvent['kind']): boolean =>
  events.some((event) => event.kind === kind)

describeWithPeers('UDP', [...kamailioPrograms, ...linphonePrograms], () => {
  let kamailio: Kamailio
  let linphone: Linphone
  const stacks: Stack[] = []
  const phones: UserAgent[] = []
  beforeAll(async () => {
    kamailio = await startKamailio({ digest: 'MD5', udp: true })
    linphone = await startLinphone('carol', kamailioDomain, kamailio.ports.sip, { transport: 'udp' })
  })
  afterAll(async () => {
    await Promise.all(stacks.map((stack) => stack.port.stop()))
    await Promise.all(phones.map((agent) => agent.stop()))
    await linphone.stop()
    await kamailio.stop()
  })

  it('registers and writes both ways, also what is too large for a datagram', async () => {
    const { sip, msrp } = kamailio.ports
    for (const name of ['alice', 'bob']) {
      const server = `127.0.0.1:${sip}`
      const stack = makeStack(name, { transport: 'udp', server, msrpRelay: `msrp://127.0.0.1:${msrp};tcp` })
      stacks.push(stack)
      await stack.port.configure(stack.account)
      await stack.registered()
    }
    const [alice, bob] = stacks as [Stack, Stack]
    const delivered = { ok: true, value: { path: 'sip-message', state: 'delivered' } }
    expect(await alice.send('sip:bob@sotto.test', 'über UDP', { prefer: 'message' })).toEqual(delivered)
    expect(await bob.body('über UDP')).toMatchObject({ path: 'sip-message', from: 'sip:alice@sotto.test' })
    const large = `large ${'x'.repeat(6_000)}`
    expect(await bob.send('sip:alice@sotto.test', large, { prefer: 'message' })).toEqual(delivered)
    expect((await alice.body('large')).payload.length).toBe(large.length)
    const overMsrp = { ok: true, value: { path: 'msrp', state: 'delivered' } }
    expect(await alice.send('sip:bob@sotto.test', 'over the relay')).toEqual(overMsrp)
    await Promise.all(stacks.splice(0).map((stack) => stack.port.stop()))
  })

  it('calls linphonec, holds, and hangs up', async () => {
    const { agent } = await phoneAt(kamailio.ports.sip, 'alice')
    phones.push(agent)
    const call = agent.invite('sip:carol@sotto.test', exchange)
    const events = heard(call)
    await waitUntil(() => has(events, 'progress'), 'linphonec rings')
    linphone.command('answer')
    await waitUntil(() => has(events, 'established'), `the call comes up; saw ${JSON.stringify(events)}`)
    const held = await call.renegotiate(() => Promise.resolve(`${audio}a=sendonly\r\n`.replace('1 1 IN', '1 2 IN')))
    expect(held.ok && held.value).toMatch(/a=recvonly/)
    call.end()
    await waitUntil(() => has(events, 'ended'), 'the call ends')
    await waitUntil(() => /LinphoneCallEnd\b/.test(linphone.log()), 'linphonec hangs up')
  })

  it('is called by linphonec, and hung up on', async () => {
    const { agent, sessions } = await phoneAt(kamailio.ports.sip, 'bob')
    phones.push(agent)
    linphone.command('call sip:bob@sotto.test')
    await waitUntil(() => sessions.length > 0, 'we ring')
    const [call] = sessions as [SipSession]
    expect(call.offer).toContain('m=audio')
    expect(call.remote.aor).toBe('sip:carol@sotto.test')
    const events = heard(call)
    call.accept(exchange)
    await waitUntil(() => has(events, 'established'), `the call comes up; saw ${JSON.stringify(events)}`)
    linphone.command('terminate')
    await waitUntil(() => has(events, 'ended'), 'linphonec hangs up')
  })
})
