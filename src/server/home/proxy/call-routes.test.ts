import { describe, expect, it } from 'vitest'
import { cseqOf, parseRoutes } from '#protocol/sip/headers.ts'
import type { SipHeader, SipMessage, SipRequest } from '#protocol/sip/message.ts'
import { settle } from '#test/fakes/fake-clock.ts'
import { domain, FakeDomain, valueOf, type FakePhone } from '#test/fakes/sip-domain.ts'
import type { FlowTransport } from './flow.ts'

const transports: readonly FlowTransport[] = ['udp', 'tcp', 'tls', 'ws', 'wss']
const pairs = transports.flatMap((from) => transports.map((to) => [from, to] as const))
const bobsAor = `sip:bob@${domain}`

const routesOf = (message: SipMessage): string[] => parseRoutes(message, 'record-route').map(({ uri }) => uri)
const asRoutes = (uris: readonly string[]): SipHeader[] => uris.map((uri) => ({ name: 'route', value: `<${uri}>` }))
const transportsOf = (uris: readonly string[]): string[] => uris.map((uri) => /transport=(\w+)/.exec(uri)?.[1] ?? '')
const contactOf = (phone: FakePhone): SipHeader => ({ name: 'contact', value: `<${phone.contact}>` })

/** Alice calls Bob, who rings and picks up; both ends then know their own routes (RFC 3261 §12.1). */
async function connected(from: FlowTransport, to: FlowTransport) {
  const world = new FakeDomain()
  const [alice, bob] = [
    await world.registered('alice', { transport: from }),
    await world.registered('bob', { transport: to }),
  ]
  bob.answer = ({ method }) => (method === 'INVITE' ? null : { status: 200 })
  alice.answer = bob.answer
  const done = alice.send('INVITE', bobsAor, { headers: [contactOf(alice)] })
  await settle()
  const [invite] = bob.got('INVITE') as [SipRequest]
  bob.respond(invite, { status: 180 })
  bob.respond(invite, { status: 200 })
  const answer = await done
  const dialog = { callId: valueOf(answer, 'call-id') }
  const [callers, callees] = [routesOf(answer).toReversed(), routesOf(invite)]
  const byAlice = (method: string, sequence?: number): SipRequest =>
    alice.build(method, bob.contact, {
      ...{ ...dialog, to: valueOf(answer, 'to'), headers: [...asRoutes(callers), contactOf(alice)] },
      ...(sequence === undefined ? {} : { sequence }),
    })
  const byBob = (method: string, sequence?: number): SipRequest =>
    bob.build(method, alice.contact, {
      ...{ ...dialog, from: valueOf(answer, 'to'), to: valueOf(answer, 'from') },
      ...{ headers: [...asRoutes(callees), contactOf(bob)], ...(sequence === undefined ? {} : { sequence }) },
    })
  return { world, alice, bob, invite, answer, callers, callees, byAlice, byBob }
}

describe.each(pairs)('a call from %s to %s', (from, to) => {
  it('rings, is picked up and acknowledged, changes from either side, and ends', async () => {
    const call = await connected(from, to)
    const { alice, bob, answer, invite } = call
    expect(alice.responses.slice(-3).map(({ status }) => status)).toEqual([100, 180, 200])
    // RFC 5658: one route for each side where the sides differ, its own on top for the callee.
    expect(transportsOf(call.callees)).toEqual(from === to ? [to] : [to, from])
    expect(transportsOf(call.callers)).toEqual(from === to ? [from] : [from, to])
    expect(valueOf(invite, 'via')).toMatch(new RegExp(`^SIP/2.0/${to.toUpperCase()} `))
    alice.input(call.byAlice('ACK', cseqOf(answer).sequence))
    await settle()
    expect(bob.got('ACK')).toHaveLength(1)

    for (const [one, other, build] of [
      [alice, bob, call.byAlice],
      [bob, alice, call.byBob],
    ] as const) {
      const again = build('INVITE')
      const changed = one.transact(again)
      await settle()
      const heard = other.got('INVITE').at(-1)
      if (heard === undefined) throw new Error('the re-INVITE did not arrive')
      expect(valueOf(heard, 'via')).toMatch(new RegExp(`^SIP/2.0/${other.flow.transport.toUpperCase()} `))
      other.respond(heard, { status: 200 })
      expect((await changed).status).toBe(200)
      one.input(build('ACK', cseqOf(again).sequence))
      await settle()
      expect(cseqOf(other.got('ACK').at(-1) ?? heard).sequence).toBe(cseqOf(again).sequence)
    }
    expect((await bob.transact(call.byBob('BYE'))).status).toBe(200)
    expect(alice.got('BYE')).toHaveLength(1)
    await call.world.clock.advance(64_000)
    expect(call.world.proxy.counts.transactions).toBe(0)
  })
})

describe('an INVITE for a phone on UDP', () => {
  const invite = async (bytes: number) => {
    const world = new FakeDomain()
    const alice = await world.registered('alice', { transport: 'tls' })
    const bob = await world.registered('bob', { transport: 'udp' })
    const answer = await alice.send('INVITE', bobsAor, { headers: [contactOf(alice)], body: 'x'.repeat(bytes) })
    return { alice, bob, answer }
  }

  it('may be larger than an MTU, and is refused in words where no datagram can hold it', async () => {
    const large = await invite(9_000)
    expect([large.answer.status, large.bob.got('INVITE')[0]?.body.length]).toEqual([200, 9_000])
    const tooLarge = await invite(65_400)
    expect([tooLarge.answer.status, tooLarge.answer.reason, tooLarge.bob.got('INVITE')]).toEqual([
      ...[513, 'Too Large For The UDP Of This Device', []],
    ])
  })

  it('too large for one device reaches the other', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice', { transport: 'tls' })
    const small = await world.registered('bob', { transport: 'udp' })
    const desk = await world.registered('bob', { transport: 'tcp' })
    const answer = await alice.send('INVITE', bobsAor, { headers: [contactOf(alice)], body: 'x'.repeat(65_400) })
    expect([answer.status, small.got('INVITE').length, desk.got('INVITE').length]).toEqual([200, 0, 1])
  })
})
