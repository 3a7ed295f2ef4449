import { describe, expect, it } from 'vitest'
import { headerLines, parseRoutes, withHeader } from '#protocol/sip/headers.ts'
import { parseChallenges, type DigestAlgorithm } from '#protocol/sip/digest.ts'
import type { FlowTransport } from './flow.ts'
import { isElsewhere, readReason } from '#protocol/sip/user-agent/reason-header.ts'
import type { SipRequest, SipResponse } from '#protocol/sip/message.ts'
import { settle } from '#test/fakes/fake-clock.ts'
import { domain, FakeDomain, valueOf, type FakePhone } from '#test/fakes/sip-domain.ts'

const bob = `sip:bob@${domain}`

/** In-dialog request of `phone`, along the route set of the dialog that `answer` confirmed (RFC 3261 §12.1.2). */
function inDialog(
  phone: FakePhone,
  method: string,
  dialog: { invite: SipRequest; answer: SipResponse; caller: boolean },
): SipRequest {
  const { invite, answer, caller } = dialog
  const routes = parseRoutes(answer, 'record-route').map(({ uri }) => ({ name: 'route', value: `<${uri}>` }))
  const [local, remote] = caller
    ? [valueOf(invite, 'from'), valueOf(answer, 'to')]
    : [valueOf(answer, 'to'), valueOf(invite, 'from')]
  const target = /<([^>]+)>/.exec(valueOf(caller ? answer : invite, 'contact'))?.[1] ?? ''
  return phone.build(method, target, {
    ...{ from: local, to: remote, callId: valueOf(invite, 'call-id'), sequence: 900 },
    headers: caller ? routes.reverse() : routes,
  })
}

async function call(alice: FakePhone, bobPhone: FakePhone): Promise<{ invite: SipRequest; answer: SipResponse }> {
  const contact = { name: 'contact', value: `<${alice.contact}>` }
  const answer = await alice.send('INVITE', bob, { headers: [contact] })
  const invite = bobPhone.got('INVITE')[0]
  if (invite === undefined) throw new Error('no INVITE arrived')
  return { invite, answer }
}

describe('REGISTER', () => {
  const asked = async (world: FakeDomain, user: string, transport: FlowTransport): Promise<DigestAlgorithm[]> => {
    const phone = world.phone(user, { transport })
    const challenge = await phone.send('REGISTER', `sip:${domain}`, { to: `<sip:${user}@${domain}>`, answer: false })
    expect(challenge.status).toBe(401)
    return parseChallenges(headerLines(challenge, 'www-authenticate')).map(({ algorithm }) => algorithm)
  }

  it.each(['udp', 'tcp', 'tls', 'ws', 'wss'] as const)('asks for SHA-256 alone over %s', async (transport) => {
    const world = new FakeDomain()
    world.lettingPhonesIn.add('bob')
    for (const user of ['alice', 'nobody']) expect(await asked(world, user, transport)).toEqual(['SHA-256'])
  })

  it.each(['udp', 'tcp', 'tls'] as const)('asks for MD5 alone over %s where phones are let in', async (transport) => {
    const world = new FakeDomain()
    world.lettingPhonesIn.add('alice')
    expect(await asked(world, 'alice', transport)).toEqual(['MD5'])
    expect((await world.phone('alice', { transport }).register()).status).toBe(200)
  })

  it.each(['ws', 'wss'] as const)(
    'offers both over %s where phones are let in, and takes either',
    async (transport) => {
      const world = new FakeDomain()
      world.lettingPhonesIn.add('alice')
      expect(await asked(world, 'alice', transport)).toEqual(['SHA-256', 'MD5'])
      for (const algorithm of ['MD5', 'SHA-256'] as const) {
        const options = { to: `<sip:alice@${domain}>`, algorithm }
        expect((await world.phone('alice', { transport }).send('REGISTER', `sip:${domain}`, options)).status).toBe(200)
      }
    },
  )

  it('takes no MD5 that it did not ask for', async () => {
    const world = new FakeDomain()
    const phone = world.phone('alice')
    const to = `<sip:alice@${domain}>`
    const challenge = await phone.send('REGISTER', `sip:${domain}`, { to, answer: false })
    const nonce = /nonce="([^"]*)"/.exec(valueOf(challenge, 'www-authenticate'))?.[1] ?? ''
    const weak = {
      name: 'www-authenticate',
      value: `Digest realm="${domain}", nonce="${nonce}", algorithm=MD5, qop="auth"`,
    }
    const request = phone.build('REGISTER', `sip:${domain}`, { to })
    const answer = phone.authorize(request, { ...challenge, headers: [weak] })
    expect((await phone.transact(answer)).status).toBe(401)
  })

  it('binds a device once, whatever its contact, and lists it with a GRUU', async () => {
    const world = new FakeDomain()
    const instance = 'urn:uuid:11111111-2222-4333-8444-555555555555'
    await world.registered('alice', { instance })
    const again = await world.phone('alice', { instance }).register()
    expect(headerLines(again, 'contact')).toHaveLength(1)
    expect(valueOf(again, 'contact')).toContain(`pub-gruu="sip:alice@${domain};gr=${instance}"`)
    expect(valueOf(again, 'require')).toBe('outbound')
    expect(Number(valueOf(again, 'flow-timer'))).toBeGreaterThan(0)
    expect(world.mailbox.devices('alice')).toEqual([instance])
    expect(world.proxy.bindings('alice').map((binding) => binding.instance)).toEqual([instance])
  })

  it('answers 423 below the minimum, caps at the maximum, and forgets at expiry and at close', async () => {
    const world = new FakeDomain()
    const phone = world.phone('alice')
    const brief = await phone.register([], 5)
    expect([brief.status, valueOf(brief, 'min-expires')]).toEqual([423, '30'])
    const long = await phone.register([], 999_999)
    expect(valueOf(long, 'contact')).toContain(';expires=7200')
    await world.clock.advance(7_200_001)
    expect(world.proxy.bindings('alice')).toEqual([])
    await phone.register()
    expect(world.proxy.bindings('alice')).toHaveLength(1)
    phone.flow.close()
    expect(world.proxy.bindings('alice')).toEqual([])
    expect(world.proxy.counts).toEqual({ flows: 0, transactions: 0, bindings: 0 })
  })

  it('removes one contact with expires=0 and all with a star', async () => {
    const world = new FakeDomain()
    const [one, two] = [await world.registered('alice'), await world.registered('alice')]
    expect(headerLines(await one.register([], 0), 'contact')).toHaveLength(1)
    const star = [{ name: 'contact', value: '*' }]
    const options = { to: `<sip:alice@${domain}>` }
    expect((await two.send('REGISTER', `sip:${domain}`, { ...options, headers: star })).status).toBe(400)
    const all = await two.send('REGISTER', `sip:${domain}`, {
      ...options,
      headers: [...star, { name: 'expires', value: '0' }],
    })
    expect([all.status, world.proxy.bindings('alice').length]).toEqual([200, 0])
  })

  it('keeps Path and gives it back', async () => {
    const world = new FakeDomain()
    const path = '<sip:edge.example.com;lr;ob>'
    const phone = world.phone('bob')
    expect(valueOf(await phone.register([{ name: 'path', value: path }]), 'path')).toBe(path)
    await (await world.registered('alice')).send('OPTIONS', bob)
    expect(valueOf(phone.got('OPTIONS')[0], 'route')).toBe(path)
  })

  it('refuses a wrong password, an unknown user, another user’s address, a foreign domain', async () => {
    const world = new FakeDomain()
    const phone = world.phone('alice')
    const register = (to: string, options = {}) => phone.send('REGISTER', `sip:${domain}`, { to, ...options })
    expect((await register(`<sip:alice@${domain}>`, { password: 'wrong' })).status).toBe(401)
    expect((await world.phone('mallory').register()).status).toBe(401)
    expect((await register(`<${bob}>`)).status).toBe(403)
    expect((await register('<sip:alice@elsewhere.example>')).status).toBe(404)
    const foreign = await phone.send('REGISTER', 'sip:elsewhere.example', { to: `<sip:alice@${domain}>` })
    expect(foreign.status).toBe(403)
    expect(world.proxy.counts.bindings).toBe(0)
  })

  it('refuses a request overtaken by a later one of the same Call-ID', async () => {
    const world = new FakeDomain()
    const phone = world.phone('alice')
    const headers = [{ name: 'contact', value: `<${phone.contact}>` }]
    const options = { to: `<sip:alice@${domain}>`, callId: 'same', headers }
    expect((await phone.send('REGISTER', `sip:${domain}`, { ...options, sequence: 50 })).status).toBe(200)
    const challenge = await phone.send('REGISTER', `sip:${domain}`, { ...options, answer: false })
    const old = withHeader(
      phone.authorize(phone.build('REGISTER', `sip:${domain}`, options), challenge),
      'cseq',
      '7 REGISTER',
    )
    expect((await phone.transact(old)).status).toBe(500)
  })
})

describe('digest', () => {
  it('refuses a replayed answer and one made for another request', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [await world.registered('alice'), await world.registered('bob')]
    const request = alice.build('MESSAGE', bob, { body: 'hi' })
    const challenge = await alice.transact(request)
    const good = alice.authorize(request, challenge)
    expect((await alice.transact(good)).status).toBe(200)
    const replay = withHeader(good, 'via', alice.via())
    expect((await alice.transact(replay)).status).toBe(407)
    const other = withHeader({ ...good, uri: `sip:carol@${domain}` }, 'via', alice.via())
    expect((await alice.transact(other)).status).toBe(400)
    expect(phone.got('MESSAGE')).toHaveLength(1)
  })

  it('says stale to someone who knows the password, and only to him', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    await world.registered('bob')
    const request = alice.build('MESSAGE', bob)
    const challenge = await alice.transact(request)
    await world.clock.advance(301_000)
    const late = await alice.transact(alice.authorize(request, challenge))
    expect([late.status, valueOf(late, 'proxy-authenticate').includes('stale=true')]).toEqual([407, true])
    const guess = await alice.transact(alice.authorize(request, challenge, { password: 'no' }))
    expect([guess.status, valueOf(guess, 'proxy-authenticate').includes('stale=true')]).toEqual([407, false])
  })

  it('closes a flow that keeps guessing', async () => {
    const world = new FakeDomain({ limits: { authenticationFailures: 5 } })
    const phone = world.phone('alice')
    for (let guess = 0; guess < 5 && phone.flow.isOpen; guess += 1) {
      await phone.send('REGISTER', `sip:${domain}`, { to: `<sip:alice@${domain}>`, password: String(guess) })
    }
    expect(phone.flow.isOpen).toBe(false)
  })

  it('lets nobody write another From, nor send without proof', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [await world.registered('alice'), await world.registered('bob')]
    for (const from of [`<sip:carol@${domain}>;tag=1`, '<sip:alice@elsewhere.example>;tag=1', 'tel:+1;tag=1']) {
      expect((await alice.send('MESSAGE', bob, { from })).status).toBe(403)
    }
    for (const method of ['INVITE', 'MESSAGE', 'PUBLISH', 'SUBSCRIBE', 'OPTIONS', 'REFER', 'NOTIFY', 'FOO']) {
      expect((await alice.send(method, bob, { answer: false })).status).toBe(407)
    }
    expect(phone.requests).toEqual([])
  })

  it('never forwards the credentials it checked, nor claims of identity', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [await world.registered('alice'), await world.registered('bob')]
    await alice.send('MESSAGE', bob, { headers: [{ name: 'p-asserted-identity', value: `<sip:carol@${domain}>` }] })
    const got = phone.got('MESSAGE')[0]
    expect([valueOf(got, 'proxy-authorization'), valueOf(got, 'p-asserted-identity')]).toEqual(['', ''])
  })
})

describe('routing', () => {
  it('is no open relay', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const send = (uri: string, headers = {}) => alice.send('MESSAGE', uri, headers)
    expect((await send('sip:someone@elsewhere.example')).status).toBe(403)
    expect((await send('sip:192.0.2.77')).status).toBe(403)
    expect((await send(bob, { headers: [{ name: 'route', value: '<sip:elsewhere.example;lr>' }] })).status).toBe(403)
    expect((await send(`sip:nobody@${domain}`)).status).toBe(404)
    expect((await send('tel:+15551234')).status).toBe(416)
  })

  it('refuses hops, extensions and methods it must', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    await world.registered('bob')
    const spent = withHeader(alice.build('MESSAGE', bob), 'max-forwards', '0')
    expect((await alice.transact(spent)).status).toBe(483)
    const extension = await alice.send('MESSAGE', bob, { headers: [{ name: 'proxy-require', value: 'magic' }] })
    expect([extension.status, valueOf(extension, 'unsupported')]).toEqual([420, 'magic'])
    expect((await alice.send('OPTIONS', `sip:${domain}`)).status).toBe(200)
    expect((await alice.send('MESSAGE', `sip:${domain}`)).status).toBe(405)
    expect((await alice.send('FROBNICATE', `sip:${domain}`)).status).toBe(501)
  })

  it('sees its own request come back', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [await world.registered('alice'), world.phone('bob')]
    // Registers the domain itself as its contact: what it gets is what the proxy was asked for.
    const contact = { name: 'contact', value: `<${bob}>` }
    await phone.send('REGISTER', `sip:${domain}`, { to: `<${bob}>`, headers: [contact] })
    phone.answer = () => null
    alice.input(alice.authorize(alice.build('MESSAGE', bob), await alice.send('MESSAGE', bob, { answer: false })))
    const got = phone.got('MESSAGE')[0]
    expect(got).toBeDefined()
    if (got !== undefined) phone.input(got)
    expect(phone.flow.statuses.at(-1)).toBe(482)
  })

  it('decrements Max-Forwards, hides the sender’s address, answers along his own Vias', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [await world.registered('alice', { transport: 'udp' }), await world.registered('bob')]
    const response = await alice.send('OPTIONS', bob)
    const got = phone.got('OPTIONS')[0]
    expect(valueOf(got, 'max-forwards')).toBe('69')
    expect(JSON.stringify(got)).not.toContain(alice.flow.remote.host)
    expect(headerLines(response, 'via')).toHaveLength(1)
    expect(valueOf(response, 'via')).toContain(`rport=${alice.flow.remote.port}`)
    expect(valueOf(response, 'via')).toContain(`received=${alice.flow.remote.host}`)
  })
})

describe('calls', () => {
  it('forks to all devices, returns the first 2xx and cancels the rest', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const [desk, mobile] = [await world.registered('bob'), await world.registered('bob', { transport: 'udp' })]
    desk.answer = ({ method }) => ({ status: method === 'INVITE' ? 180 : 200 })
    mobile.answer = () => null
    const done = alice.send('INVITE', bob)
    await settle()
    const ringing = mobile.got('INVITE')[0]
    if (ringing === undefined) throw new Error('mobile does not ring')
    mobile.respond(ringing, { status: 180 })
    mobile.respond(ringing, { status: 200 })
    expect((await done).status).toBe(200)
    await settle()
    expect(alice.responses.map(({ status }) => status)).toEqual(expect.arrayContaining([100, 180, 200]))
    expect([desk.got('CANCEL').length, mobile.got('CANCEL').length]).toEqual([1, 0])
    const reason = readReason(headerLines(desk.got('CANCEL')[0]!, 'reason'))
    expect([reason, isElsewhere(reason)]).toEqual([{ status: 200, text: 'Call completed elsewhere' }, true])
    desk.respond(desk.got('INVITE')[0]!, { status: 487 })
    await settle()
    expect(desk.got('ACK')).toHaveLength(1)
    expect(alice.responses.filter(({ status }) => status === 487)).toEqual([])
  })

  it('tells a device that begins to ring too late, and one whose owner refused on another', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const [slow, quick] = [await world.registered('bob'), await world.registered('bob')]
    slow.answer = ({ method }) => (method === 'INVITE' ? null : { status: 200 })
    expect((await alice.send('INVITE', bob)).status).toBe(200)
    await settle()
    // RFC 3261 §9.1: no CANCEL before a provisional answer.
    expect(slow.got('CANCEL')).toEqual([])
    slow.respond(slow.got('INVITE')[0]!, { status: 180 })
    await settle()
    expect(slow.got('CANCEL').map((request) => valueOf(request, 'reason'))).toEqual([
      'SIP;cause=200;text="Call completed elsewhere"',
    ])
    quick.answer = ({ method }) => ({ status: method === 'INVITE' ? 603 : 200 })
    slow.answer = ({ method }) => ({ status: method === 'INVITE' ? 180 : 200 })
    const done = alice.send('INVITE', bob)
    await settle()
    slow.respond(slow.got('INVITE')[1]!, { status: 487 })
    expect((await done).status).toBe(603)
    expect(slow.got('CANCEL').map((request) => valueOf(request, 'reason'))[1]).toBe('SIP;cause=603')
  })

  it('passes reliable provisionals, PRACK, UPDATE, REFER and INFO as they are', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [await world.registered('alice'), await world.registered('bob', { transport: 'tcp' })]
    const ringing = [
      { name: 'require', value: '100rel' },
      { name: 'rseq', value: '17' },
      { name: 'contact', value: `<${phone.contact}>` },
    ]
    phone.answer = ({ method }) => (method === 'INVITE' ? { status: 183, headers: ringing } : { status: 200 })
    const own = [
      { name: 'contact', value: `<${alice.contact}>` },
      { name: 'supported', value: '100rel, timer' },
      { name: 'session-expires', value: '1800' },
    ]
    const done = alice.send('INVITE', bob, { headers: own })
    await settle()
    const invite = phone.got('INVITE')[0]!
    expect(['supported', 'session-expires'].map((name) => valueOf(invite, name))).toEqual(['100rel, timer', '1800'])
    const early = alice.responses.find(({ status }) => status === 183)!
    expect(['require', 'rseq'].map((name) => valueOf(early, name))).toEqual(['100rel', '17'])
    const prack = inDialog(alice, 'PRACK', { invite, answer: early, caller: true })
    const rack = { name: 'rack', value: '17 1 INVITE' }
    expect((await alice.transact({ ...prack, headers: [...prack.headers, rack] })).status).toBe(200)
    expect(valueOf(phone.got('PRACK')[0], 'rack')).toBe('17 1 INVITE')
    phone.respond(invite, { status: 200, headers: [{ name: 'contact', value: `<${phone.contact}>` }] })
    const answer = await done
    for (const method of ['UPDATE', 'REFER', 'INFO', 'INVITE', 'NOTIFY', 'MESSAGE']) {
      phone.answer = () => ({ status: 200 })
      const request = inDialog(alice, method, { invite, answer, caller: true })
      expect((await alice.transact(request)).status).toBe(200)
      expect(phone.got(method).at(-1)).toMatchObject({ uri: phone.contact, method })
    }
  })

  it('returns the best of several refusals', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const phones = [await world.registered('bob'), await world.registered('bob'), await world.registered('bob')]
    for (const [index, status] of [503, 486, 415].entries()) phones[index]!.answer = () => ({ status })
    expect((await alice.send('INVITE', bob)).status).toBe(415)
    phones[0]!.answer = () => ({ status: 603 })
    expect((await alice.send('INVITE', bob)).status).toBe(603)
  })

  it('carries a CANCEL to a ringing device and brings its 487 back', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [await world.registered('alice'), await world.registered('bob')]
    phone.answer = ({ method }) => ({ status: method === 'INVITE' ? 180 : 200 })
    const invite = alice.authorize(alice.build('INVITE', bob), await alice.send('INVITE', bob, { answer: false }))
    const done = alice.transact(invite)
    await settle()
    const keep = ['via', 'from', 'to', 'call-id', 'max-forwards']
    const headers = invite.headers.filter(({ name }) => keep.includes(name))
    const cseq = { name: 'cseq', value: valueOf(invite, 'cseq').replace('INVITE', 'CANCEL') }
    const reason = { name: 'reason', value: 'SIP;cause=600;text="Changed my mind"' }
    const cancel: SipRequest = {
      ...{ ...invite, method: 'CANCEL', body: new Uint8Array(0) },
      headers: [...headers, cseq, reason],
    }
    expect((await alice.transact(cancel)).status).toBe(200)
    await settle()
    expect(phone.got('CANCEL').map((request) => valueOf(request, 'reason'))).toEqual([reason.value])
    phone.respond(phone.got('INVITE')[0]!, { status: 487 })
    expect((await done).status).toBe(487)
    const stranger = await world.registered('carol')
    expect((await stranger.transact(cancel)).status).toBe(481)
  })

  it('routes ACK and BYE along the dialog, both ways, over different transports', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [
      await world.registered('alice', { transport: 'ws' }),
      await world.registered('bob', { transport: 'tls' }),
    ]
    const { invite, answer } = await call(alice, phone)
    expect(headerLines(invite, 'record-route')).toHaveLength(2)
    alice.input(inDialog(alice, 'ACK', { invite, answer, caller: true }))
    expect(phone.got('ACK')).toHaveLength(1)
    expect(valueOf(phone.got('ACK')[0], 'route')).toBe('')
    expect((await phone.transact(inDialog(phone, 'INFO', { invite, answer, caller: false }))).status).toBe(200)
    expect(alice.got('INFO')).toHaveLength(1)
    expect((await alice.transact(inDialog(alice, 'BYE', { invite, answer, caller: true }))).status).toBe(200)
    expect(phone.got('BYE')).toHaveLength(1)
  })

  it('keeps a dialog when a device comes back over another flow', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [await world.registered('alice'), await world.registered('bob')]
    const { invite, answer } = await call(alice, phone)
    phone.flow.close()
    const gone = await alice.transact(inDialog(alice, 'INFO', { invite, answer, caller: true }))
    expect(gone.status).toBe(480)
    const back = await world.registered('bob', { instance: phone.instance })
    expect((await alice.transact(inDialog(alice, 'INFO', { invite, answer, caller: true }))).status).toBe(200)
    expect(back.got('INFO')).toHaveLength(1)
    expect((await back.transact(inDialog(back, 'BYE', { invite, answer, caller: false }))).status).toBe(200)
    expect(alice.got('BYE')).toHaveLength(1)
  })

  it('refuses dialogs it did not route: no token, another’s token, another’s From', async () => {
    const world = new FakeDomain()
    const [alice, phone, carol] = [
      await world.registered('alice'),
      await world.registered('bob'),
      await world.registered('carol'),
    ]
    const { invite, answer } = await call(alice, phone)
    const bye = inDialog(alice, 'BYE', { invite, answer, caller: true })
    const withoutRoute = { ...bye, headers: bye.headers.filter(({ name }) => name !== 'route') }
    expect((await alice.transact(withoutRoute)).status).toBe(481)
    expect((await carol.transact(withHeader(bye, 'via', carol.via()))).status).toBe(403)
    const otherCall = withHeader(withHeader(bye, 'call-id', 'another'), 'via', alice.via())
    expect((await alice.transact(otherCall)).status).toBe(481)
    const spoofed = withHeader(withHeader(bye, 'from', `<sip:carol@${domain}>;tag=${alice.tag}`), 'via', alice.via())
    expect((await alice.transact(spoofed)).status).toBe(403)
    expect(phone.got('BYE')).toEqual([])
  })

  it('gives up on a silent device: Timer C', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [await world.registered('alice'), await world.registered('bob')]
    phone.answer = ({ method }) => (method === 'INVITE' ? { status: 180 } : null)
    const done = alice.send('INVITE', bob)
    await settle()
    await world.clock.advance(200_001 + 32_001)
    expect([(await done).status, phone.got('CANCEL').length]).toEqual([487, 1])
    await world.clock.advance(60_000)
    expect(world.proxy.counts.transactions).toBe(0)
  })

  it('answers 480 where nobody is, and when the flow breaks', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    expect((await alice.send('INVITE', bob)).status).toBe(480)
    const phone = await world.registered('bob')
    phone.answer = () => null
    const done = alice.send('INVITE', bob)
    await settle()
    phone.flow.close()
    expect((await done).status).toBe(430)
  })
})
