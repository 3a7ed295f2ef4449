import { execFileSync } from 'node:child_process'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { createJsonLog } from '#main/platform/json-log.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import type { MediaPlan } from '#main/media/media-port.ts'
import { headerValue } from '#protocol/sip/headers.ts'
import type { SipRequest, SipResponse } from '#protocol/sip/message.ts'
import { stopAll, contact, desk, listen, sdpType, soon, start } from '#test/fakes/calling.ts'
import { farRequest, respond } from '#test/fakes/sip-flow-server.ts'
import { call, GatewayWorld, negotiate, type GatewaySide } from '#test/fakes/gateway-side.ts'
import { FakeTurnServer, turnUser } from '#test/fakes/turn-server.ts'

/** Everything that was written anywhere, from before the libraries are loaded. */
const sink = vi.hoisted(() => {
  process.env.DEBUG = '*'
  const taken = { text: '' }
  const note = (...values: readonly unknown[]): true => {
    taken.text += `${values.map(String).join(' ')}\n`
    return true
  }
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, 'write').mockImplementation(note)
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const)
    vi.spyOn(console, method).mockImplementation((...values: readonly unknown[]) => void note(...values))
  return { taken, note }
})
const log = createJsonLog({ clock: systemClock, level: 'debug', write: sink.note })

afterAll(() => {
  vi.restoreAllMocks()
  delete process.env.DEBUG
})

const worlds: GatewayWorld[] = []
afterEach(async () => {
  await stopAll()
  for (const world of worlds.splice(0)) await world.close()
  sink.taken.text = ''
})

/** Those of `secrets` that were written, in any of the ways that bytes are written. */
function leaked(secrets: readonly (string | Uint8Array | null | undefined)[]): readonly string[] {
  const texts = secrets.flatMap((secret) => {
    if (secret == null) return []
    if (typeof secret === 'string') return [secret]
    const bytes = Buffer.from(secret)
    return [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url'), [...bytes].join(',')]
  })
  expect(texts.length).toBeGreaterThan(0)
  return texts.filter((text) => sink.taken.text.toLowerCase().includes(text.toLowerCase()))
}

const inlineOf = (sdp: string): string[] => [...sdp.matchAll(/inline:([A-Za-z0-9+/]{16,})/g)].map(([, key = '']) => key)

/** A password that its owner has no need of any more is overwritten: each run gets its own. */
const password = 'correct-horse-battery'
const key = 'MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI'
const described = `v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}\r\n`

function challenged(request: SipRequest): SipResponse | null {
  if (headerValue(request, 'authorization') !== undefined) return null
  if (headerValue(request, 'proxy-authorization') !== undefined) return null
  const [status, name] = request.method === 'REGISTER' ? [401, 'www-authenticate'] : [407, 'proxy-authenticate']
  return respond(request, status, [{ name, value: 'Digest realm="example.org", nonce="abc", qop="auth"' }])
}

/** `response` of every digest that was sent. */
function digestsIn(requests: readonly SipRequest[]): readonly string[] {
  const headers = requests.flatMap((one) => [
    headerValue(one, 'authorization'),
    headerValue(one, 'proxy-authorization'),
  ])
  return headers.flatMap((value) => /response="([^"]+)"/.exec(value ?? '')?.[1] ?? [])
}

describe('nothing that is written holds a secret', () => {
  it('of the signalling: passwords, digests, keys in descriptions, whatever is refused or makes no sense', async () => {
    const answers: ((request: SipRequest) => SipResponse)[] = [
      (request) => respond(request, 200, [contact, sdpType], { body: Buffer.from(described) }),
      (request) => respond(request, 488, [sdpType], { body: Buffer.from(described) }),
      (request) => respond(request, 180, [{ name: 'require', value: '100rel' }], { body: Buffer.from(described) }),
    ]
    const { agent, server } = await start(
      (request) => challenged(request) ?? (request.method === 'INVITE' ? (answers.shift()?.(request) ?? null) : null),
      systemClock,
      { log, password: Buffer.from(password), challenge: challenged },
    )
    const exchange = { ...desk(), createOffer: () => Promise.resolve(described) }
    for (let at = 0; at < 3; at += 1) listen(agent.invite('sip:bob@example.org', exchange))
    const headers = { 'content-type': 'application/sdp' }
    server.send(farRequest('INVITE', headers, { body: Buffer.from(described) }))
    server.send(farRequest('INVITE', { ...headers, cseq: 'nonsense' }, { body: Buffer.from(described) }))
    server.send(farRequest('INVITE', { ...headers, from: key }, { body: Buffer.from(described) }))
    server.sendRaw(`INVITE sip:alice SIP/2.0\r\nAuthorization: ${key}\r\n\r\n${described}`)
    await server.response(180)
    await soon(200)
    const digests = digestsIn([...server.requests('REGISTER'), ...server.requests('INVITE')])
    expect(digests.length).toBeGreaterThanOrEqual(4)
    // The log was listened to.
    expect(sink.taken.text).toContain('malformed sip message')
    expect(leaked([password, key, ...digests])).toEqual([])
  })

  it('of the signalling, even where DEBUG makes its library talk: outside of a test, which has a console of its own', () => {
    const module = new URL('../../../src/protocol/sip/user-agent/jssip.ts', import.meta.url).href
    const script = `await import('${module}'); const { default: { debug } } = await import('jssip')
      process.stdout.write('talks: ' + debug('JsSIP:Transport').enabled)`
    const child = { env: { ...process.env, DEBUG: '*' }, encoding: 'utf8' } as const
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], child)).toBe('talks: false')
  })

  const runs: readonly (readonly [string, Partial<MediaPlan>])[] = [
    ['ZRTP', {}],
    ['SDES', { policy: 'sdes-over-tls', offer: 'sdes' }],
    ['a relay', { hideAddress: true }],
    ['a relay with a wrong password', { hideAddress: true }],
  ]

  it.each(runs)('of media over %s, heard, altered and refused', async (name, change) => {
    const world = new GatewayWorld(`logs ${name}`)
    worlds.push(world)
    const [a, b] = [await world.side('10.0.0.1'), await world.side('10.0.0.2')]
    await FakeTurnServer.open(world.network.node(['10.0.0.9']), '10.0.0.9', world.clock)
    const given = name.includes('wrong') ? 'wrong-pass-phrase' : turnUser.password
    const relay = change.hideAddress === true ? { host: '10.0.0.9', port: 3478, ...turnUser, password: given } : null
    // The right one is a word that may stand anywhere.
    const secrets: (string | Uint8Array | null | undefined)[] = [
      given === turnUser.password ? `${turnUser.username}:` : given,
    ]
    for (const side of [a, b]) side.plan = { ...side.plan, ...change, relay }
    const seen = (sdp: string): string => {
      secrets.push(...inlineOf(sdp))
      return sdp
    }
    const outcome = await negotiate(a, b, { offer: seen, answer: seen })
    expect(outcome === 'up').toBe(!name.includes('wrong'))
    if (outcome === 'up') await damaged(world, a, b)
    for (const { events } of [a, b])
      for (const event of events) {
        if (event.kind === 'keys') secrets.push(event.keys.sas?.text)
        if (event.kind === 'zrtp-retain') secrets.push(event.rs1, event.rs2)
      }
    expect(leaked(secrets)).toEqual([])
  })
})

/** Words, wrong tags, a SAS that differs, and an offer without the keys that were agreed. */
async function damaged(world: GatewayWorld, a: GatewaySide, b: GatewaySide): Promise<void> {
  await world.until(() => a.keys !== null && b.keys !== null)
  a.page.capture(Buffer.from('words'))
  await world.clock.advance(200)
  await a.gateway.compared(call, false)
  const offered = await a.reoffer()
  if (!offered.ok) throw new Error(offered.error)
  const stripped = offered.value.networkSdp.replaceAll(/a=(?:crypto|zrtp-hash):.*\r\n/g, '').replaceAll('SAVP', 'AVP')
  await b.answerAgain(stripped)
  await a.takeAnswer('nonsense')
}
