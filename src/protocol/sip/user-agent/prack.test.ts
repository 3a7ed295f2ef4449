import { afterEach, describe, expect, it } from 'vitest'
import { audio, body, contact, desk, farDialog, listen, sdpType, soon, start, stopAll } from '#test/fakes/calling.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { farRequest, respond } from '#test/fakes/sip-flow-server.ts'
import { headerValue } from '../headers.ts'
import type { SipRequest, SipResponse } from '../message.ts'
import { PrackServer } from './prack-server.ts'

afterEach(stopAll)

const sequenceOf = (message: SipRequest): number => Number(/\d+/.exec(headerValue(message, 'cseq') ?? '')?.[0])
const route = { name: 'record-route', value: '<sip:p1.example.org;lr>, <sip:p2.example.org;lr>' }
const reliable = (invite: SipRequest, rseq: number, name: string | null, tag = 'far'): SipResponse =>
  respond(
    invite,
    name === null ? 180 : 183,
    [
      ...[contact, route, { name: 'require', value: '100rel' }, { name: 'rseq', value: String(rseq) }],
      ...(name === null ? [] : [sdpType]),
    ],
    { tag, body: Buffer.from(name === null ? '' : audio(name)) },
  )

describe('reliable provisional responses of the far end', () => {
  it('are acknowledged in order and once, per fork, and handed on as ordinary ones', async () => {
    const { agent, server } = await start((request) => (request.method === 'INVITE' ? null : respond(request, 200)))
    const ears = listen(agent.invite('sip:bob@example.org', desk()))
    const invite = await server.request('INVITE')
    expect(headerValue(invite, 'supported')).toMatch(/\b100rel\b/)
    expect(headerValue(invite, 'allow')).toMatch(/\bPRACK\b/)
    server.send(reliable(invite, 7, 'one'))
    server.send(reliable(invite, 9, 'early'))
    server.send(reliable(invite, 7, 'one'))
    server.send(reliable(invite, 8, null))
    server.send(reliable(invite, 4_294_967_295, 'other', 'fork'))
    server.send(reliable(invite, 0, 'zero', 'fork2'))
    await server.request('PRACK', 4)
    await soon()
    const pracks = server.requests('PRACK')
    expect(pracks.map((prack) => headerValue(prack, 'rack')!.split(' ')[0])).toEqual(['7', '7', '8', '4294967295'])
    expect(pracks[0]).toEqual(pracks[1])
    const first = pracks[0]!
    expect(first.uri).toBe('sip:bob@192.0.2.1;transport=tls')
    expect(first.headers.filter(({ name }) => name === 'route').map(({ value }) => value)).toEqual([
      '<sip:p2.example.org;lr>',
      '<sip:p1.example.org;lr>',
    ])
    expect(headerValue(first, 'rack')).toBe(`7 ${headerValue(invite, 'cseq')}`)
    const number = sequenceOf(invite)
    expect(pracks.map(sequenceOf)).toEqual([number + 1, number + 1, number + 2, number + 1])
    expect(ears.events).toEqual([
      { kind: 'progress', status: 183, toTag: 'far', sdp: audio('one') },
      { kind: 'progress', status: 180, toTag: 'far', sdp: null },
      { kind: 'progress', status: 183, toTag: 'fork', sdp: audio('other') },
    ])
  })

  it('give the answer a 200 without description stands for, and the numbers of the dialog go on', async () => {
    const { agent, server } = await start((request) => (request.method === 'INVITE' ? null : respond(request, 202)))
    const exchange = desk()
    const call = agent.invite('sip:bob@example.org', exchange)
    const ears = listen(call)
    const invite = await server.request('INVITE')
    server.send(reliable(invite, 1, 'answer'))
    await server.request('PRACK')
    server.send(respond(invite, 200, [contact]))
    await ears.next('established')
    expect(exchange.applied).toEqual([[audio('answer'), 'far']])
    expect(sequenceOf(await server.request('ACK'))).toBe(sequenceOf(invite))
    call.refer('sip:carol@example.org')
    const refer = await server.request('REFER')
    expect(sequenceOf(refer)).toBe(sequenceOf(invite) + 2)
    // The far end names the REFER by the number it saw.
    const news = {
      event: `refer;id=${sequenceOf(refer)}`,
      'subscription-state': 'active',
      'content-type': 'message/sipfrag',
    }
    server.send(farDialog(invite, null)('NOTIFY', news, 'SIP/2.0 180 Ringing\r\n'))
    expect((await ears.next('transfer')).status).toBe(180)
    call.end()
    expect(sequenceOf(await server.request('BYE'))).toBe(sequenceOf(invite) + 3)
  })

  it('keep the end of an unwanted fork in order', async () => {
    const { agent, server } = await start((request) => (request.method === 'INVITE' ? null : respond(request, 200)))
    const ears = listen(agent.invite('sip:bob@example.org', desk()))
    const invite = await server.request('INVITE')
    server.send(reliable(invite, 1, 'a', 'one'))
    server.send(reliable(invite, 1, 'b', 'two'))
    await server.request('PRACK', 2)
    const answered = (tag: string): SipResponse =>
      respond(invite, 200, [contact, sdpType], { tag, body: Buffer.from(audio(tag)) })
    server.send(answered('one'))
    await ears.next('established')
    server.send(answered('two'))
    const bye = await server.request('BYE')
    expect(headerValue(bye, 'to')).toContain('tag=two')
    expect(sequenceOf(bye)).toBe(sequenceOf(invite) + 2)
  })
})

describe('an INVITE that requires them', () => {
  const required = { require: '100rel', 'content-type': 'application/sdp' }

  it('rings reliably and is answered after that', async () => {
    const { server, session } = await start()
    const invite = farRequest('INVITE', required, { body: Buffer.from(audio('theirs')) })
    server.send(invite)
    const call = await session()
    expect(call.facts?.requiresReliable).toBe(true)
    const ringing = await server.response(180)
    expect(ringing.body).toHaveLength(0)
    expect(headerValue(ringing, 'require')).toBe('100rel')
    const again = await server.response(180, 2)
    expect(again).toEqual(ringing)
    const far = farDialog(invite, ringing)
    const rack = (rseq: string): Record<string, string> => ({ rack: `${rseq} ${headerValue(invite, 'cseq')}` })
    server.send(far('PRACK', rack('0')))
    await server.response(481)
    server.send(far('PRACK', { rack: 'nonsense' }))
    await server.response(400)
    server.send(far('PRACK', rack(headerValue(ringing, 'rseq')!)))
    await server.response(200)
    call.accept(desk())
    const ok = await server.response(200, 2)
    expect(body(ok)).toBe(audio('our-answer'))
    expect(headerValue(ok, 'allow')).toMatch(/\bPRACK\b/)
    expect(server.responses(180)).toHaveLength(2)
  })

  it('does not ring without an offer, since ringing would have to make one', async () => {
    const { server, session } = await start()
    server.send(farRequest('INVITE', { require: '100rel' }))
    const call = await session()
    await soon()
    expect(server.responses(180)).toEqual([])
    call.accept(desk())
    expect(body(await server.response(200))).toBe(audio('our-offer'))
  })

  it('is repeated at doubling intervals, and given up after 64·T1', async () => {
    const clock = new FakeClock()
    const sent: number[] = []
    const silence: number[] = []
    const pracks = new PrackServer({
      clock,
      random: new SeededRandom(1),
      send: () => sent.push(clock.monotonic()),
      onSilence: () => silence.push(clock.monotonic()),
    })
    const invite = farRequest('INVITE', required, { body: Buffer.from('v=0') })
    pracks.heard(invite)
    const first = pracks.fit(respond(invite, 180))
    expect(Number(headerValue(first!, 'rseq'))).toBeLessThan(2 ** 31)
    // The next one has to wait for the PRACK of the first.
    expect(pracks.fit(respond(invite, 180))).toBeNull()
    await clock.advance(100_000)
    expect(sent).toEqual([500, 1_500, 3_500, 7_500, 15_500, 31_500])
    expect(silence).toEqual([32_000])
  })

  it('rests when it is acknowledged, answered or the connection is gone', async () => {
    const clock = new FakeClock()
    const sent: SipResponse[] = []
    const options = { clock, random: new SeededRandom(1), send: (response: SipResponse) => sent.push(response) }
    const pracks = new PrackServer({ ...options, onSilence: () => undefined })
    const ring = (): [SipRequest, SipResponse] => {
      const invite = farRequest('INVITE', required, { body: Buffer.from('v=0') })
      pracks.heard(invite)
      return [invite, pracks.fit(respond(invite, 180))!]
    }
    const [invite, ringing] = ring()
    const rack = `${headerValue(ringing, 'rseq')} ${headerValue(invite, 'cseq')}`
    const prack = farRequest('PRACK', {
      ...{ rack, 'call-id': headerValue(invite, 'call-id')! },
      ...{ from: headerValue(invite, 'from')!, to: headerValue(ringing, 'to')! },
    })
    expect([pracks.acknowledge(prack), pracks.acknowledge(prack)]).toEqual([200, 200])
    const second = pracks.fit(respond(invite, 180))!
    expect(Number(headerValue(second, 'rseq'))).toBe(Number(headerValue(ringing, 'rseq')) + 1)
    expect(headerValue(pracks.fit(respond(invite, 200))!, 'rseq')).toBeUndefined()
    ring()
    pracks.reset()
    await clock.advance(100_000)
    expect(sent).toEqual([])
  })
})
