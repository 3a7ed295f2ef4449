import { readFileSync, statSync, readdirSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { digestSecrets, phoneHa1 } from '#main/home/digest-secrets.ts'
import type { HomeCredentials } from '#main/home/port.ts'
import type { HomeServer } from '#server/home/server.ts'
import type { SottoError } from '#shared/errors.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { parseInvitation, serializeInvitation } from '#shared/home/invitation.ts'
import { addressOf, filesWith, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { SocketPhone } from '#test/fakes/socket-phone.ts'

let directory: ReturnType<typeof temporaryDirectory>
let server: HomeServer
const client = homeClient()

const tokenOf = (): string => readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
const signUp = async (user: string): Promise<HomeCredentials> => {
  const made = await client.signUp(addressOf(server), user, { token: tokenOf() })
  return { user, domain: server.endpoint.domain, ha1Sha256: made.ha1Sha256 }
}
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (cause: unknown) => (cause as SottoError).code,
  )
const invitedSignUp = (user: string, text: string): Promise<unknown> => {
  const invitation = parseInvitation(text)
  if (!invitation.ok) return Promise.reject(new Error(invitation.error))
  return client.signUp(addressOf(server), user, { invitation: toBase64Url(invitation.value.code) })
}

beforeEach(async () => {
  directory = temporaryDirectory()
  server = await startHome(directory.path, { limits: { invitations: 4, httpFailuresPerMinute: 5 } })
})
afterEach(async () => {
  await server.stop()
  directory.remove()
})

/** A request as any program can make it; resolves with its status. */
function raw(options: { secure: boolean; headers: Record<string, string>; path?: string }): Promise<number> {
  const { https, ws } = server.endpoint.ports
  const send = options.secure ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = send({
      host: '127.0.0.1',
      port: options.secure ? https : ws,
      path: options.path ?? '/domain',
      headers: options.headers,
      rejectUnauthorized: false,
    })
    sent.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('upgrade', (_response, socket) => {
      socket.destroy()
      resolve(101)
    })
    sent.on('error', reject)
    sent.end()
  })
}

describe('sign-up', () => {
  test('needs the token of this computer user’s file and makes an address once', async () => {
    expect(await codeOf(client.signUp(addressOf(server), 'alice', { token: 'A'.repeat(43) }))).toBe('server-refused')
    const made = await client.signUp(addressOf(server), 'alice', { token: tokenOf() })
    expect(made.aor).toBe('sip:alice@sotto.home.arpa')
    expect(Buffer.from(made.password).toString()).toMatch(/^[A-Za-z0-9_-]{32}$/)
    expect(await codeOf(signUp('alice'))).toBe('address-taken')
  })

  test.each(['echo', 'postmaster', 'admin'])('keeps the name %s for itself', async (user) => {
    expect(await codeOf(signUp(user))).toBe('address-taken')
  })

  test.each(['Alice', '-a', 'a b', 'a@b', 'ä', 'x'.repeat(64)])('refuses the name %j', async (user) => {
    expect(['server-refused', 'address-invalid']).toContain(await codeOf(signUp(user)))
  })

  test('tells the server no password', async () => {
    const made = await client.signUp(addressOf(server), 'alice', { token: tokenOf() })
    await server.stop()
    expect(filesWith(directory.path, Buffer.from(made.password).toString())).toEqual([])
  })

  test('gives up on an address that guesses tokens', async () => {
    for (let i = 0; i < 5; i += 1) {
      await codeOf(client.signUp(addressOf(server), 'alice', { token: toBase64Url(new Uint8Array(32).fill(i)) }))
    }
    const refused = await client.domain(addressOf(server)).catch((cause: unknown) => (cause as SottoError).params)
    expect(refused).toEqual({ status: 429 })
  })
})

describe('invitations', () => {
  const invite = () => client.invite(addressOf(server), tokenOf(), false)

  test('let one person in, once', async () => {
    const { invitation, expiresAt } = await invite()
    expect(expiresAt).toBeGreaterThan(Date.now() + 23 * 3_600_000)
    const parsed = parseInvitation(invitation)
    expect(parsed.ok && [parsed.value.host, parsed.value.port]).toEqual(['127.0.0.1', server.endpoint.ports.https])
    expect(parsed.ok && Buffer.from(parsed.value.spkiSha256).toString('base64')).toBe(server.endpoint.spkiPin)
    await invitedSignUp('bob', invitation)
    expect(await codeOf(invitedSignUp('carol', invitation))).toBe('invitation-invalid')
  })

  test('are not used up by a name that is taken', async () => {
    await signUp('bob')
    const { invitation } = await invite()
    expect(await codeOf(invitedSignUp('bob', invitation))).toBe('address-taken')
    expect(await codeOf(invitedSignUp('rob', invitation))).toBe('done')
  })

  test('with another code are refused; the code itself is in no file', async () => {
    const { invitation } = await invite()
    const parsed = parseInvitation(invitation)
    if (!parsed.ok) throw new Error(parsed.error)
    const other = { ...parsed.value, code: parsed.value.code.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) }
    expect(await codeOf(invitedSignUp('bob', serializeInvitation(other)))).toBe('invitation-invalid')
    await server.stop()
    const code = Buffer.from(parsed.value.code)
    const files = readdirSync(directory.path).filter((name) => statSync(`${directory.path}/${name}`).isFile())
    expect(files.filter((name) => readFileSync(`${directory.path}/${name}`).includes(code))).toEqual([])
  })

  test('need the token, and are bounded', async () => {
    expect(await codeOf(client.invite(addressOf(server), 'A'.repeat(43), false))).toBe('server-refused')
    for (let i = 0; i < 4; i += 1) await invite()
    expect(await codeOf(invite())).toBe('server-refused')
  })
})

describe('web pages', () => {
  const upgrade = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
  const key = { 'sec-websocket-key': Buffer.alloc(16, 1).toString('base64') }
  const sip = { ...upgrade, ...key, 'sec-websocket-protocol': 'sip' }

  test.each([true, false])('cannot open a WebSocket (tls: %s)', async (secure) => {
    expect(await raw({ secure, headers: { ...sip } })).toBe(101)
    expect(await raw({ secure, headers: { ...sip, origin: 'https://evil.example' } })).toBe(403)
    expect(await raw({ secure, headers: { ...sip, origin: 'null' } })).toBe(403)
    expect(await raw({ secure, headers: { ...sip, host: 'evil.example' } })).toBe(421)
    expect(await raw({ secure, headers: { ...upgrade, ...key } })).toBe(400)
    expect(await raw({ secure, headers: { ...sip, 'sec-websocket-protocol': 'chat' } })).toBe(400)
  })

  test('cannot fetch', async () => {
    expect(await raw({ secure: true, headers: {} })).toBe(200)
    expect(await raw({ secure: true, headers: { origin: 'https://evil.example' } })).toBe(403)
    expect(await raw({ secure: true, headers: { 'sec-fetch-site': 'cross-site' } })).toBe(403)
    expect(await raw({ secure: true, headers: { host: 'evil.example' } })).toBe(421)
    expect(await raw({ secure: false, headers: {} })).toBe(426)
  })

  test('a real WebSocket with an origin is refused', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.endpoint.ports.ws}/`, 'msrp', { origin: 'http://localhost' })
    const failure = await new Promise<Error>((resolve) => socket.on('error', resolve))
    expect(failure.message).toContain('403')
  })
})

describe('/me', () => {
  const ask = (credentials: HomeCredentials) => client.me(addressOf(server), credentials)

  test('shows, exports, erases, and closes until nothing is left', async () => {
    const alice = await signUp('alice')
    const bob = await signUp('bob')
    const instance = 'urn:uuid:11111111-2222-4333-8444-555555555555'
    const connect = (who: HomeCredentials, id?: string) =>
      SocketPhone.connect({
        server: server.endpoint,
        transport: 'wss',
        user: who.user,
        ha1Sha256: who.ha1Sha256,
        ...(id === undefined ? {} : { instance: id }),
      })
    const device = await connect(alice, instance)
    await device.register()
    const seen = await ask(alice).describe()
    expect(seen.account).toEqual({
      user: 'alice',
      domain: 'sotto.home.arpa',
      createdDay: new Date().toISOString().slice(0, 10),
      holdsHa1: ['SHA-256'],
      passwordEpoch: 0,
    })
    expect(seen.devices).toEqual([{ instance, lastSeenDay: seen.account.createdDay, waiting: 0 }])
    expect(seen.bindings.map((binding) => binding.instance)).toEqual([instance])
    device.close()
    await expect.poll(() => server.bindings('alice')).toEqual([])
    const writer = await connect(bob)
    await writer.message(device.aor, 'canary-one')
    await writer.message(device.aor, 'canary-two')
    writer.close()
    const exported = await ask(alice).export()
    expect(exported.messages.map(({ bodyBase64 }) => Buffer.from(bodyBase64, 'base64').toString())).toEqual([
      'canary-one',
      'canary-two',
    ])
    expect(exported.messages[0]?.waitsFor).toEqual([instance])
    expect((await ask(bob).describe()).sentWaiting.messages).toBe(2)
    expect(await ask(alice).eraseMailbox()).toEqual({
      ...{ accounts: 1, devices: 1, messages: 0, bindings: 0, echoDevices: 0, replica: 0 },
    })
    expect(filesWith(directory.path, 'canary')).toEqual([])
    const again = await connect(bob)
    await again.message(device.aor, 'canary-three')
    again.close()
    expect(await ask(alice).close()).toEqual({
      ...{ accounts: 0, devices: 0, messages: 0, bindings: 0, echoDevices: 0, replica: 0 },
    })
    for (const needle of ['canary', instance, alice.ha1Sha256, 'alice']) {
      expect(filesWith(directory.path, needle), needle).toEqual([])
    }
    expect(await codeOf(ask(alice).describe())).toBe('wrong-password')
  })

  test('closing also takes back what the user sent and nobody fetched', async () => {
    const [alice, bob] = [await signUp('alice'), await signUp('bob')]
    const writer = await SocketPhone.connect({ server: server.endpoint, transport: 'tcp', ...alice })
    expect((await writer.message('sip:bob@sotto.home.arpa', 'canary-sent')).status).toBe(202)
    writer.close()
    await ask(alice).close()
    expect((await ask(bob).export()).messages).toEqual([])
    expect(filesWith(directory.path, 'canary')).toEqual([])
    expect(filesWith(directory.path, 'alice')).toEqual([])
  })

  test('changes the password and ends what was signed in with the old one', async () => {
    const alice = await signUp('alice')
    const phone = await SocketPhone.connect({ server: server.endpoint, transport: 'ws', ...alice })
    await phone.register()
    const next = digestSecrets('alice', alice.domain, Buffer.from('another one'))
    await ask(alice).changePassword(next)
    await expect.poll(() => server.bindings('alice')).toEqual([])
    expect(await codeOf(ask(alice).describe())).toBe('wrong-password')
    expect((await ask({ ...alice, ha1Sha256: next.ha1Sha256 }).describe()).account.user).toBe('alice')
    server.purge()
    expect(filesWith(directory.path, alice.ha1Sha256)).toEqual([])
    phone.close()
  })

  test('lets old phones in with a password of their own, until the password changes', async () => {
    const alice = await signUp('alice')
    const secret = phoneHa1('alice', alice.domain, Buffer.from('for the phone'))
    const holds = async (who: HomeCredentials): Promise<string[]> => (await ask(who).describe()).account.holdsHa1
    await ask(alice).letPhonesIn(secret)
    expect(await holds(alice)).toEqual(['MD5', 'SHA-256'])
    await ask(alice).letPhonesIn(null)
    expect(await holds(alice)).toEqual(['SHA-256'])
    await ask(alice).letPhonesIn(secret)
    const next = digestSecrets('alice', alice.domain, Buffer.from('another one'))
    await ask(alice).changePassword(next)
    expect(await holds({ ...alice, ...next })).toEqual(['SHA-256'])
    server.purge()
    expect(filesWith(directory.path, secret)).toEqual([])
  })

  test('shows nothing to others', async () => {
    const alice = await signUp('alice')
    const bob = await signUp('bob')
    expect(await codeOf(ask({ ...bob, user: 'alice' }).describe())).toBe('wrong-password')
    expect(await codeOf(ask({ ...alice, domain: 'other.example' }).describe())).toBe('foreign-realm-refused')
  })
})

test('every file is its owner’s only, the directory too', () => {
  expect(statSync(directory.path).mode & 0o777).toBe(0o700)
  for (const name of ['home.db', 'signup-token', 'endpoint.json', 'tls-key.pem', 'tls-certificate.pem']) {
    expect(statSync(`${directory.path}/${name}`).mode & 0o777, name).toBe(0o600)
  }
})
