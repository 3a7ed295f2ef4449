import { describe, expect, it } from 'vitest'
import { buildRtpPacket } from '#protocol/rtp/packet.ts'
import { readReport, rtcpPackets } from '#protocol/rtp/rtcp.ts'
import { isZrtp } from '#protocol/zrtp/packet.ts'
import { cseqOf, parseRoutes } from '#protocol/sip/headers.ts'
import type { SipHeader, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import type { DatagramSocket } from '#shared/ports/datagrams.ts'
import { DatagramNetwork } from '#test/fakes/datagram-network.ts'
import { domain, FakeDomain, valueOf, type FakePhone, type RequestOptions } from '#test/fakes/sip-domain.ts'
import type { LocalUser } from '../../proxy/api.ts'
import { fuzz } from './echo-calls.fuzz.ts'
import { EchoCalls } from './echo-calls.ts'

const echo = `sip:echo@${domain}`
const callerHost = '192.0.2.7'

/** A domain with an echo contact on simulated UDP, and alice on `port` of her own. */
class EchoWorld {
  readonly world = new FakeDomain({}, 'echo-calls')
  readonly bound: string[] = []
  readonly heard: Uint8Array[] = []
  readonly calls: EchoCalls
  readonly #network: DatagramNetwork
  phone!: FakePhone
  media!: DatagramSocket

  constructor() {
    const { clock, random, proxy } = this.world
    this.world.passwords.delete('echo')
    this.#network = new DatagramNetwork({ clock, random, loss: () => 0 })
    const bind = (at: { host: string; port: number }) => {
      this.bound.push(at.host)
      return this.#network.host(at.host).bind(at)
    }
    const local: LocalUser = proxy.registerLocal('echo', (exchange) => {
      if (!this.calls.handle(exchange)) exchange.respond({ status: 481 })
    })
    const memory = { zid: random.bytes(12), find: () => null, keep: () => undefined }
    this.calls = new EchoCalls({
      ...{ clock, random, datagrams: { bind }, memory },
      contactUri: () => local.contactUri,
      send: (request) => local.send(request),
      host: () => '127.0.0.9',
    })
  }

  static async start(): Promise<EchoWorld> {
    const made = new EchoWorld()
    made.phone = await made.world.registered('alice')
    const bound = await made.#network.host(callerHost).bind({ host: callerHost, port: 4_000 })
    if (!bound.ok) throw new Error('no socket')
    made.media = bound.value
    made.media.onDatagram((bytes) => made.heard.push(bytes))
    return made
  }

  get contact(): { name: string; value: string } {
    return { name: 'contact', value: `<${this.phone.contact}>` }
  }

  offer(direction = 'sendrecv'): string {
    const lines = ['v=0', 'o=- 1 1 IN IP4 192.0.2.7', 's=-', `c=IN IP4 ${callerHost}`, 't=0 0']
    return [...lines, 'm=audio 4000 RTP/AVP 0', 'a=rtcp-mux', `a=${direction}`, ''].join('\r\n')
  }

  /** Calls, and acknowledges the answer. */
  async call(direction?: string, headers: readonly SipHeader[] = []): Promise<SipResponse> {
    const answer = await this.ring(direction, headers)
    if (answer.status === 200) this.acknowledge(answer)
    return answer
  }

  async ring(direction?: string, headers: readonly SipHeader[] = []): Promise<SipResponse> {
    const body = this.offer(direction)
    const done = this.phone.send('INVITE', echo, { headers: [this.contact, ...headers], body })
    await this.world.clock.advance(300)
    return done
  }

  /** ACK of a 2xx; `first` is the one that began the dialog. */
  acknowledge(answer: SipResponse, first = answer): void {
    this.phone.input(this.inDialog('ACK', first, { sequence: cseqOf(answer).sequence }))
  }

  /** A request of the caller inside the dialog. */
  inDialog(method: string, answer: SipResponse, options: RequestOptions = {}): SipRequest {
    const routes = parseRoutes(answer, 'record-route').map(({ uri }) => ({ name: 'route', value: `<${uri}>` }))
    return this.phone.build(method, 'sip:echo@local.invalid', {
      ...{ to: valueOf(answer, 'to'), callId: valueOf(answer, 'call-id') },
      ...options,
      headers: [...routes.toReversed(), this.contact, ...(options.headers ?? [])],
    })
  }

  /** One packet of sound each second. */
  async talk(seconds: number, port: number): Promise<void> {
    for (let at = 0; at < seconds; at += 1) {
      const fields = { payloadType: 0, sequenceNumber: at, timestamp: at * 8_000, ssrc: 77 }
      this.media.send(buildRtpPacket(fields, new Uint8Array(160)), { host: '127.0.0.1', port })
      await this.world.clock.advance(1_000)
    }
  }
}

const portOf = (answer: SipResponse): number => Number(/^m=audio (\d+)/m.exec(Buffer.from(answer.body).toString())?.[1])
const byes = (phone: FakePhone): string[] => phone.got('BYE').map((request) => valueOf(request, 'reason'))

describe('calls with the echo contact', () => {
  it('ring, are answered on the address the caller reached, and end with a BYE after a minute of silence', async () => {
    const all = await EchoWorld.start()
    const { world, phone } = all
    const answer = await all.call()
    expect(answer.status).toBe(200)
    expect(phone.responses.map(({ status }) => status)).toEqual(expect.arrayContaining([180, 200]))
    expect(new Set(all.bound)).toEqual(new Set(['127.0.0.1']))
    await all.talk(90, portOf(answer))
    expect(byes(phone)).toEqual([])
    await world.clock.advance(50_000)
    expect(byes(phone)).toEqual([])
    await world.clock.advance(20_000)
    expect(byes(phone)).toEqual(['SIP;cause=480;text="Nothing is heard"'])
    expect((await phone.transact(all.inDialog('INFO', answer))).status).toBe(481)
  })

  it('report on what they hear every five seconds', async () => {
    const all = await EchoWorld.start()
    const answer = await all.call()
    await all.talk(21, portOf(answer))
    const reports = all.heard
      .filter((bytes) => !isZrtp(bytes) && ((bytes[1] ?? 0) & 0x60) === 0x40)
      .flatMap((bytes) => (rtcpPackets(bytes) ?? []).flatMap((packet) => readReport(packet) ?? []))
    expect(reports.length).toBe(4)
    expect(reports.at(-1)?.blocks[0]).toMatchObject({ ssrc: 77, fractionLost: 0, cumulativeLost: 0 })
  })

  it('may be silent on hold, and end after half an hour all the same', async () => {
    const all = await EchoWorld.start()
    const { world, phone } = all
    const answer = await all.call()
    const held = await phone.transact(all.inDialog('INVITE', answer, { body: all.offer('inactive') }))
    all.acknowledge(held, answer)
    expect(Buffer.from(held.body).toString()).toContain('a=inactive\r\n')
    await world.clock.advance(29 * 60_000)
    expect(byes(phone)).toEqual([])
    await world.clock.advance(60_000)
    expect(byes(phone)).toEqual(['SIP;cause=480;text="Half an hour is enough"'])
    await world.clock.advance(60_000)
    expect(world.proxy.counts.transactions).toBe(0)
  })

  it('are four for one person at a time; another is not kept out by them', async () => {
    const all = await EchoWorld.start()
    const statuses: number[] = []
    for (let at = 0; at < 5; at += 1) statuses.push((await all.call()).status)
    expect(statuses).toEqual([200, 200, 200, 200, 486])
    all.phone = await all.world.registered('bob')
    expect((await all.call()).status).toBe(200)
  })

  it('are sixteen in all', async () => {
    const all = await EchoWorld.start()
    const statuses: number[] = []
    for (const user of ['alice', 'bob', 'carol', 'dave', 'erin']) {
      all.world.passwords.set(user, `${user} secret`)
      all.phone = await all.world.registered(user)
      for (let at = 0; at < 4; at += 1) statuses.push((await all.call()).status)
    }
    expect(statuses.map((status) => status === 200)).toEqual(Array.from({ length: 20 }, (_, at) => at < 16))
  })

  it('end while they ring: CANCEL', async () => {
    const all = await EchoWorld.start()
    const { world, phone } = all
    const options = { headers: [all.contact], body: all.offer() }
    const challenge = await phone.send('INVITE', echo, { ...options, answer: false })
    const invite = phone.authorize(phone.build('INVITE', echo, options), challenge)
    const done = phone.transact(invite)
    await world.clock.advance(100)
    const kept = ['via', 'from', 'to', 'call-id', 'max-forwards']
    const cseq = { name: 'cseq', value: valueOf(invite, 'cseq').replace('INVITE', 'CANCEL') }
    const headers = [...invite.headers.filter(({ name }) => kept.includes(name)), cseq]
    await phone.transact({ ...invite, method: 'CANCEL', headers, body: new Uint8Array() })
    expect((await done).status).toBe(487)
    await world.clock.advance(10_000)
    expect([all.bound, all.heard]).toEqual([[], []])
  })

  it('repeat their 200 until it is acknowledged, and hang up where it never is', async () => {
    const all = await EchoWorld.start()
    const { world, phone } = all
    const answers = (): number[] =>
      phone.responses.filter((one) => valueOf(one, 'cseq').endsWith('INVITE')).map(({ status }) => status)
    const answer = await all.ring('inactive')
    const before = answers().length
    // RFC 3261 §13.3.1.4: after T1, then twice as long each time up to T2.
    await world.clock.advance(8_000)
    expect(answers().slice(before)).toEqual([200, 200, 200, 200])
    all.acknowledge(answer)
    await world.clock.advance(60_000)
    expect([answers().length - before, byes(phone)]).toEqual([4, []])
    const never = await all.ring('inactive')
    await world.clock.advance(31_900)
    expect(byes(phone)).toEqual([])
    await world.clock.advance(200)
    expect(byes(phone)).toEqual(['SIP;cause=408;text="Nobody acknowledged the answer"'])
    expect((await phone.transact(all.inDialog('INFO', never))).status).toBe(481)
  })

  it('end when the caller who was to refresh the session does not', async () => {
    const all = await EchoWorld.start()
    const { world, phone } = all
    const timer = (value: string): SipHeader[] => [
      { name: 'supported', value: 'timer' },
      { name: 'session-expires', value },
    ]
    const tooShort = await all.ring('inactive', timer('60'))
    expect([tooShort.status, valueOf(tooShort, 'min-se')]).toEqual([422, '90'])
    const answer = await all.call('inactive', timer('90;refresher=uac'))
    expect([valueOf(answer, 'session-expires'), valueOf(answer, 'require')]).toEqual(['90;refresher=uac', 'timer'])
    await world.clock.advance(50_000)
    const refreshed = await phone.transact(all.inDialog('UPDATE', answer, { headers: timer('90') }))
    expect(valueOf(refreshed, 'session-expires')).toBe('90;refresher=uac')
    await world.clock.advance(59_000)
    expect(byes(phone)).toEqual([])
    await world.clock.advance(2_000)
    expect(byes(phone)).toEqual(['SIP;cause=408;text="The session was not refreshed"'])
    // We refresh nothing, and say so by leaving the timer out.
    const ours = await all.call('inactive', timer('90;refresher=uas'))
    expect([ours.status, valueOf(ours, 'session-expires')]).toEqual([200, ''])
  })

  it('outlive hostile callers', () => fuzz(400, 1), 60_000)

  it('are hung up when the server ends', async () => {
    const all = await EchoWorld.start()
    const { world, phone } = all
    await all.call()
    all.calls.stop()
    await world.clock.advance(100)
    expect(byes(phone)).toEqual(['SIP;cause=503;text="The server ends"'])
  })

  it('take no request of another dialog, nor one that was overtaken', async () => {
    const all = await EchoWorld.start()
    const { phone } = all
    const answer = await all.call()
    const bye = all.inDialog('BYE', answer)
    const withTo = (to: string): SipRequest => ({
      ...all.inDialog('BYE', answer),
      headers: all.inDialog('BYE', answer).headers.map((one) => (one.name === 'to' ? { ...one, value: to } : one)),
    })
    expect((await phone.transact(withTo(`<${echo}>;tag=guessed`))).status).toBe(481)
    expect((await phone.transact(all.inDialog('INFO', answer))).status).toBe(200)
    expect((await phone.transact(bye)).status).toBe(500)
    expect((await phone.transact(all.inDialog('BYE', answer))).status).toBe(200)
  })

  it('survive an INVITE with headers that nobody can read', async () => {
    const all = await EchoWorld.start()
    for (const broken of [
      { name: 'contact', value: '"open <sip:x' },
      { name: 'record-route', value: '"open <sip:x>' },
    ]) {
      const done = all.phone.send('INVITE', echo, { headers: [broken], body: all.offer() })
      await all.world.clock.advance(300)
      expect((await done).status).toBe(400)
    }
    expect((await all.call()).status).toBe(200)
  })
})
