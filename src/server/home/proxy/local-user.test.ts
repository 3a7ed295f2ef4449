import { describe, expect, it } from 'vitest'
import { SipParseError } from '#protocol/sip/errors.ts'
import { headerLines, parseRoutes, withHeader } from '#protocol/sip/headers.ts'
import type { SipRequest } from '#protocol/sip/message.ts'
import { settle } from '#test/fakes/fake-clock.ts'
import { domain, FakeDomain, valueOf } from '#test/fakes/sip-domain.ts'
import type { LocalExchange, LocalUser } from './api.ts'

const echo = `sip:echo@${domain}`

function echoWorld(handle: (exchange: LocalExchange, local: LocalUser) => void): {
  world: FakeDomain
  local: LocalUser
} {
  const world = new FakeDomain()
  // No account: the name is reserved and nobody can sign in with it.
  world.passwords.delete('echo')
  const local: LocalUser = world.proxy.registerLocal('echo', (exchange) => handle(exchange, local))
  return { world, local }
}

describe('in-process user', () => {
  it('answers a MESSAGE and sends one back', async () => {
    const { world } = echoWorld((exchange, local) => {
      exchange.respond({ status: 200 })
      const { body } = exchange.request
      const headers = [
        { name: 'from', value: `<${echo}>` },
        { name: 'to', value: `<sip:${exchange.from}@${domain}>` },
        { name: 'content-type', value: 'text/plain' },
      ]
      void local.send({ kind: 'request', method: 'MESSAGE', uri: `sip:${exchange.from}@${domain}`, headers, body })
    })
    const alice = await world.registered('alice')
    expect((await alice.send('MESSAGE', echo, { body: 'hello' })).status).toBe(200)
    await settle()
    expect(alice.got('MESSAGE').map(({ body }) => Buffer.from(body).toString())).toEqual(['hello'])
    expect(world.mailbox.stored).toEqual([])
  })

  it('holds a dialog: INVITE, ACK, BYE from either side', async () => {
    const seen: string[] = []
    let invited: LocalExchange | null = null
    const { world, local } = echoWorld((exchange, self) => {
      seen.push(exchange.request.method)
      if (exchange.request.method === 'INVITE') invited = exchange
      exchange.respond({ status: 200, headers: [{ name: 'contact', value: `<${self.contactUri}>` }] })
    })
    const alice = await world.registered('alice', { transport: 'tcp' })
    const answer = await alice.send('INVITE', echo, { headers: [{ name: 'contact', value: `<${alice.contact}>` }] })
    expect(answer.status).toBe(200)
    const dialog = {
      from: `<sip:alice@${domain}>;tag=${alice.tag}`,
      to: valueOf(answer, 'to'),
      callId: valueOf(answer, 'call-id'),
    }
    const routes = parseRoutes(answer, 'record-route').map(({ uri }) => ({ name: 'route', value: `<${uri}>` }))
    alice.input(alice.build('ACK', local.contactUri, { ...dialog, headers: [...routes].reverse() }))
    await settle()
    expect(
      (await alice.transact(alice.build('INFO', local.contactUri, { ...dialog, headers: [...routes].reverse() })))
        .status,
    ).toBe(200)
    expect(seen).toEqual(['INVITE', 'ACK', 'INFO'])
    const invite = (invited as unknown as LocalExchange).request
    const ownRoutes = headerLines(invite, 'record-route').map((value) => ({ name: 'route', value }))
    const headers = [
      ...ownRoutes,
      { name: 'from', value: dialog.to },
      { name: 'to', value: dialog.from },
      { name: 'call-id', value: dialog.callId },
    ]
    const bye: SipRequest = { kind: 'request', method: 'BYE', uri: alice.contact, headers, body: new Uint8Array(0) }
    expect((await local.send(bye))?.status).toBe(200)
    expect(alice.got('BYE')).toHaveLength(1)
  })

  it('hears of a CANCEL and owes the 487', async () => {
    const { world } = echoWorld((exchange) => {
      exchange.onCancel(() => exchange.respond({ status: 487 }))
      exchange.respond({ status: 180 })
    })
    const alice = await world.registered('alice')
    const invite = alice.authorize(alice.build('INVITE', echo), await alice.send('INVITE', echo, { answer: false }))
    const done = alice.transact(invite)
    await settle()
    const kept = invite.headers.filter(({ name }) =>
      ['via', 'from', 'to', 'call-id', 'max-forwards', 'cseq'].includes(name),
    )
    const cancel: SipRequest = { ...invite, method: 'CANCEL', headers: kept, body: new Uint8Array(0) }
    alice.input(withHeader(cancel, 'cseq', valueOf(invite, 'cseq').replace('INVITE', 'CANCEL')))
    expect((await done).status).toBe(487)
  })

  it('answers for a handler that throws', async () => {
    const { world } = echoWorld(({ request }) => {
      throw request.method === 'INVITE' ? new SipParseError('sip-header', 'a value') : new Error('a bug')
    })
    const alice = await world.registered('alice')
    expect((await alice.send('INVITE', echo)).status).toBe(400)
    expect((await alice.send('OPTIONS', echo)).status).toBe(500)
  })

  it('goes away with stop: 404, nothing left behind', async () => {
    const { world, local } = echoWorld((exchange) => exchange.respond({ status: 200 }))
    const alice = await world.registered('alice')
    local.stop()
    expect((await alice.send('INVITE', echo)).status).toBe(404)
    expect(world.proxy.bindings('echo')).toEqual([])
  })
})
