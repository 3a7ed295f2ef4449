/** A hostile server against the user agent's own side of the wire: what it reads, normalises, answers and hands on. */
import { withHeader } from '#protocol/sip/headers.ts'
import { SipParseError } from '#protocol/sip/errors.ts'
import type { SipRequest } from '#protocol/sip/message.ts'
import { parseSip } from '#protocol/sip/parse.ts'
import { serializeSip } from '#protocol/sip/serialize.ts'
import { bareDescription, withSipIdentities } from '#protocol/sip/user-agent/normalise.ts'
import { LiveSessions } from '#protocol/sip/user-agent/live-sessions.ts'
import { Wire } from '#protocol/sip/user-agent/wire.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { farRequest, makeTestServer, registered, respond, type TestServer } from '#test/fakes/sip-flow-server.ts'
import { attempt, diceOf, mutated, pick, vectors, type Dice } from './mutate.ts'
import type { FuzzTarget } from './run-inputs.ts'

const aor = 'sip:alice@example.org'
const register = [
  'REGISTER sip:example.org SIP/2.0',
  'Via: SIP/2.0/WS x.invalid;branch=z9hG4bKlibrary1',
  'Max-Forwards: 69',
  `To: <${aor}>`,
  `From: <${aor}>;tag=own`,
  'Call-ID: own-register',
  'CSeq: 1 REGISTER',
  `Contact: <sip:own@x.invalid;transport=ws>;+sip.ice;expires=600`,
  'Expires: 600',
  'Content-Length: 0',
  '',
  '',
].join('\r\n')

const multipart = Buffer.from(
  '--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x\r\nContent-Type: text/plain\r\n\r\ny\r\n--x--\r\n',
)
const crafted = [
  farRequest('MESSAGE', { 'content-type': 'text/plain' }, { body: Buffer.from('hello') }),
  farRequest('MESSAGE', { 'content-type': 'message/cpim', 'content-encoding': 'deflate' }, { body: Buffer.from('x') }),
  farRequest('INVITE', { 'content-type': 'multipart/mixed;boundary=x' }, { body: multipart }),
  farRequest('INVITE', { from: '<tel:+1-201-555-0123>;tag=t', to: '<sips:alice@example.org>' }),
  farRequest('OPTIONS', { require: 'timer, x' }),
  farRequest('INVITE', { require: '100rel', 'session-expires': '90;refresher=uac', supported: 'timer' }),
  farRequest('PRACK', { to: '<sip:alice@example.org>;tag=a', rack: '1 2 INVITE' }),
  farRequest('UPDATE', { to: '<sip:alice@example.org>;tag=a', 'session-expires': '1800' }),
  farRequest('NOTIFY', { to: '<sip:alice@example.org>;tag=a', event: 'refer;id=1' }),
].map((request) => Buffer.from(serializeSip(request)))
const corpus = [...vectors('rfc4475', '.dat'), ...vectors('rfc-sip-flows', '.sip'), ...crafted, ...crafted, ...crafted]

const challenges = ['Digest realm="r", nonce="n", qop="auth"', 'Digest realm=", nonce=,', 'Basic realm="r"', 'Digest']

/** One wire over one flow, registered; nothing of the library behind it. */
function registeredWire(seed: number, clock: FakeClock): { wire: Wire; server: TestServer; sent: SipRequest[] } {
  const sent: SipRequest[] = []
  const server = makeTestServer((request) => {
    sent.push(request)
    return null
  })
  const wire: Wire = new Wire({
    ...{ domain: 'example.org', transport: 'tls', placeholder: 'x.invalid', contactUser: 'own' },
    secrets: { username: 'alice', realm: null, ha1Md5: null, ha1Sha256: null, password: null, strongest: null },
    ...{ clock, random: new SeededRandom(seed), log: silentLog, onFact: () => undefined, live: new LiveSessions() },
    onMessage: (message) => message.answer(200),
  })
  wire.ondata = (text) => {
    wire.noteTransaction()
    parseSip(Buffer.from(text))
  }
  wire.attach(server.flow)
  wire.send(register)
  server.send(registered(server.requests('REGISTER')[0]!))
  return { wire, server, sent }
}

/** An answer to something we sent, then damaged: it reaches the judge of responses. */
function answerTo(sent: readonly SipRequest[], dice: Dice): Buffer {
  const request = pick(sent, dice)
  const response = respond(request, pick([100, 180, 200, 401, 407, 422, 480, 503, 699], dice), [
    { name: 'www-authenticate', value: pick(challenges, dice) },
    { name: 'service-route', value: pick(['<sip:a;lr>', '<', ',,', '"'], dice) },
  ])
  return mutated([Buffer.from(serializeSip(response))], dice)
}

/** Requests and responses, damaged; every one is taken, answered or dropped. */
export const hostileServer: FuzzTarget = (count, seed) => {
  const [dice, clock] = [diceOf(seed), new FakeClock()]
  const { wire, server, sent } = registeredWire(seed, clock)
  for (let input = 0; input < count; input += 1) {
    const bytes = dice(4) === 0 ? answerTo(sent, dice) : mutated(corpus, dice)
    server.sendRaw(bytes.toString('latin1'))
    attempt(
      () => {
        const message = parseSip(bytes)
        bareDescription(message)
        if (message.kind === 'request') withSipIdentities(withHeader(message, 'x', 'y'), 'example.org')
      },
      (error) => error instanceof SipParseError,
    )
  }
  wire.disconnect()
}
