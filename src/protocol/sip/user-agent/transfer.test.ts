import { afterEach, describe, expect, it } from 'vitest'
import { headerValue } from '../headers.ts'
import type { SipRequest } from '../message.ts'
import {
  audio,
  soon,
  listen,
  desk,
  contact,
  described,
  body,
  farDialog,
  outgoing,
  stopAll,
} from '#test/fakes/calling.ts'
import { farRequest, respond } from '#test/fakes/sip-flow-server.ts'
import type { DialogId, SipSession } from './user-agent.ts'

afterEach(stopAll)

describe('transfer', () => {
  const news = (status: string): Record<string, string> => ({
    event: 'refer',
    'subscription-state': status.startsWith('1') ? 'active;expires=60' : 'terminated;reason=noresource',
    'content-type': 'message/sipfrag;version=2.0',
  })

  it('is asked for, and its news are told', async () => {
    const { call, server, far, ears } = await outgoing((request) => respond(request, 202))
    call.refer('sip:carol@example.org')
    const refer = await server.request('REFER')
    expect(headerValue(refer, 'refer-to')).toBe('<sip:carol@example.org>')
    for (const status of ['100 Trying', '180 Ringing', '200 OK'])
      server.send(far('NOTIFY', news(status), `SIP/2.0 ${status}\r\n`))
    await ears.next('transfer', 3)
    expect(ears.events.flatMap((event) => (event.kind === 'transfer' ? [event.status] : []))).toEqual([100, 180, 200])
  })

  it('names the dialog to replace as the far end of it sees it', async () => {
    const { call, server } = await outgoing()
    const other = { dialog: { callId: 'a@b', localTag: 'ours', remoteTag: 'theirs' } } as SipSession
    call.refer('sip:carol@example.org', other)
    const value = headerValue(await server.request('REFER'), 'refer-to')!
    expect(decodeURIComponent(value)).toBe('<sip:carol@example.org?Replaces=a@b;to-tag=theirs;from-tag=ours>')
  })

  it('that is refused is told', async () => {
    const { call, ears } = await outgoing((request) => respond(request, 603))
    call.refer('sip:carol@example.org')
    expect((await ears.next('transfer')).status).toBe(603)
  })

  const sipfrag = (request: SipRequest): string => body(request).trim()

  it('that the far end asks for is made, and it hears how that goes', async () => {
    const { server, far, ears } = await outgoing((request) =>
      request.method === 'NOTIFY' ? respond(request, 200) : null,
    )
    server.send(
      far('REFER', {
        'refer-to': '<sip:carol@example.org?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2>',
        'referred-by': '<sip:bob@example.org>',
      }),
    )
    const { refer } = await ears.next('refer')
    expect(refer).toMatchObject({ to: 'sip:carol@example.org', referredBy: '<sip:bob@example.org>' })
    const second = listen(refer.accept(desk()))
    const invite = await server.request('INVITE', 2)
    expect(invite.uri).toBe('sip:carol@example.org')
    expect(headerValue(invite, 'replaces')).toBe('abc;to-tag=1;from-tag=2')
    expect(headerValue(invite, 'referred-by')).toBe('<sip:bob@example.org>')
    server.send(respond(invite, 180, [contact], { tag: 'carol' }))
    server.send(described(invite, 200, 'carol', 'carol'))
    await second.next('established')
    const last = await server.request('NOTIFY', 3)
    expect(server.requests('NOTIFY').map(sipfrag)).toEqual([
      'SIP/2.0 100 Trying',
      'SIP/2.0 180 Ringing',
      'SIP/2.0 200 OK',
    ])
    expect(headerValue(last, 'subscription-state')).toBe('terminated;reason=noresource')
  })

  it('that is tried again is told of once nothing more is tried, and not of the tries that failed', async () => {
    const { server, far, ears } = await outgoing((request) =>
      request.method === 'NOTIFY' ? respond(request, 200) : null,
    )
    server.send(far('REFER', { 'refer-to': '<sip:carol@example.org>' }))
    const { refer } = await ears.next('refer')
    for (const [at, status] of [488, 486].entries()) {
      const failed = listen(refer.accept(desk()))
      server.send(respond(await server.request('INVITE', 2 + at), status, [], { tag: `carol${at}` }))
      await failed.next('failed')
    }
    await soon()
    expect(server.requests('NOTIFY').map(sipfrag)).toEqual(['SIP/2.0 100 Trying'])
    refer.finish()
    refer.finish()
    await server.request('NOTIFY', 2)
    await soon()
    expect(server.requests('NOTIFY').map(sipfrag).slice(1)).toEqual(['SIP/2.0 486 Busy Here'])
  })

  it('is told of again where the far end had something else under way (491), unless there is newer news', async () => {
    let refused = 0
    const { server, far, ears } = await outgoing((request) => {
      if (request.method !== 'NOTIFY') return null
      const isNews = !sipfrag(request).includes('100')
      if (!isNews || refused === 3) return respond(request, 200)
      refused += 1
      return respond(request, 491)
    })
    server.send(far('REFER', { 'refer-to': '<sip:carol@example.org>' }))
    const { refer } = await ears.next('refer')
    const second = listen(refer.accept(desk()))
    const invite = await server.request('INVITE', 2)
    server.send(respond(invite, 180, [contact], { tag: 'carol' }))
    await server.request('NOTIFY', 2)
    server.send(described(invite, 200, 'carol', 'carol'))
    await second.next('established')
    await server.request('NOTIFY', 5)
    expect(server.requests('NOTIFY').map(sipfrag)).toEqual([
      'SIP/2.0 100 Trying',
      'SIP/2.0 180 Ringing',
      'SIP/2.0 200 OK',
      'SIP/2.0 200 OK',
      'SIP/2.0 200 OK',
    ])
  })

  it('that is given up before it is answered is told of at once', async () => {
    const { server, far, ears } = await outgoing((request) =>
      request.method === 'NOTIFY' ? respond(request, 200) : null,
    )
    server.send(far('REFER', { 'refer-to': '<sip:carol@example.org>' }))
    const { refer } = await ears.next('refer')
    const call = refer.accept(desk())
    const invite = await server.request('INVITE', 2)
    server.send(respond(invite, 180, [contact], { tag: 'carol' }))
    await server.request('NOTIFY', 2)
    refer.finish()
    call.end()
    expect(sipfrag(await server.request('NOTIFY', 3))).toBe('SIP/2.0 487 Request Terminated')
  })

  it.each([
    '<sip:carol@example.org;method=BYE>',
    '<sip:carol@example.org?Subject=urgent>',
    '<sip:carol@example.org?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=b%3Bto-tag%3D1%3Bfrom-tag%3D2>',
    '<sip:carol@example.org?Replaces=a%0D%0AX%3A%20y%3Bto-tag%3D1%3Bfrom-tag%3D2>',
  ])('to %s is declined', async (target) => {
    const { server, far, ears } = await outgoing((request) => respond(request, 200))
    server.send(far('REFER', { 'refer-to': target }))
    expect(sipfrag(await server.request('NOTIFY', 2))).toBe('SIP/2.0 603 Decline')
    expect(ears.kinds()).toEqual(['established'])
  })

  it('is declined by the user, and a second one while the first is open by itself', async () => {
    const { server, far, ears } = await outgoing((request) => respond(request, 200))
    server.send(far('REFER', { 'refer-to': '<sip:carol@example.org>' }))
    const { refer } = await ears.next('refer')
    server.send(far('REFER', { 'refer-to': '<sip:dave@example.org>' }))
    expect(sipfrag(await server.request('NOTIFY', 3))).toBe('SIP/2.0 603 Decline')
    refer.decline()
    refer.decline()
    await server.request('NOTIFY', 4)
    await soon()
    expect(server.requests('NOTIFY')).toHaveLength(4)
  })
})

describe('an INVITE with Replaces', () => {
  it('takes the place of the dialog it names', async () => {
    const { server, session, call, ears } = await outgoing()
    const { callId, localTag, remoteTag } = call.dialog!
    const invite = farRequest(
      'INVITE',
      { 'content-type': 'application/sdp', replaces: `${callId};to-tag=${localTag};from-tag=${remoteTag}` },
      { body: Buffer.from(audio('carol')) },
    )
    server.send(invite)
    const second = await session()
    expect(second.facts?.replaces).toBe(call.id)
    const exchange = desk()
    second.accept(exchange)
    const ok = await server.response(200)
    server.send(farDialog(invite, ok)('ACK'))
    await ears.next('ended')
    await server.request('BYE')
  })

  it.each([
    ['names none of ours', 481, () => 'nothing;to-tag=1;from-tag=2'],
    ['guesses a tag', 481, ({ callId, localTag }: DialogId) => `${callId};to-tag=${localTag};from-tag=guess`],
    [
      'names the tags of the other side as ours',
      481,
      ({ callId, localTag, remoteTag }: DialogId) => `${callId};to-tag=${remoteTag};from-tag=${localTag}`,
    ],
    [
      'wants an early dialog only (RFC 3891 §3)',
      486,
      ({ callId, localTag, remoteTag }: DialogId) => `${callId};to-tag=${localTag};from-tag=${remoteTag};early-only`,
    ],
  ])('that %s meets %i, and the call goes on', async (_name, status, replacesOf) => {
    const { server, call, ears } = await outgoing()
    const replaces = replacesOf(call.dialog!)
    server.send(
      farRequest('INVITE', { 'content-type': 'application/sdp', replaces }, { body: Buffer.from(audio('x')) }),
    )
    await server.response(status)
    expect(ears.kinds()).toEqual(['established'])
  })

  it('that names a dialog of another account meets 481', async () => {
    const { call } = await outgoing()
    const other = await outgoing()
    const { callId, localTag, remoteTag } = call.dialog!
    const replaces = `${callId};to-tag=${localTag};from-tag=${remoteTag}`
    other.server.send(
      farRequest('INVITE', { 'content-type': 'application/sdp', replaces }, { body: Buffer.from(audio('x')) }),
    )
    await other.server.response(481)
    expect(other.ears.kinds()).toEqual(['established'])
  })

  it('within a dialog meets 400', async () => {
    const { server, far, call, ears } = await outgoing()
    const { callId, localTag, remoteTag } = call.dialog!
    server.send(far('INVITE', { replaces: `${callId};to-tag=${localTag};from-tag=${remoteTag}` }, audio('x')))
    await server.response(400)
    expect(ears.kinds()).toEqual(['established'])
  })

  it('is announced: Supported names it', async () => {
    const { server } = await outgoing()
    expect(headerValue(await server.request('INVITE'), 'supported')).toContain('replaces')
  })
})
