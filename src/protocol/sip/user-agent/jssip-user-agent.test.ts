import { afterEach, describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { computeHa1, parseAuthorization, serializeChallenge, verifyResponse, type DigestChallenge } from '../digest.ts'
import { headerLines, headerValue } from '../headers.ts'
import type { SipRequest, SipResponse } from '../message.ts'
import { createUserAgent } from './jssip-user-agent.ts'
import {
  farDescription,
  farRequest,
  makeTestServer,
  registered,
  respond,
  type TestServer,
} from '#test/fakes/sip-flow-server.ts'
import type { DigestSecrets, SdpExchange, SipSession, UserAgent, UserAgentEvent } from './user-agent.ts'

const silent: LogPort = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}
const fresh = (): DigestSecrets => ({
  username: 'alice',
  realm: null,
  ha1Md5: null,
  ha1Sha256: null,
  password: Buffer.from('secret'),
  strongest: null,
})
const pinned = (changes: Partial<DigestSecrets> = {}): DigestSecrets => ({
  username: 'alice',
  realm: 'example.org',
  ha1Md5: computeHa1('MD5', 'alice', 'example.org', 'secret'),
  ha1Sha256: computeHa1('SHA-256', 'alice', 'example.org', 'secret'),
  password: null,
  strongest: null,
  ...changes,
})

interface Running {
  readonly agent: UserAgent
  readonly events: UserAgentEvent[]
  readonly until: <K extends UserAgentEvent['kind']>(kind: K) => Promise<Extract<UserAgentEvent, { kind: K }>>
}

const running: UserAgent[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((agent) => agent.stop()))
})

function start(server: TestServer, secrets: DigestSecrets = pinned()): Running {
  const agent = createUserAgent(
    {
      aor: 'sip:alice@example.org',
      displayName: 'Alice',
      instanceId: 'urn:uuid:8a5c3b4e-7b1d-4e59-9c8e-2f1f0e1d2c3a',
      transport: 'tls',
      secrets,
    },
    { clock: systemClock, random: new SeededRandom(7), log: silent },
  )
  running.push(agent)
  const events: UserAgentEvent[] = []
  const checks = new Set<() => void>()
  agent.onEvent((event) => {
    events.push(event)
    for (const check of [...checks]) check()
  })
  agent.attach(server.flow)
  return {
    agent,
    events,
    until: (kind) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${kind}`)), 3000)
        const check = (): void => {
          const found = events.find((event) => event.kind === kind)
          if (found === undefined) return
          clearTimeout(timer)
          checks.delete(check)
          resolve(found as never)
        }
        checks.add(check)
        check()
      }),
  }
}

const challenge = (changes: Partial<DigestChallenge> = {}): string =>
  serializeChallenge({
    realm: 'example.org',
    nonce: 'n0',
    opaque: null,
    algorithm: 'SHA-256',
    session: false,
    qop: ['auth'],
    stale: false,
    ...changes,
  })

const demand = (request: SipRequest, ...challenges: string[]): SipResponse =>
  respond(
    request,
    request.method === 'REGISTER' ? 401 : 407,
    challenges.map((value) => ({
      name: request.method === 'REGISTER' ? 'www-authenticate' : 'proxy-authenticate',
      value,
    })),
  )

const credentialsOf = (request: SipRequest): string | undefined =>
  headerValue(request, 'authorization') ?? headerValue(request, 'proxy-authorization')

/** Registers without a challenge; hands everything else to `other`. */
const easyServer = (other: (request: SipRequest) => SipResponse | null = () => null): TestServer =>
  makeTestServer((request) =>
    request.method === 'REGISTER'
      ? registered(request)
      : request.method === 'BYE'
        ? respond(request, 200)
        : other(request),
  )

const chatOffer = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=message 9 TCP/MSRP *\r\n'
function exchange(applied: string[] = []): SdpExchange {
  return {
    createOffer: () => Promise.resolve(chatOffer),
    createAnswer: () => Promise.resolve(chatOffer),
    applyAnswer: (answer) => void applied.push(answer),
  }
}

const eventsOf = (session: SipSession): string[] => {
  const seen: string[] = []
  session.onEvent((event) => seen.push('status' in event ? `${event.kind} ${event.status}` : event.kind))
  return seen
}
const soon = (ms = 60): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const accepted = (request: SipRequest, tag = 'far'): SipResponse =>
  respond(
    request,
    200,
    [
      { name: 'contact', value: `<sip:bob@192.0.2.1;transport=tls;from=${tag}>` },
      { name: 'record-route', value: '<sip:edge.example.org;lr>' },
      { name: 'content-type', value: 'application/sdp; charset=utf-8' },
    ],
    { tag, body: farDescription },
  )

describe('digest', () => {
  it('answers the strongest of several challenges, pins the realm and drops the password', async () => {
    const server = makeTestServer((request) =>
      credentialsOf(request) === undefined
        ? demand(request, challenge({ algorithm: 'MD5' }), challenge(), challenge({ realm: 'else', nonce: 'x' }))
        : registered(request),
    )
    const secrets = fresh()
    const { until } = start(server, secrets)
    const learned = await until('secrets')
    const proof = parseAuthorization(credentialsOf(server.requests('REGISTER')[1]!)!)!
    expect(proof).toMatchObject({ algorithm: 'SHA-256', realm: 'example.org', uri: 'sip:example.org' })
    const ha1 = computeHa1('SHA-256', 'alice', 'example.org', 'secret')
    expect(verifyResponse(proof, { method: 'REGISTER', body: new Uint8Array(0) }, ha1)).toBe(true)
    expect(learned.secrets).toEqual(pinned({ strongest: 'SHA-256' }))
    expect(Buffer.from(secrets.password!).equals(Buffer.alloc(6))).toBe(true)
    await until('registered')
  })

  it.each([
    ['weaker-digest-refused', [challenge({ algorithm: 'MD5' })], pinned({ strongest: 'SHA-256' })],
    ['foreign-realm-refused', [challenge({ realm: 'evil.example' })], pinned()],
    ['no-usable-challenge', ['Basic realm="example.org"'], pinned()],
  ] as const)('refuses as %s without an answer', async (refusal, challenges, secrets) => {
    const server = makeTestServer((request) => demand(request, ...challenges))
    const { until } = start(server, secrets)
    expect((await until('registration-failed')).failure).toMatchObject({ status: 401, refusal })
    expect(server.requests('REGISTER')).toHaveLength(1)
  })

  it('names a wrong password after one try', async () => {
    let nonce = 0
    const server = makeTestServer((request) => demand(request, challenge({ nonce: `n${(nonce += 1)}` })))
    const { until } = start(server, fresh())
    expect((await until('registration-failed')).failure).toMatchObject({ status: 401, refusal: 'wrong-password' })
    await soon()
    expect(server.requests('REGISTER')).toHaveLength(2)
  })

  it('answers a stale nonce again', async () => {
    const server = makeTestServer((request) => {
      const tries = server.requests('REGISTER').length
      if (tries === 1) return demand(request, challenge())
      return tries === 2 ? demand(request, challenge({ nonce: 'n1', stale: true })) : registered(request)
    })
    await start(server).until('registered')
    expect(server.requests('REGISTER')).toHaveLength(3)
  })

  it('answers a challenge to MESSAGE with the digest of the very bytes', async () => {
    const payload = new Uint8Array([0, 255, 13, 10, 200])
    const server = easyServer((request) =>
      credentialsOf(request) === undefined ? demand(request, challenge({ qop: ['auth-int'] })) : respond(request, 202),
    )
    const { agent, until } = start(server)
    await until('registered')
    const outcome = await agent.sendMessage({ to: 'sip:bob@example.org', contentType: 'message/cpim', payload })
    expect(outcome).toEqual({ status: 202, refusal: null })
    const request = server.requests('MESSAGE')[1]!
    expect(Buffer.from(request.body).equals(payload)).toBe(true)
    const proof = parseAuthorization(credentialsOf(request)!)!
    expect(proof.qop).toBe('auth-int')
    expect(verifyResponse(proof, request, pinned().ha1Sha256!)).toBe(true)
    expect(headerValue(request, 'x-body-ticket')).toBeUndefined()
  })

  it('never answers a BYE, and in a dialog only where the own proxy challenged its INVITE', async () => {
    const server = makeTestServer((request) => {
      if (request.method === 'REGISTER') return registered(request)
      return request.method === 'INVITE' ? accepted(request) : demand(request, challenge())
    })
    const { agent, until } = start(server)
    await until('registered')
    const session = agent.invite('sip:bob@example.org', exchange())
    eventsOf(session)
    await server.request('ACK')
    session.end()
    await server.request('BYE')
    await soon()
    expect(server.requests('BYE')).toHaveLength(1)
    expect(credentialsOf(server.requests('BYE')[0]!)).toBeUndefined()
  })
})

describe('registration', () => {
  it('uses outbound, one contact for every flow, and tokens no one can guess', async () => {
    const first = easyServer()
    const { agent, until, events } = start(first)
    await until('registered')
    const register = first.requests('REGISTER')[0]!
    const contact = headerValue(register, 'contact')!
    expect(contact).toMatch(/^<sip:[0-9a-f]{16}@192\.0\.2\.7:40001;transport=tls>/)
    expect(contact).toContain('reg-id=1')
    expect(contact).toContain('+sip.instance="<urn:uuid:8a5c3b4e-7b1d-4e59-9c8e-2f1f0e1d2c3a>"')
    expect(contact).not.toContain('+sip.ice')
    expect(headerValue(register, 'supported')).toMatch(/path.*gruu.*outbound/)
    expect(headerValue(register, 'via')).toMatch(/^SIP\/2\.0\/TLS 192\.0\.2\.7:40001;branch=z9hG4bK[0-9a-f]{32};rport$/)
    expect(headerValue(register, 'from')).toMatch(/;tag=[0-9a-v]{16}$/)
    expect(headerValue(register, 'user-agent')).toBe('Sotto')

    first.lose()
    await until('flow-lost')
    const second = easyServer()
    agent.attach(second.flow)
    const again = await second.request('REGISTER')
    expect(headerValue(again, 'contact')).toBe(contact)
    expect(headerValue(again, 'call-id')).toBe(headerValue(register, 'call-id'))
    await soon()
    expect(events.filter((event) => event.kind === 'registered')).toHaveLength(2)
  })

  it('follows Service-Route, and learns from Flow-Timer that pongs will come', async () => {
    const route = [{ name: 'service-route', value: '<sip:p1.example.org;lr>, <sip:p2.example.org;lr>' }]
    const server = makeTestServer((request) =>
      request.method === 'REGISTER'
        ? registered(request, [...route, { name: 'flow-timer', value: '120' }])
        : respond(request, request.method === 'INVITE' ? 486 : 200),
    )
    const { agent, until } = start(server)
    await until('registered')
    await agent.sendMessage({ to: 'sip:bob@example.org', contentType: 'text/plain', payload: Buffer.from('x') })
    const expected = ['<sip:p1.example.org;lr>', '<sip:p2.example.org;lr>']
    expect(headerLines(server.requests('MESSAGE')[0]!, 'route')).toEqual(expected)
    eventsOf(agent.invite('sip:bob@example.org', exchange()))
    const ack = await server.request('ACK')
    expect(headerLines(ack, 'route')).toEqual(expected)
    expect(server.expectsPongs()).toBe(true)
  })

  it('says of what is of no use later that nobody is to keep it', async () => {
    const server = makeTestServer((request) =>
      request.method === 'REGISTER' ? registered(request) : respond(request, 202),
    )
    const { agent, until } = start(server)
    await until('registered')
    const message = { to: 'sip:alice@example.org', contentType: 'text/plain', payload: Buffer.from('x') }
    await agent.sendMessage({ ...message, fleeting: true })
    await agent.sendMessage(message)
    expect(server.requests('MESSAGE').map((request) => headerValue(request, 'expires'))).toEqual(['0', undefined])
  })

  it('tells status and Retry-After of a refusal', async () => {
    const server = makeTestServer((request) => respond(request, 503, [{ name: 'retry-after', value: '37 (busy)' }]))
    const { failure } = await start(server).until('registration-failed')
    expect(failure).toEqual({ status: 503, refusal: null, retryAfterMs: 37_000 })
  })

  it('says good-bye and takes no request any more', async () => {
    const server = easyServer()
    const { agent, until, events } = start(server)
    await until('registered')
    await agent.stop()
    const last = server.requests('REGISTER').at(-1)!
    expect(headerValue(last, 'expires')).toBe('0')
    expect(events.at(-1)?.kind).toBe('registered')
  })
})

describe('MESSAGE', () => {
  it('fails when the flow breaks, at once', async () => {
    const server = easyServer()
    const { agent, until } = start(server)
    await until('registered')
    const sending = agent.sendMessage({
      to: 'sip:bob@example.org',
      contentType: 'text/plain',
      payload: Buffer.from('x'),
    })
    await server.request('MESSAGE')
    server.lose()
    expect(await sending).toEqual({ status: null, refusal: null })
  })

  it('ends when the user agent does, and after it', async () => {
    const server = easyServer()
    const { agent, until } = start(server)
    await until('registered')
    const message = { to: 'sip:bob@example.org', contentType: 'text/plain', payload: Buffer.from('x') }
    const sending = agent.sendMessage(message)
    await server.request('MESSAGE')
    await agent.stop()
    expect(await sending).toEqual({ status: null, refusal: null })
    expect(await agent.sendMessage(message)).toEqual({ status: null, refusal: null })
  })

  it('goes out under the Call-ID it is given, also when repeated for a challenge, and under a random one else', async () => {
    const server = easyServer((request) =>
      credentialsOf(request) === undefined ? demand(request, challenge()) : respond(request, 200),
    )
    const { agent, until } = start(server)
    await until('registered')
    const send = (callId: string | null) =>
      agent.sendMessage({ to: 'sip:bob@example.org', contentType: 'text/plain', payload: Buffer.from('x'), callId })
    const callId = '00112233445566778899aabbccddeeff'
    expect(await send(callId)).toEqual({ status: 200, refusal: null })
    expect(await send(callId)).toEqual({ status: 200, refusal: null })
    const seen = (): (string | undefined)[] =>
      server.requests('MESSAGE').map((request) => headerValue(request, 'call-id'))
    expect(seen()).toEqual([callId, callId, callId, callId])
    for (const unfit of [null, '', 'a b', 'a\r\nX: y', '<x>', 'é', 'x'.repeat(200)]) await send(unfit)
    const others = seen().slice(4)
    expect(new Set(others).size).toBe(7)
    for (const other of others) expect(other).toMatch(/^[a-z0-9]{15,40}$/)
  })

  it('does not follow a redirection', async () => {
    const server = easyServer((request) =>
      respond(request, 302, [{ name: 'contact', value: '<sip:evil@203.0.113.9>' }]),
    )
    const { agent, until } = start(server)
    await until('registered')
    const outcome = await agent.sendMessage({
      to: 'sip:bob@example.org',
      contentType: 'text/plain',
      payload: Buffer.from('x'),
    })
    expect(outcome.status).toBe(302)
    expect(server.requests('MESSAGE')).toHaveLength(1)
  })

  it('is held until the registration stands, and given only then', async () => {
    let allow: () => void = () => undefined
    const server = makeTestServer((request) => {
      allow = () => server.send(registered(request))
      return null
    })
    const { events, until } = start(server)
    await server.request('REGISTER')
    server.send(farRequest('MESSAGE', { 'content-type': 'text/plain' }, { body: Buffer.from('early') }))
    await soon()
    expect(events).toEqual([])
    allow()
    const { message } = await until('message')
    expect(Buffer.from(message.payload).toString()).toBe('early')
    expect(events[0]?.kind).toBe('registered')
  })

  it('is answered only when it is safe; a repeated one gets the same answer and is delivered once', async () => {
    const server = easyServer()
    const { events, until } = start(server)
    await until('registered')
    const request = farRequest('MESSAGE', { 'content-type': 'text/plain' }, { body: Buffer.from('once') })
    server.send(request)
    const { message } = await until('message')
    server.send(request)
    await soon()
    expect(server.responses(200)).toEqual([])
    message.answer(200)
    server.send(request)
    await server.response(200, 2)
    expect(server.responses(200)[0]).toEqual(server.responses(200)[1])
    expect(events.filter((event) => event.kind === 'message')).toHaveLength(1)
  })
})

describe('sessions', () => {
  it('are established from offer and answer, and end on both sides', async () => {
    const server = easyServer((request) => (request.method === 'INVITE' ? accepted(request) : respond(request, 200)))
    const { agent, until } = start(server)
    await until('registered')
    const applied: string[] = []
    const session = agent.invite('sip:bob@example.org', exchange(applied))
    const seen = eventsOf(session)
    const ack = await server.request('ACK')
    expect(ack.uri).toBe('sip:bob@192.0.2.1;transport=tls;from=far')
    expect(headerLines(ack, 'route')).toEqual(['<sip:edge.example.org;lr>'])
    await soon()
    expect(applied).toEqual([farDescription.toString()])
    expect(seen).toEqual(['established'])
    session.end()
    session.end()
    await server.request('BYE')
    expect(seen).toEqual(['established', 'ended'])
  })

  it('an extra 2xx of a fork is acknowledged and ended without touching the good dialog', async () => {
    const server = easyServer((request) =>
      request.method === 'INVITE' ? accepted(request, 'first') : respond(request, 200),
    )
    const { agent, until } = start(server)
    await until('registered')
    const seen = eventsOf(agent.invite('sip:bob@example.org', exchange()))
    await server.request('ACK')
    const invite = server.requests('INVITE')[0]!
    server.send(accepted(invite, 'second'))
    const bye = await server.request('BYE')
    server.send(accepted(invite, 'second'))
    await server.request('ACK', 3)
    await soon()
    expect(headerValue(bye, 'to')).toMatch(/;tag=second$/)
    expect(bye.uri).toContain('from=second')
    expect(server.requests('BYE')).toHaveLength(1)
    expect(server.requests('ACK').map((ack) => /tag=(\w+)/.exec(headerValue(ack, 'to') ?? '')?.[1])).toEqual([
      'first',
      'second',
      'second',
    ])
    expect(seen).toEqual(['established'])
  })

  it('a 422 is repeated once with the interval it asks for', async () => {
    const server = easyServer((request) =>
      server.requests('INVITE').length === 1
        ? respond(request, 422, [{ name: 'min-se', value: '3000' }])
        : respond(request, 486),
    )
    const { agent, until } = start(server)
    await until('registered')
    const seen = eventsOf(agent.invite('sip:bob@example.org', exchange()))
    await server.request('INVITE', 2)
    await soon()
    expect(headerValue(server.requests('INVITE')[0]!, 'session-expires')).toBe('1800')
    expect(headerValue(server.requests('INVITE')[1]!, 'session-expires')).toBe('3000')
    expect(seen).toEqual(['failed 486'])
  })

  it.each([
    ['application/sdp; charset=utf-8', (text: string) => text],
    [
      'multipart/mixed; boundary="a b"',
      (text: string) =>
        `--a b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--a b\r\nContent-Type: application/sdp;x=y\r\n\r\n${text}\r\n--a b--\r\n`,
    ],
  ])('take an offer inside %s, from a tel URI, for any Request-URI', async (type, wrap) => {
    const server = easyServer()
    const { until } = start(server)
    await until('registered')
    const from = '"B" <tel:+1(555)0100>;tag=tt'
    const headers = { from, to: '<sips:alice@example.org>', 'content-type': type }
    const body = Buffer.from(wrap(farDescription.toString()))
    const invite = farRequest('INVITE', headers, { body, uri: 'sips:someone-else@192.0.2.7' })
    server.send(invite)
    const { session } = await until('session')
    expect(session.offer?.trim()).toBe(farDescription.toString().trim())
    expect(session.remote).toEqual({ aor: 'sip:+15550100@example.org', displayName: 'B' })
    const ringing = await server.response(180)
    expect(ringing.body).toHaveLength(0)
    expect(headerValue(ringing, 'from')).toBe(from)
    expect(headerValue(ringing, 'to')).toMatch(/^<sips:alice@example\.org>;tag=/)
    const seen = eventsOf(session)
    session.accept(exchange())
    const ok = await server.response(200)
    expect(Buffer.from(ok.body).toString()).toBe(chatOffer)
    server.send(farRequest('ACK', { ...callOf(invite), from, to: headerValue(ok, 'to')! }))
    await soon()
    expect(seen).toEqual(['established'])
    session.end()
    const bye = await server.request('BYE')
    expect(headerValue(bye, 'to')).toBe('"B" <tel:+1(555)0100>;tag=tt')
  })

  it('refuse what they must: unknown Require, unknown dialogs, nonsense', async () => {
    const server = easyServer()
    const { until } = start(server)
    await until('registered')
    server.send(
      farRequest(
        'INVITE',
        { require: 'outbound, levitation', 'content-type': 'application/sdp' },
        { body: farDescription },
      ),
    )
    const unsupported = await server.response(420)
    expect(headerValue(unsupported, 'unsupported')).toBe('levitation')
    server.send(farRequest('BYE', { to: '<sip:alice@example.org>;tag=forged' }))
    await server.response(481)
    // The library ignores a request whose headers it cannot read: the far end hears of it all the same.
    server.send(farRequest('OPTIONS', { 'session-expires': 'never' }))
    await server.response(400)
    server.sendRaw(
      'OPTIONS sip:alice@example.org SIP/2.0\r\nVia: SIP/2.0/TLS x;branch=z9hG4bKy\r\nCSeq: 1 OPTIONS\r\n\r\n',
    )
    await server.response(400, 2)
    for (const rubbish of [
      '',
      '\r\n',
      '\0\0\0',
      'SIP/2.0 999 ?\r\n\r\n',
      'SIP/2.0 200 OK\r\n\r\n',
      'x'.repeat(70_000),
    ]) {
      server.sendRaw(rubbish)
    }
    server.send(farRequest('OPTIONS'))
    await server.response(200)
  })

  it('ignore responses nobody asked for, with a guessed branch or an extra Via', async () => {
    const server = easyServer((request) => (request.method === 'INVITE' ? null : respond(request, 200)))
    const { agent, until } = start(server)
    await until('registered')
    const seen = eventsOf(agent.invite('sip:bob@example.org', exchange()))
    const invite = await server.request('INVITE')
    const answer = accepted(invite)
    const forged = answer.headers.map((header) =>
      header.name === 'via'
        ? { name: 'via', value: header.value.replace(/branch=[^;]+/, 'branch=z9hG4bK1234567') }
        : header,
    )
    server.send({ ...answer, headers: forged })
    server.send({ ...answer, headers: [{ name: 'via', value: 'SIP/2.0/TLS evil;branch=z9hG4bKx' }, ...answer.headers] })
    await soon()
    expect(seen).toEqual([])
    expect(server.requests('ACK')).toEqual([])
  })
})

function callOf(request: SipRequest): Record<string, string> {
  const cseq = (headerValue(request, 'cseq') ?? '').replace(/\S+$/, 'ACK')
  return { 'call-id': headerValue(request, 'call-id') ?? '', cseq }
}
