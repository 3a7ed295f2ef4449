import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createConnector } from '#main/platform/sockets/connector.ts'
import { mediaTypeOf, parseCpim, serializeCpim } from '#protocol/cpim/cpim.ts'
import { imdnHeaders, parseImdn } from '#protocol/cpim/imdn.ts'
import { MsrpClient } from '#protocol/msrp/client.ts'
import { defaultSessionTiming } from '#protocol/msrp/session.ts'
import { headerValue } from '#protocol/sip/headers.ts'
import { helpText } from '#server/home/echo/echo-replies.ts'
import type { HomeServer } from '#server/home/server.ts'
import { systemClock, systemRandom } from '#server/home/system-ports.ts'
import { addressOf, homeClient, silentLog, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { SocketPhone } from '#test/fakes/socket-phone.ts'

const directory = temporaryDirectory()
const echo = 'sip:echo@sotto.home.arpa'
let server: HomeServer
let ha1Sha256: string
let alice: SocketPhone

beforeAll(async () => {
  server = await startHome(directory.path)
  const token = readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
  ha1Sha256 = (await homeClient().signUp(addressOf(server), 'alice', { token })).ha1Sha256
  alice = await SocketPhone.connect({ server: server.endpoint, transport: 'wss', user: 'alice', ha1Sha256 })
  await alice.register()
})
afterAll(async () => {
  alice.close()
  await server.stop()
  directory.remove()
})

const cpim = (text: string): Uint8Array =>
  serializeCpim({
    from: { displayName: '', uri: alice.aor },
    to: [{ displayName: '', uri: echo }],
    cc: [],
    dateTimeMs: Date.now(),
    subject: null,
    require: [],
    headers: imdnHeaders('m-1', ['positive-delivery', 'display']),
    content: { contentType: 'text/plain; charset=utf-8', headers: [], body: Buffer.from(text) },
  })

test('answers SIP MESSAGE: receipts, typing, introduction, echo', async () => {
  expect((await alice.message(echo, cpim('Grüße, echo'), 'message/cpim')).status).toBe(200)
  await alice.got(() => true, 5)
  const types = alice.received.map((request) => headerValue(request, 'content-type'))
  expect(types).toEqual([
    'message/cpim',
    'message/cpim',
    'application/im-iscomposing+xml',
    'message/cpim',
    'message/cpim',
  ])
  const bodies = [0, 1, 3, 4].map((index) => parseCpim(alice.received[index]!.body).content)
  expect(parseImdn(bodies[0]!.body)).toMatchObject({ messageId: 'm-1', disposition: { status: 'delivered' } })
  expect(parseImdn(bodies[1]!.body).disposition.status).toBe('displayed')
  expect(bodies.slice(2).map(({ body }) => Buffer.from(body).toString())).toEqual([helpText, 'Grüße, echo'])
  expect(headerValue(alice.received[4]!, 'from')).toContain('"Echo" <sip:echo@sotto.home.arpa>')
})

test('chats over MSRP through the relay', async () => {
  const { host, domain, ports, spkiPin } = server.endpoint
  const client = new MsrpClient({
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    connector: createConnector({ clock: systemClock }),
  })
  const connected = await client.connectRelay({
    url: `wss://${host}:${ports.https}/`,
    tls: { serverName: domain, spkiPins: [spkiPin] },
    credentials: { username: 'alice', realm: domain, ha1Md5: null, ha1Sha256, strongest: 'SHA-256' },
  })
  if (!connected.ok) throw new Error(connected.error.kind)
  const reserved = await connected.value.reservePath()
  if (!reserved.ok) throw new Error(reserved.error.kind)
  const offer = [
    ...['v=0', 'o=alice 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
    ...[
      'm=message 2855 TCP/TLS/MSRP *',
      'a=accept-types:message/cpim text/plain',
      `a=path:${reserved.value.path.join(' ')}`,
    ],
    '',
  ].join('\r\n')
  const callId = 'echo-chat-1'
  const accepted = await alice.request('INVITE', echo, {
    callId,
    body: offer,
    headers: [
      { name: 'contact', value: '<sip:alice@device.invalid;transport=wss>' },
      { name: 'content-type', value: 'application/sdp' },
    ],
  })
  expect(accepted.status).toBe(200)
  const path = /^a=path:(.*)$/m.exec(Buffer.from(accepted.body).toString())?.[1]?.trim().split(' ') ?? []
  expect(path.length).toBeGreaterThan(1)
  const arrived: { contentType: string; body: Uint8Array }[] = []
  const session = connected.value.openSession(reserved.value, {
    config: {
      remotePath: path,
      role: 'active',
      acceptTypes: ['*'],
      timing: defaultSessionTiming,
      maxInFlight: 16,
      maxUndecided: 64,
    },
    handlers: {
      onMessage: (message, decision) => {
        arrived.push(message)
        decision.accept()
      },
    },
  })
  const sendAll = async (text: string, id: string) =>
    session.send({
      messageId: id,
      contentType: 'message/cpim',
      body: cpim(text),
      headers: [],
      successReport: true,
      failureReport: 'yes',
      chunkBytes: 8_192,
    })
  expect(await sendAll('over the relay', 'id1')).toMatchObject({ kind: 'delivered' })
  const long = 'long line '.repeat(20_000)
  expect(await sendAll(long, 'id2')).toMatchObject({ kind: 'delivered' })
  const texts = () =>
    arrived
      .filter(({ contentType }) => mediaTypeOf(contentType) === 'message/cpim')
      .map(({ body }) => parseCpim(body).content)
      .filter(({ contentType }) => mediaTypeOf(contentType) === 'text/plain')
      .map(({ body }) => Buffer.from(body).toString())
  await expect.poll(texts, { timeout: 8_000 }).toEqual(['over the relay', long])
  expect(arrived.map(({ contentType }) => contentType)).toContain('application/im-iscomposing+xml')
  connected.value.close()
})

test('refuses a call with keys it cannot agree on, and a chat of somebody else’s dialog', async () => {
  const headers = [
    { name: 'contact', value: '<sip:alice@device.invalid;transport=wss>' },
    { name: 'content-type', value: 'application/sdp' },
  ]
  const audio = 'v=0\r\no=a 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 UDP/TLS/RTP/SAVP 0\r\n'
  expect((await alice.request('INVITE', echo, { body: audio, headers })).status).toBe(488)
  expect((await alice.request('SUBSCRIBE', echo, { headers: [{ name: 'event', value: 'presence' }] })).status).toBe(405)
})
