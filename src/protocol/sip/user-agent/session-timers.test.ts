import { afterEach, describe, expect, it } from 'vitest'
import { audio, body, contact, desk, farDialog, listen, sdpType, soon, start, stopAll } from '#test/fakes/calling.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { farRequest, respond } from '#test/fakes/sip-flow-server.ts'
import { headerValue } from '../headers.ts'
import type { SipHeader, SipRequest, SipResponse } from '../message.ts'

afterEach(stopAll)

const allow: SipHeader = { name: 'allow', value: 'INVITE, ACK, BYE, UPDATE' }
const interval = (value: string): SipHeader => ({ name: 'session-expires', value })

/** A call of ours whose 200 carries `headers`; later requests get `answer`. */
async function called(headers: readonly SipHeader[], answer: (request: SipRequest) => SipResponse | null = () => null) {
  const clock = new FakeClock()
  const described = (request: SipRequest): SipResponse =>
    respond(request, 200, [contact, sdpType, ...headers], { body: Buffer.from(audio('theirs')) })
  const started = await start(
    (request) => answer(request) ?? (request.method === 'INVITE' ? described(request) : respond(request, 200, headers)),
    clock,
  )
  const call = started.agent.invite('sip:bob@example.org', desk())
  const ears = listen(call)
  await ears.next('established')
  return { ...started, clock, call, ears, far: farDialog(started.server.requests('INVITE')[0]!, null) }
}

describe('a call of ours', () => {
  it('is refreshed by an UPDATE at half its interval, again and again', async () => {
    const { clock, server, ears } = await called([allow])
    const invite = server.requests('INVITE')[0]!
    expect(headerValue(invite, 'session-expires')).toBe('1800')
    expect(headerValue(invite, 'min-se')).toBe('90')
    expect(headerValue(invite, 'supported')).toMatch(/\btimer\b/)
    for (const count of [1, 2, 3]) {
      await clock.advance(899_000)
      expect(server.requests('UPDATE')).toHaveLength(count - 1)
      await clock.advance(1_000)
      const update = await server.request('UPDATE', count)
      expect(headerValue(update, 'session-expires')).toBe('1800;refresher=uac')
      expect(update.body).toHaveLength(0)
      await soon(20)
    }
    expect(ears.kinds()).toEqual(['established'])
  })

  it.each([
    ['does not take UPDATE', [], 0],
    ['refuses it', [allow], 1],
  ] as const)('is refreshed by a re-INVITE where the far end %s', async (_, headers, updates) => {
    const { clock, server } = await called(headers, (request) =>
      request.method === 'UPDATE' ? respond(request, 405) : null,
    )
    await clock.advance(900_000)
    const refresh = await server.request('INVITE', 2)
    expect(body(refresh)).toBe(audio('our-offer'))
    expect(headerValue(refresh, 'session-expires')).toBe('1800;refresher=uac')
    expect(server.requests('UPDATE')).toHaveLength(updates)
    await server.request('ACK', 2)
  })

  it('ends when the far end, which wanted to refresh it, does not', async () => {
    const { clock, server, ears, far } = await called([interval('300;refresher=uas')])
    await clock.advance(150_000)
    server.send(far('UPDATE', { 'session-expires': '300;refresher=uac', supported: 'timer' }))
    const ok = await server.response(200)
    expect(headerValue(ok, 'session-expires')).toBe('300;refresher=uac')
    expect(headerValue(ok, 'require')).toBe('timer')
    await clock.advance(267_000)
    expect(ears.kinds()).toEqual(['established'])
    await clock.advance(1_000)
    expect(headerValue(await server.request('BYE'), 'reason')).toMatch(/cause=408/)
    expect(ears.kinds()).toEqual(['established', 'ended'])
  })

  it('asks for nothing when it is over', async () => {
    const { clock, server, call } = await called([allow])
    call.end()
    await server.request('BYE')
    await clock.advance(10_000_000)
    expect(server.requests('UPDATE')).toEqual([])
  })
})

describe('a call of theirs', () => {
  const invite = (headers: Record<string, string>): SipRequest =>
    farRequest('INVITE', { 'content-type': 'application/sdp', ...headers }, { body: Buffer.from(audio('theirs')) })

  it('that would have to be refreshed too often meets 422', async () => {
    const { server } = await start()
    server.send(invite({ 'session-expires': '60', supported: 'timer' }))
    expect(headerValue(await server.response(422), 'min-se')).toBe('90')
    expect(server.responses(180)).toEqual([])
  })

  it.each([
    ['600;refresher=uac', 'timer', '600;refresher=uac', 'timer'],
    ['600;refresher=uas', 'timer', '600;refresher=uas', undefined],
    ['600', 'timer', '600;refresher=uas', undefined],
    // A proxy asked, and the caller cannot.
    ['600;refresher=uac', '', '600;refresher=uas', undefined],
    ['60', '', '90;refresher=uas', undefined],
    [null, '', '1800;refresher=uas', undefined],
  ])('with %s, able to %s, gets %s', async (asked, supported, expected, required) => {
    const { server, session } = await start()
    server.send(
      invite({
        ...(asked === null ? {} : { 'session-expires': asked }),
        ...(supported === '' ? {} : { supported }),
      }),
    )
    ;(await session()).accept(desk())
    const ok = await server.response(200)
    expect([headerValue(ok, 'session-expires'), headerValue(ok, 'require')]).toEqual([expected, required])
  })
})
