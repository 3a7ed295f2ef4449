/** Calls between a user agent and a far end that a test plays, over a flow without sockets. */
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { headerValue } from '#protocol/sip/headers.ts'
import type { SipHeader, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import { createUserAgent } from '#protocol/sip/user-agent/jssip-user-agent.ts'
import type {
  SdpExchange,
  SessionEvent,
  SipSession,
  UserAgent,
  UserAgentEvent,
} from '#protocol/sip/user-agent/user-agent.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { silentLog } from './silent-log.ts'
import { farRequest, makeTestServer, registered, respond, type TestServer } from './sip-flow-server.ts'

export const audio = (name: string, direction = 'sendrecv'): string =>
  `v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=${name}\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\na=${direction}\r\n`

const running: UserAgent[] = []

/** Stops every user agent that {@link start} made. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((agent) => agent.stop()))
}

interface StartOptions {
  readonly log?: LogPort
  readonly password?: Uint8Array | null
  /** Answers REGISTER in place of a plain 200. */
  readonly challenge?: (request: SipRequest) => SipResponse | null
}

/** A registered user agent; `answer` is the far end, REGISTER and BYE are answered for it. */
export async function start(
  answer: (request: SipRequest) => SipResponse | null = () => null,
  clock: ClockPort = systemClock,
  { log = silentLog, password = null, challenge = () => null }: StartOptions = {},
): Promise<{
  readonly agent: UserAgent
  readonly server: TestServer
  readonly session: (count?: number) => Promise<SipSession>
}> {
  const server = makeTestServer((request) => {
    if (request.method === 'REGISTER') return challenge(request) ?? registered(request)
    return request.method === 'BYE' ? respond(request, 200) : answer(request)
  })
  const agent = createUserAgent(
    {
      aor: 'sip:alice@example.org',
      displayName: 'Alice',
      instanceId: 'urn:uuid:8a5c3b4e-7b1d-4e59-9c8e-2f1f0e1d2c3a',
      transport: 'tls',
      secrets: { username: 'alice', realm: null, ha1Md5: null, ha1Sha256: null, password, strongest: null },
    },
    { clock, random: new SeededRandom(7 + running.length), log },
  )
  running.push(agent)
  const events: UserAgentEvent[] = []
  agent.onEvent((event) => events.push(event))
  agent.attach(server.flow)
  await until(() => events.some(({ kind }) => kind === 'registered'))
  const sessions = (): SipSession[] => events.flatMap((event) => (event.kind === 'session' ? [event.session] : []))
  return {
    agent,
    server,
    session: async (count = 1) => {
      await until(() => sessions().length >= count)
      return sessions()[count - 1]!
    },
  }
}

export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 300 && !holds(); turn += 1) await soon(10)
  if (!holds()) throw new Error('did not come to hold')
}

export const soon = (ms = 60): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export interface Ears {
  readonly events: SessionEvent[]
  readonly kinds: () => string[]
  readonly next: <K extends SessionEvent['kind']>(
    kind: K,
    count?: number,
  ) => Promise<Extract<SessionEvent, { kind: K }>>
}

export function listen(session: SipSession): Ears {
  const events: SessionEvent[] = []
  session.onEvent((event) => events.push(event))
  return {
    events,
    kinds: () => events.map(({ kind }) => kind),
    next: async (kind, count = 1) => {
      const found = (): SessionEvent[] => events.filter((event) => event.kind === kind)
      await until(() => found().length >= count)
      return found()[count - 1] as never
    },
  }
}

export interface Desk extends SdpExchange {
  readonly applied: (readonly [string, string | null])[]
  readonly offered: string[]
  asked: number
}

export function desk(): Desk {
  const applied: (readonly [string, string | null])[] = []
  const offered: string[] = []
  const self: Desk = {
    isCall: true,
    applied,
    offered,
    asked: 0,
    createOffer: () => {
      self.asked += 1
      return Promise.resolve(audio('our-offer'))
    },
    createAnswer: (offer) => {
      offered.push(offer)
      return Promise.resolve(audio('our-answer'))
    },
    applyAnswer: (answer, tag) => void applied.push([answer, tag]),
  }
  return self
}

export const sdpType: SipHeader = { name: 'content-type', value: 'application/sdp' }
export const contact: SipHeader = { name: 'contact', value: '<sip:bob@192.0.2.1;transport=tls>' }
export const described = (request: SipRequest, status: number, name: string, tag = 'far'): SipResponse =>
  respond(request, status, [contact, sdpType], { tag, body: Buffer.from(audio(name)) })
export const body = (message: SipRequest | SipResponse): string => Buffer.from(message.body).toString()

/** The far end inside a dialog it began (`ok` is our 200) or we began (`invite` is ours, `tag` its own). */
export function farDialog(invite: SipRequest, ok: SipResponse | null, tag = 'far') {
  const own = ok === null ? `${headerValue(invite, 'to')};tag=${tag}` : headerValue(invite, 'from')!
  const peer = ok === null ? headerValue(invite, 'from')! : headerValue(ok, 'to')!
  let sequence = ok === null ? 100 : Number(/\d+/.exec(headerValue(invite, 'cseq')!)![0])
  return (method: string, headers: Record<string, string> = {}, text = ''): SipRequest => {
    if (method !== 'ACK') sequence += 1
    const all = { from: own, to: peer, 'call-id': headerValue(invite, 'call-id')!, cseq: `${sequence} ${method}` }
    const type = text === '' ? {} : { 'content-type': 'application/sdp' }
    return farRequest(method, { ...all, ...type, ...headers }, { body: Buffer.from(text) })
  }
}

/** A call we made that is up. */
export async function outgoing(answer: (request: SipRequest) => SipResponse | null = () => null) {
  let invites = 0
  const started = await start((request) => {
    if (request.method === 'INVITE' && (invites += 1) === 1) return described(request, 200, 'first')
    return answer(request)
  })
  const exchange = desk()
  const call = started.agent.invite('sip:bob@example.org', exchange)
  const ears = listen(call)
  await ears.next('established')
  const far = farDialog(started.server.requests('INVITE')[0]!, null)
  return { ...started, exchange, call, ears, far }
}

/** A call that came in and was accepted. */
export async function incoming(offer: string | null = audio('their-offer'), headers: Record<string, string> = {}) {
  const started = await start()
  const { server } = started
  const type = offer === null ? {} : { 'content-type': 'application/sdp' }
  const invite = farRequest('INVITE', { ...type, ...headers }, { body: Buffer.from(offer ?? '') })
  server.send(invite)
  const call = await started.session()
  const ears = listen(call)
  const ringing = await server.response(180)
  return { ...started, invite, call, ears, ringing, exchange: desk() }
}
