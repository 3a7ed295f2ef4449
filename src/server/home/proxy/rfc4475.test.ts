import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { headerLines, headerValue, withHeader, withoutHeader } from '#protocol/sip/headers.ts'
import { parseSip } from '#protocol/sip/parse.ts'

import type { FlowTransport } from './flow.ts'
import { FakeDomain, type FakeFlow } from '#test/fakes/sip-domain.ts'

const folder = new URL('../../../../test/vectors/rfc4475/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.dat'))
const bytesOf = (name: string): Buffer => readFileSync(new URL(name, folder))

/** First final status the proxy of example.com gives a stranger on a datagram flow; null = silence. */
const statuses: Readonly<Record<string, number | null>> = {
  // Well formed: who is asking comes first. Other domains than example.com are not served.
  ...{ wsinv: 481, intmeth: 407, esc01: 403, escnull: 401, esc02: 403, lwsdisp: 407, longreq: 407, dblreq: 401 },
  ...{ semiuri: 407, transports: 407, mpart01: 403, badbranch: 407, invut: 407, sdp01: 407, inv2543: 407 },
  ...{ regaut01: 401, cparam01: 401, cparam02: 401, regescrt: 401, baddate: 407 },
  // Malformed.
  ...{ badinv01: 400, clerr: 400, ncl: 400, scalar02: 400, quotbal: 400, ltgtruri: 400, lwsruri: 400, lwsstart: 400 },
  ...{ trws: 400, escruri: 400, regbadct: 400, badaspec: 400, baddn: 400, mismatch01: 400, mismatch02: 400 },
  ...{ insuf: 400, multi01: 400, mcl01: 400, badvers: 505 },
  // Understood and refused.
  ...{ unkscm: 416, novelsc: 416, unksm2: 400, bext01: 420, zeromf: 483 },
  // Responses to nothing.
  ...{ unreason: null, noreason: null, scalarlg: null, bigcode: null, bcast: null },
}

function send(name: string, transport: FlowTransport): FakeFlow {
  const flow = new FakeDomain().flow(transport)
  flow.input(bytesOf(name))
  return flow
}

const finals = (flow: FakeFlow): number[] => flow.statuses.filter((status) => status >= 200)

describe('RFC 4475 torture messages, live', () => {
  it('covers all 49', () =>
    expect(
      Object.keys(statuses)
        .map((name) => `${name}.dat`)
        .sort(),
    ).toEqual([...names].sort()))

  it.each(names)('%s on a datagram flow', (name) => {
    const expected = statuses[name.replace('.dat', '')]
    expect(finals(send(name, 'udp'))).toEqual(expected === null ? [] : [expected])
  })

  it.each(names)('%s on a stream', (name) => {
    const flow = send(name, 'tcp')
    const key = name.replace('.dat', '')
    // No end of the message in sight: wait for more (the partial-message timer ends it).
    if (['clerr', 'baddn'].includes(key)) expect([finals(flow), flow.isOpen]).toEqual([[], true])
    // No length, a negative one, or two; and the junk that follows dblreq's second message: answered, then closed.
    else if (['ncl', 'mcl01', 'dblreq'].includes(key) || !hasLength(name)) expect(flow.isOpen).toBe(false)
    else expect([finals(flow), flow.isOpen]).toEqual([statuses[key] === null ? [] : [statuses[key]], true])
  })

  it('answers both messages of dblreq on a stream', () => {
    expect(finals(send('dblreq.dat', 'tcp'))).toEqual([401, 407])
  })

  it('names what it does not support (bext01)', () => {
    const [answer] = send('bext01.dat', 'udp').sent
    expect(typeof answer === 'object' ? headerValue(answer, 'unsupported') : '').toBe(
      'noproxiessupportthis, nordoanyproxiessupportthis',
    )
  })

  it.each([
    ['cparam01', '<sip:+19725552222@gw1.example.net>'],
    ['cparam02', '<sip:+19725552222@gw1.example.net;unknownparam>'],
    ['regescrt', '<sip:user@example.com?Route=%3Csip:sip.example.com%3E>'],
  ])('%s registers once it is authenticated', async (key, contact) => {
    const world = new FakeDomain()
    const message = parseSip(bytesOf(`${key}.dat`))
    if (message.kind !== 'request') throw new Error('not a request')
    const user = /sip:([^@]+)@/.exec(headerValue(message, 'to') ?? '')?.[1] ?? ''
    world.passwords.set(user, 'x')
    const phone = world.phone(user)
    const own = withHeader(withoutHeader(message, 'content-length'), 'via', phone.via())
    const answer = await phone.transact(phone.authorize(own, await phone.transact(own)))
    const contacts = headerLines(answer, 'contact').map((value) => value.replace(/;expires=.*/, ''))
    expect([answer.status, ...contacts]).toEqual([200, contact])
  })

  it('leaves no state behind', async () => {
    const world = new FakeDomain()
    const flows = (['udp', 'tcp', 'ws'] as const).flatMap((transport) =>
      names.map((name) => [world.flow(transport), name] as const),
    )
    for (const [flow, name] of flows) flow.input(bytesOf(name))
    await world.clock.advance(120_000)
    expect(world.proxy.counts).toEqual({ flows: 0, transactions: 0, bindings: 0 })
  })
})

function hasLength(name: string): boolean {
  return /^(?:content-length|l)[ \t]*:/im.test(bytesOf(name).toString('latin1').split('\r\n\r\n')[0] ?? '')
}
