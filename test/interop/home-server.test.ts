/** Two stacks of ours through our own home server: the same wishes as towards Kamailio. */
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { NewHomeAccount } from '#main/home/port.ts'
import type { HomeServer } from '#server/home/server.ts'
import type { SipTransport } from '#shared/model/views.ts'
import { addressOf, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { waitUntil } from './peers.ts'
import { makeStack, type Stack } from './stack.ts'

const directory = temporaryDirectory()
const people = new Map<string, NewHomeAccount>()
const running: Stack[] = []
let server: HomeServer

beforeAll(async () => {
  server = await startHome(directory.path, { options: { allowPlain: true } })
  const token = readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
  for (const name of ['alice', 'bob', 'carol']) {
    const account = await homeClient().signUp(addressOf(server), name, { token })
    people.set(name, account as NewHomeAccount)
  }
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((stack) => stack.port.stop()))
})
afterAll(async () => {
  await server.stop()
  directory.remove()
})

async function start(
  name: string,
  transport: SipTransport,
  { instanceId, chatOpenWaitMs }: { readonly instanceId?: string; readonly chatOpenWaitMs?: number } = {},
): Promise<Stack> {
  const { aor, password } = people.get(name)!
  const { sip, msrp, spkiPins } = addressOf(server)
  const credentials = { username: name, realm: null, ha1Md5: null, ha1Sha256: null, strongest: null }
  const account = {
    ...{ aor, transport, server: sip[transport], msrpRelay: msrp[transport], spkiPins },
    ...(instanceId === undefined ? {} : { instanceId }),
    // A copy: the stack wipes what it is given.
    credentials: { ...credentials, password: Uint8Array.from(password) },
  }
  const stack = makeStack(name, account, chatOpenWaitMs)
  running.push(stack)
  await stack.port.configure(stack.account)
  await stack.registered()
  return stack
}

describe('two stacks through the home server', () => {
  it.each(['wss', 'ws', 'tls', 'tcp'] as const)('write both ways and chat over MSRP: %s', async (transport) => {
    const alice = await start('alice', transport)
    const bob = await start('bob', transport)
    expect((await alice.send(bob.account.aor, 'pager', { prefer: 'message' })).ok).toBe(true)
    expect(await bob.body('pager')).toMatchObject({ path: 'sip-message', from: alice.account.aor })
    const overMsrp = { ok: true, value: { path: 'msrp', state: 'delivered' } }
    expect(await alice.send(bob.account.aor, 'over the relay')).toEqual(overMsrp)
    await bob.body('over the relay')
    expect(await bob.send(alice.account.aor, 'and back')).toEqual(overMsrp)
    expect(await alice.body('and back')).toMatchObject({ path: 'msrp' })
    await bob.port.typing(bob.account.id, alice.account.aor, true)
    await alice.body('<state>active</state>')
  })

  it('of several devices that accept, one gets the session, and the message once', async () => {
    const alice = await start('alice', 'wss')
    const devices = [await start('bob', 'tls'), await start('bob', 'wss')]
    const { aor } = devices[0]!.account
    expect(await alice.send(aor, 'to one of you')).toMatchObject({ ok: true, value: { path: 'msrp' } })
    const copies = devices.flatMap((device) => device.bodies)
    expect(copies.map((body) => Buffer.from(body.payload).toString())).toEqual(['to one of you'])
    const ended = (): number =>
      devices.flatMap((device) => device.events).filter((event) => event.kind === 'chat-session-ended').length
    await waitUntil(() => ended() === 1, 'the other device hears that it is over')
  })

  it('a refused message is not tried by another way', async () => {
    const alice = await start('alice', 'wss')
    const bob = await start('bob', 'wss')
    bob.decide = () => 403
    const refused = { ok: false, error: { code: 'send-refused', retry: false, status: 403 } }
    expect(await alice.send(bob.account.aor, 'unwanted')).toEqual(refused)
    expect(bob.bodies.map((body) => body.path)).toEqual(['msrp'])
  })

  it('a form that the only device refuses comes back with its status, and for good', async () => {
    const alice = await start('alice', 'wss')
    const carol = await start('carol', 'wss')
    for (const status of [415, 488, 606]) {
      carol.decide = () => status
      const refused = { ok: false, error: { code: 'send-refused', retry: false, status } }
      expect(await alice.send(carol.account.aor, 'in this form?', { prefer: 'message' })).toEqual(refused)
    }
  })

  it('a stranger’s session is left ringing, and the message comes as SIP MESSAGE with the same bytes', async () => {
    const alice = await start('alice', 'wss', { chatOpenWaitMs: 1_500 })
    const bob = await start('bob', 'tls')
    bob.invited = 'ring'
    bob.decide = () => 202
    const first = await alice.send(bob.account.aor, 'you do not know me', { contentType: 'message/cpim' })
    expect(first).toEqual({ ok: true, value: { path: 'sip-message', state: 'sent' } })
    const arrived = await bob.body('you do not know me')
    // What names the message for programs that know no CPIM.
    expect(arrived).toMatchObject({ path: 'sip-message', contentType: 'message/cpim', transportId: alice.ids[0] })
    const kinds = (): string[] => bob.events.map(({ kind }) => kind).filter((kind) => kind.startsWith('chat-session'))
    await waitUntil(() => kinds().includes('chat-session-ended'), 'bob hears that nobody waits any more')
    // The next one does not ring again.
    expect(await alice.send(bob.account.aor, 'me again')).toMatchObject({ value: { path: 'sip-message' } })
    expect(kinds()).toEqual(['chat-session', 'chat-session-ended'])
    expect(bob.bodies).toHaveLength(2)
    // Once accepted: bob writes over a session, and that one carries both ways.
    bob.decide = () => 'accept'
    expect(await bob.send(alice.account.aor, 'now I do')).toMatchObject({ value: { path: 'msrp', state: 'delivered' } })
    expect(await alice.send(bob.account.aor, 'thank you')).toMatchObject({
      value: { path: 'msrp', state: 'delivered' },
    })
    expect((await bob.body('thank you')).transportId).toBe(alice.ids[2])
  })

  it('keeps messages for a device that is away, until it has taken them', async () => {
    const device = `urn:uuid:${crypto.randomUUID()}`
    const before = await start('bob', 'wss', { instanceId: device })
    await before.port.stop()
    const alice = await start('alice', 'tls')
    expect(await alice.send(before.account.aor, 'while away')).toMatchObject({ ok: true, value: { state: 'sent' } })
    const after = await start('bob', 'tcp', { instanceId: device })
    expect((await after.body('while away')).storedAt).not.toBeNull()
  })

  it('comes back by itself when the connection is lost, and a wake-up checks the one it has', async () => {
    const alice = await start('alice', 'tls')
    const registered = (): number =>
      alice.events.filter((event) => event.kind === 'connection' && event.connection.kind === 'registered').length
    await alice.port.networkChanged()
    await alice.port.reconnect(alice.account.id)
    await waitUntil(() => registered() === 2, 'registers again')
    const bob = await start('bob', 'wss')
    expect((await bob.send(alice.account.aor, 'still here')).ok).toBe(true)
    await alice.body('still here')
  })
})
