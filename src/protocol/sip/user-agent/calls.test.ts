import { afterEach, describe, expect, it } from 'vitest'
import { headerValue } from '../headers.ts'
import {
  audio,
  start,
  soon,
  listen,
  desk,
  sdpType,
  contact,
  described,
  body,
  farDialog,
  outgoing,
  incoming,
  stopAll,
} from '#test/fakes/calling.ts'
import { farRequest, respond } from '#test/fakes/sip-flow-server.ts'

afterEach(stopAll)

describe('an outgoing call', () => {
  it('hears of every early dialog with its own description, and of the tag that won', async () => {
    const { agent, server } = await start()
    const exchange = desk()
    const call = agent.invite('sip:bob@example.org', exchange, { headers: [{ name: 'x-kind', value: 'call' }] })
    const ears = listen(call)
    const invite = await server.request('INVITE')
    expect(headerValue(invite, 'x-kind')).toBe('call')
    expect(body(invite)).toBe(audio('our-offer'))
    server.send(respond(invite, 100))
    server.send(described(invite, 183, 'one', 'one'))
    server.send(respond(invite, 180, [contact], { tag: 'two' }))
    server.send(described(invite, 180, 'three', 'three'))
    server.send(described(invite, 183, 'one-more', 'one'))
    await ears.next('progress', 4)
    expect(exchange.applied).toEqual([])
    server.send(described(invite, 200, 'three-final', 'three'))
    await ears.next('established')
    expect(ears.events).toEqual([
      { kind: 'progress', status: 183, toTag: 'one', sdp: audio('one') },
      { kind: 'progress', status: 180, toTag: 'two', sdp: null },
      { kind: 'progress', status: 180, toTag: 'three', sdp: audio('three') },
      { kind: 'progress', status: 183, toTag: 'one', sdp: audio('one-more') },
      { kind: 'established' },
    ])
    expect(exchange.applied).toEqual([[audio('three-final'), 'three']])
    expect(exchange.asked).toBe(1)
    expect(headerValue(await server.request('ACK'), 'to')).toContain('tag=three')
    expect(call.dialog).toMatchObject({ callId: headerValue(invite, 'call-id'), remoteTag: 'three' })
  })

  it('does not hear of more than sixteen forks', async () => {
    const { agent, server } = await start()
    const ears = listen(agent.invite('sip:bob@example.org', desk()))
    const invite = await server.request('INVITE')
    for (let fork = 0; fork < 40; fork += 1) server.send(described(invite, 183, 'x', `fork${fork}`))
    await soon()
    expect(ears.events).toHaveLength(16)
  })

  it('ends an answer that crosses its cancel', async () => {
    const { agent, server } = await start()
    const call = agent.invite('sip:bob@example.org', desk())
    const ears = listen(call)
    const invite = await server.request('INVITE')
    server.send(respond(invite, 180, [contact]))
    await ears.next('progress')
    call.end(undefined, { status: 200, text: 'Call completed elsewhere' })
    const cancel = await server.request('CANCEL')
    expect(headerValue(cancel, 'reason')).toMatch(/^SIP *;cause=200 *;text="Call completed elsewhere"$/)
    server.send(described(invite, 200, 'too-late'))
    expect(headerValue(await server.request('ACK'), 'to')).toContain('tag=far')
    await server.request('BYE')
    expect(ears.kinds()).toEqual(['progress', 'failed'])
  })

  it.each([
    [302, 'Moved Temporarily', { contact: '<sip:evil@203.0.113.9>' }, {}],
    [486, 'Busy Here', {}, {}],
    [488, 'Not Acceptable Here', { warning: '304 example.org "no video"' }, { warning: '304 example.org "no video"' }],
    [503, 'Service Unavailable', { 'retry-after': '7 (soon)' }, { retryAfterMs: 7_000 }],
  ] as const)('tells what %i said', async (status, reason, headers, expected) => {
    const list = Object.entries(headers).map(([name, value]) => ({ name, value }))
    const { agent, server } = await start((request) => ({ ...respond(request, status, list), reason }))
    const ears = listen(agent.invite('sip:bob@example.org', desk()))
    const failed = await ears.next('failed')
    const nothing = { warning: null, retryAfterMs: null, elsewhere: false }
    expect(failed).toEqual({ kind: 'failed', status, reason, ...nothing, ...expected })
    await soon()
    expect(server.requests('INVITE')).toHaveLength(1)
  })
})

describe('an incoming call', () => {
  it('tells who calls, and answers the offer', async () => {
    const { call, ears, exchange, server, invite, ringing } = await incoming(audio('their-offer'), {
      'user-agent': 'Phone/1',
    })
    expect(ringing.body).toHaveLength(0)
    expect(call.offer).toBe(audio('their-offer'))
    expect(call.callId).toBe(headerValue(invite, 'call-id'))
    expect(call.facts).toEqual({ userAgent: 'Phone/1', requiresReliable: false, replaces: null })
    call.accept(exchange)
    const ok = await server.response(200)
    expect(body(ok)).toBe(audio('our-answer'))
    expect(exchange.offered).toEqual([audio('their-offer')])
    expect(ears.kinds()).toEqual([])
    server.send(farDialog(invite, ok)('ACK'))
    await ears.next('established')
    server.send(farDialog(invite, ok)('BYE', { reason: 'Q.850;cause=16, SIP;cause=480;text="gone, away"' }))
    expect(await ears.next('ended')).toEqual({ kind: 'ended', reason: { status: 480, text: 'gone, away' } })
  })

  it('without an offer gets ours, and answers it in the ACK', async () => {
    const { call, ears, exchange, server, invite } = await incoming(null)
    expect(call.offer).toBeNull()
    call.accept(exchange)
    const ok = await server.response(200)
    expect(body(ok)).toBe(audio('our-offer'))
    server.send(farDialog(invite, ok)('ACK', {}, audio('their-answer')))
    await ears.next('established')
    expect(exchange.applied).toEqual([[audio('their-answer'), null]])
  })

  it.each([480, 486, 488, 603])('is refused with %i', async (status) => {
    const { call, ears, server } = await incoming()
    call.end(status, { status: 200, text: 'x\r\ny' })
    const refused = await server.response(status)
    expect(headerValue(refused, 'reason')).toBe('SIP;cause=200;text="x  y"')
    expect(ears.kinds()).toEqual(['failed'])
  })

  it('is refused with 488 when the exchange takes nothing of the offer', async () => {
    const { call, ears, exchange, server } = await incoming()
    call.accept({ ...exchange, createAnswer: () => Promise.reject(new Error('no codec')) })
    await server.response(488)
    await ears.next('failed')
  })

  it.each([
    ['SIP;cause=200;text="Call completed elsewhere"', true, 'Call completed elsewhere'],
    ['SIP;cause=600;text="Busy Everywhere"', true, 'Busy Everywhere'],
    ['SIP;cause=487', false, ''],
    ['"', false, ''],
    [null, false, ''],
  ])('cancelled with %s', async (value, elsewhere, reason) => {
    const { ears, server, invite } = await incoming()
    const same = Object.fromEntries(['via', 'from', 'call-id'].map((name) => [name, headerValue(invite, name)!]))
    const cseq = headerValue(invite, 'cseq')!.replace('INVITE', 'CANCEL')
    server.send(farRequest('CANCEL', { ...same, cseq, ...(value === null ? {} : { reason: value }) }))
    await server.response(487)
    expect(await ears.next('failed')).toMatchObject({ status: null, elsewhere, reason })
  })

  it('ends when its connection does', async () => {
    const { ears, server, call, exchange } = await incoming()
    server.lose()
    expect(await ears.next('failed')).toMatchObject({ status: null })
    call.accept(exchange)
    await soon()
    expect(exchange.offered).toEqual([])
  })

  it('gives nothing of the far end to the exchange before it is accepted, whatever is forged', async () => {
    const { call, ears, exchange, server, invite, ringing } = await incoming()
    const far = farDialog(invite, ringing)
    server.send({ ...respond(invite, 200, [contact, sdpType], { body: Buffer.from(audio('forged')) }) })
    server.send(far('ACK', { cseq: headerValue(invite, 'cseq')!.replace('INVITE', 'ACK') }, audio('forged')))
    server.send(far('UPDATE', {}, audio('forged')))
    const update = await server.response(500)
    expect(headerValue(update, 'cseq')).toMatch(/UPDATE$/)
    expect(Number(headerValue(update, 'retry-after'))).toBeLessThanOrEqual(10)
    server.send(far('INVITE', {}, audio('forged')))
    await server.response(500, 2)
    server.send(far('INFO', { 'content-type': 'application/dtmf-relay' }, 'Signal=1\r\nDuration=100\r\n'))
    await soon()
    expect(exchange).toMatchObject({ offered: [], applied: [], asked: 0 })
    expect(ears.kinds()).toEqual([])
    call.accept(exchange)
    const ok = await server.response(200, 2)
    expect(headerValue(ok, 'cseq')).toMatch(/INVITE$/)
    expect(exchange.offered).toEqual([audio('their-offer')])
  })
})

describe('offers inside the dialog', () => {
  it.each(['INVITE', 'UPDATE'])('%s waits for the answer', async (method) => {
    const { ears, far, server, exchange } = await outgoing()
    server.send(far(method, {}, audio('hold', 'sendonly')))
    const { offer } = await ears.next('offer')
    expect(offer.sdp).toBe(audio('hold', 'sendonly'))
    expect(server.responses(200)).toEqual([])
    offer.answer(audio('held', 'recvonly'))
    offer.refuse(488)
    const ok = await server.response(200)
    expect(body(ok)).toBe(audio('held', 'recvonly'))
    if (method === 'INVITE') server.send(far('ACK'))
    server.send(far(method, {}, audio('resume')))
    ;(await ears.next('offer', 2)).offer.refuse(488)
    await server.response(488)
    await soon()
    expect(exchange).toMatchObject({ offered: [], asked: 1 })
    expect(ears.kinds()).toEqual(['established', 'offer', 'offer'])
  })

  it('a re-INVITE without a description gets our offer', async () => {
    const { ears, far, server } = await outgoing()
    server.send(far('INVITE'))
    const { offer } = await ears.next('offer')
    expect(offer.sdp).toBeNull()
    offer.answer(audio('ours'))
    expect(body(await server.response(200))).toBe(audio('ours'))
    server.send(far('ACK', {}, audio('theirs')))
    expect(await ears.next('answered')).toEqual({ kind: 'answered', sdp: audio('theirs') })
  })

  it('a second offer meets 500 while the first is open, and the first can be cancelled', async () => {
    const { ears, far, server } = await outgoing()
    const first = far('INVITE', {}, audio('one'))
    server.send(first)
    await ears.next('offer')
    server.send(far('UPDATE', {}, audio('two')))
    await server.response(500)
    const cseq = headerValue(first, 'cseq')!.replace('INVITE', 'CANCEL')
    server.send({
      ...first,
      method: 'CANCEL',
      body: new Uint8Array(0),
      headers: first.headers
        .filter(({ name }) => name !== 'content-type')
        .map((header) => (header.name === 'cseq' ? { name: 'cseq', value: cseq } : header)),
    })
    await server.response(487)
    server.send(far('INVITE', {}, audio('three')))
    ;(await ears.next('offer', 2)).offer.answer(audio('x'))
    await server.response(200, 2)
  })

  it('ours are answered one after the other, and never rewritten after a hold of the far end', async () => {
    const { call, server, far, ears } = await outgoing((request) =>
      request.method === 'INVITE' ? described(request, 200, `answer-${server.requests('INVITE').length}`) : null,
    )
    server.send(far('UPDATE', {}, audio('hold', 'sendonly')))
    ;(await ears.next('offer')).offer.answer(audio('held', 'recvonly'))
    await server.response(200)
    const both = [
      call.renegotiate(() => Promise.resolve(audio('second'))),
      call.renegotiate(() => Promise.resolve(audio('third', 'sendonly'))),
    ]
    expect(await Promise.all(both)).toEqual([
      { ok: true, value: audio('answer-2') },
      { ok: true, value: audio('answer-3') },
    ])
    expect(server.requests('INVITE').slice(1).map(body)).toEqual([audio('second'), audio('third', 'sendonly')])
    await server.request('ACK', 3)
  })

  it('ours can be refused without an end to the call', async () => {
    const { call, ears } = await outgoing((request) => respond(request, 488))
    expect(await call.renegotiate(() => Promise.resolve(audio('video')))).toEqual({ ok: false, error: { status: 488 } })
    await soon()
    expect(ears.kinds()).toEqual(['established'])
  })

  it('when both offer, theirs meets 491, and ours is made anew after the time the RFC draws', async () => {
    const { call, server, far, ears, exchange } = await outgoing((request) =>
      server.requests('INVITE').length === 2 ? null : described(request, 200, 'heard'),
    )
    let made = 0
    const result = call.renegotiate(() => Promise.resolve(audio(`offer-${(made += 1)}`)))
    const ours = await server.request('INVITE', 2)
    server.send(far('INVITE', {}, audio('theirs')))
    const crossing = await server.response(491)
    server.send(farRequest('ACK', { to: headerValue(crossing, 'to')!, from: headerValue(crossing, 'from')! }))
    server.send(respond(ours, 491))
    await server.request('ACK', 2)
    // Their repetition comes first: they do not own the Call-ID.
    server.send(far('INVITE', {}, audio('theirs-again')))
    ;(await ears.next('offer')).offer.answer(audio('ours'))
    await server.response(200)
    server.send(far('ACK'))
    expect(await result).toEqual({ ok: true, value: audio('heard') })
    expect(body(server.requests('INVITE')[2]!)).toBe(audio('offer-2'))
    const sequences = server.requests('INVITE').map((request) => Number(/\d+/.exec(headerValue(request, 'cseq')!)![0]))
    expect(new Set(sequences).size).toBe(3)
    expect(exchange.offered).toEqual([])
  }, 10_000)

  it('end with the call', async () => {
    const { call, server, far, ears } = await outgoing()
    const result = call.renegotiate(() => Promise.resolve(audio('x')))
    await server.request('INVITE', 2)
    server.send(far('BYE'))
    await ears.next('ended')
    expect(await result).toEqual({ ok: false, error: { status: null } })
    expect(await call.renegotiate(() => Promise.resolve(audio('x')))).toEqual({ ok: false, error: { status: null } })
  })

  it('a chat answers later offers by itself', async () => {
    const { server, invite, call, exchange, ears } = await incoming()
    call.accept({ ...exchange, isCall: false })
    const far = farDialog(invite, await server.response(200))
    server.send(far('ACK'))
    await ears.next('established')
    server.send(far('INVITE', {}, audio('again')))
    expect(body(await server.response(200, 2))).toBe(audio('our-answer'))
    expect(ears.kinds()).toEqual(['established'])
  })
})

describe('INFO', () => {
  const control = (element: string): string =>
    `<media_control><vc_primitive><to_encoder><${element}/></to_encoder></vc_primitive></media_control>`

  it('asks for pictures and carries tones, both ways and nothing else', async () => {
    const { call, server, far, ears } = await outgoing((request) => respond(request, 200))
    call.wantPicture()
    const info = await server.request('INFO')
    expect(headerValue(info, 'content-type')).toBe('application/media_control+xml')
    expect(body(info)).toContain('<picture_fast_update/>')
    const type = { 'content-type': 'application/media_control+xml' }
    server.send(far('INFO', type, control('picture_fast_update')))
    await ears.next('picture-wanted')
    server.send(far('INFO', type, control('device_control')))
    server.send(far('INFO', { 'content-type': 'application/dtmf-relay' }, 'Signal=#\r\nDuration=160\r\n'))
    expect(await ears.next('tone')).toEqual({ kind: 'tone', tone: '#', durationMs: 160 })
    server.send(far('INFO', { 'content-type': 'text/plain' }, 'hello'))
    await server.response(415)
    expect(ears.kinds()).toEqual(['established', 'picture-wanted', 'tone'])
  })

  it('that is not understood or not answered leaves the call alone', async () => {
    const { call, server, ears } = await outgoing((request) => respond(request, 415))
    call.wantPicture()
    await server.request('INFO')
    await soon()
    expect(ears.kinds()).toEqual(['established'])
  })
})
