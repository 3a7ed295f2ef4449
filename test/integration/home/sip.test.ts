import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { headerValue } from '#protocol/sip/headers.ts'
import type { FlowTransport } from '#server/home/proxy/flow.ts'
import type { HomeServer } from '#server/home/server.ts'
import { addressOf, filesWith, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { SocketPhone } from '#test/fakes/socket-phone.ts'

const transports: readonly FlowTransport[] = ['ws', 'wss', 'tls', 'tcp', 'udp']
const instanceOf = (n: number): string => `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

describe('the home server over real sockets', () => {
  const directory = temporaryDirectory()
  let server: HomeServer
  let token: string
  const secrets = new Map<string, string>()
  const phones: SocketPhone[] = []

  const phone = async (user: string, transport: FlowTransport, instance?: string): Promise<SocketPhone> => {
    const options = { server: server.endpoint, transport, user, ha1Sha256: secrets.get(user) ?? '' }
    const made = await SocketPhone.connect(instance === undefined ? options : { ...options, instance })
    phones.push(made)
    return made
  }
  const signUp = async (user: string): Promise<void> => {
    const made = await homeClient().signUp(addressOf(server), user, { token })
    secrets.set(user, made.ha1Sha256)
  }

  beforeAll(async () => {
    server = await startHome(directory.path)
    const { readFileSync } = await import('node:fs')
    token = readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
    for (const user of ['alice', 'bob', 'carol', 'dave']) await signUp(user)
  })
  afterAll(async () => {
    phones.forEach((one) => one.close())
    await server.stop()
    directory.remove()
  })

  test.each(transports)('alice registers over %s and bob writes to her over every transport', async (transport) => {
    const alice = await phone('alice', transport, instanceOf(1))
    expect((await alice.register()).status).toBe(200)
    for (const [index, other] of transports.entries()) {
      const bob = await phone('bob', other)
      const text = `hello over ${other} to ${transport} – ünïcode`
      const answer = await bob.message(alice.aor, text)
      expect([200, 202]).toContain(answer.status)
      const arrived = await alice.got(({ method }) => method === 'MESSAGE', index + 1)
      expect(Buffer.from(arrived.body).toString()).toBe(text)
      bob.close()
    }
    alice.close()
  })

  test('refuses a wrong password, an unknown user and a foreign sender', async () => {
    secrets.set('mallory', '0'.repeat(64))
    secrets.set('wrong', secrets.get('bob') ?? '')
    expect((await (await phone('mallory', 'ws')).register()).status).toBe(401)
    const bob = await phone('bob', 'ws')
    expect((await bob.message(`sip:nobody@${server.endpoint.domain}`, 'x')).status).toBe(404)
    expect((await bob.message('sip:somebody@elsewhere.example', 'x')).status).toBeGreaterThanOrEqual(400)
  })

  test('nobody signs in as the echo contact', async () => {
    secrets.set('echo', '0'.repeat(64))
    expect((await (await phone('echo', 'ws')).register()).status).toBe(401)
  })

  test('keeps a message for each device that is away, and delivers it once, in order, with its time', async () => {
    const one = await phone('carol', 'wss', instanceOf(11))
    const two = await phone('carol', 'tls', instanceOf(12))
    await one.register()
    await two.register()
    one.close()
    two.close()
    await expect.poll(() => server.bindings('carol')).toEqual([])
    const bob = await phone('bob', 'ws')
    const cpim = 'From: <sip:bob@x>\r\nTo: <sip:carol@x>\r\n\r\nContent-Type: text/plain\r\n\r\n'
    for (const text of ['first', 'second', 'third']) {
      expect((await bob.message(one.aor, cpim + text, 'message/cpim')).status).toBe(202)
    }
    expect(filesWith(directory.path, 'second')).not.toEqual([])
    for (const [transport, instance] of [
      ['tcp', instanceOf(11)],
      ['ws', instanceOf(12)],
    ] as const) {
      const device = await phone('carol', transport, instance)
      await device.register()
      await device.got(({ method }) => method === 'MESSAGE', 3)
      await device.register()
      await new Promise((resolve) => setTimeout(resolve, 100))
      const messages = device.received.filter(({ method }) => method === 'MESSAGE')
      expect(messages.map(({ body }) => Buffer.from(body).toString())).toEqual([
        `${cpim}first`,
        `${cpim}second`,
        `${cpim}third`,
      ])
      expect(headerValue(messages[0]!, 'content-type')).toBe('message/cpim')
      expect(Date.parse(headerValue(messages[0]!, 'date') ?? '')).toBeGreaterThan(Date.now() - 60_000)
      device.close()
    }
    // The log is emptied within a minute; here at once, to look.
    server.purge()
    expect(filesWith(directory.path, 'second')).toEqual([])
  })

  test('a device that refuses one message still gets the next; a failing one stops and tries again', async () => {
    const dave = await phone('dave', 'ws', instanceOf(21))
    await dave.register()
    dave.close()
    await expect.poll(() => server.bindings('dave')).toEqual([])
    const bob = await phone('bob', 'ws')
    for (const text of ['image', 'text', 'late']) await bob.message(dave.aor, text)
    const textsOf = (from: SocketPhone) => from.received.map(({ body }) => Buffer.from(body).toString())
    const again = await phone('dave', 'ws', instanceOf(21))
    again.answer = ({ body }) =>
      Buffer.from(body).toString() === 'image' ? 415 : textsOf(again).length > 1 ? 500 : 200
    await again.register()
    await again.got(() => true, 3)
    expect(textsOf(again)).toEqual(['image', 'text', 'late'])
    again.close()
    const third = await phone('dave', 'tcp', instanceOf(21))
    await third.register()
    await third.got(() => true, 2)
    expect(textsOf(third)).toEqual(['image', 'late'])
  })
})
