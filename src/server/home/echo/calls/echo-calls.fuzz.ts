/**
 * Hostile callers of the echo contact: damaged offers, requests inside dialogs in any order, noise on the media ports. Nothing throws,
 * there are never more calls than allowed, and in the end every socket is closed.
 */
import { headerValue, parseRoutes, tagOf, toOf } from '#protocol/sip/headers.ts'
import type { SipHeader, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import { serializeSip } from '#protocol/sip/serialize.ts'
import type { DatagramSocket } from '#shared/ports/datagrams.ts'
import { DatagramNetwork } from '#test/fakes/datagram-network.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { domain, FakeDomain, type FakePhone } from '#test/fakes/sip-domain.ts'
import type { LocalUser } from '../../proxy/api.ts'
import type { FlowTransport } from '../../proxy/flow.ts'
import { EchoCalls } from './echo-calls.ts'

const echo = `sip:echo@${domain}`
const transports: readonly FlowTransport[] = ['udp', 'tcp', 'tls', 'ws', 'wss']
const methods = ['INVITE', 'UPDATE', 'INFO', 'BYE', 'ACK', 'PRACK', 'REFER', 'MESSAGE', 'CANCEL']
const lines = [
  ...['a=sendonly', 'a=inactive', 'a=rtcp-mux', 'a=zrtp-hash:1.10 00', 'a=mid:', 'b=AS:1', 'a=rtcp:1', 'a=crypto:1'],
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA|2^20',
  ...['m=video 4002 RTP/AVPF 96', 'a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 nack pli', 'm=audio 0 RTP/AVP 0'],
  ...['c=IN IP4 0.0.0.0', 'c=IN IP6 ff02::1', 'c=IN IP4 224.0.0.1', 'm=message 1 TCP/MSRP *', 'a=rtpmap:0 X/0'],
]
const headers: readonly SipHeader[] = [
  { name: 'supported', value: 'timer' },
  { name: 'session-expires', value: '90;refresher=uac' },
  { name: 'session-expires', value: '1' },
  { name: 'session-expires', value: '999999999999;refresher=' },
  { name: 'require', value: 'timer, x' },
  { name: 'record-route', value: '"<sip:x>' },
  { name: 'contact', value: '"<' },
  { name: 'cseq', value: '4294967295 INVITE' },
]

class Callers {
  readonly #random: SeededRandom
  readonly #world: FakeDomain
  readonly #calls: EchoCalls
  readonly #open = new Set<DatagramSocket>()
  readonly #network: DatagramNetwork
  readonly #phones: FakePhone[] = []
  readonly #answers: SipResponse[] = []
  #noise!: DatagramSocket

  constructor(seed: number) {
    this.#random = new SeededRandom(`callers ${seed}`)
    this.#world = new FakeDomain({}, String(seed))
    const { clock, random, proxy, passwords } = this.#world
    passwords.delete('echo')
    this.#network = new DatagramNetwork({ clock, random: this.#random, loss: () => 0 })
    const local: LocalUser = proxy.registerLocal('echo', (exchange) => {
      if (!this.#calls.handle(exchange)) exchange.respond({ status: 488 })
    })
    const memory = { zid: random.bytes(12), find: () => this.#fails(null), keep: () => this.#fails(undefined) }
    this.#calls = new EchoCalls({
      ...{ clock, random, memory, contactUri: () => local.contactUri, host: () => '127.0.0.1' },
      send: (request) => local.send(request),
      datagrams: { bind: (at) => this.#bind(at) },
    })
  }

  async run(acts: number): Promise<void> {
    const bound = await this.#network.host('192.0.2.7').bind({ host: '192.0.2.7', port: 4_000 })
    if (!bound.ok) throw new Error('no socket')
    this.#noise = bound.value
    for (const transport of transports) this.#phones.push(await this.#phone(transport))
    for (let act = 0; act < acts; act += 1) {
      await this.#act()
      // Two sockets for each of at most two sections of sixteen calls, and what is being opened just now.
      if (this.#open.size > 80) throw new Error(`${this.#open.size} sockets are open`)
    }
    for (const phone of this.#phones) phone.flow.close()
    await this.#world.clock.advance(40 * 60_000)
    if (this.#open.size > 0) throw new Error(`${this.#open.size} sockets were left open`)
    if (this.#world.proxy.counts.transactions > 0) throw new Error('transactions were left behind')
    if (this.#world.log.lines.some((line) => line.includes('sip.handling-failed')))
      throw new Error('a request broke it')
    this.#calls.stop()
    this.#world.proxy.stop()
  }

  async #phone(transport: FlowTransport): Promise<FakePhone> {
    const phone = await this.#world.registered(this.#pick(['alice', 'bob']), { transport })
    const handle = phone.flow.onSent
    phone.flow.onSent = (message) => {
      handle(message)
      if (message.kind === 'response' && message.status >= 180 && message.status < 300) this.#answers.push(message)
      if (this.#answers.length > 60) this.#answers.shift()
    }
    return phone
  }

  async #act(): Promise<void> {
    const dice = this.#random.below(100)
    const phone = this.#pick(this.#phones)
    if (dice < 20) void phone.send('INVITE', echo, { headers: this.#headers(phone), body: this.#offer() })
    else if (dice < 60) phone.flow.input(this.#damaged(serializeSip(this.#inDialog(phone))))
    else if (dice < 85) this.#sendNoise()
    else await this.#world.clock.advance(this.#random.below(dice < 88 ? 20_000 : 300))
  }

  #headers(phone: FakePhone): SipHeader[] {
    const contact = { name: 'contact', value: `<${phone.contact}>` }
    return this.#random.below(2) === 0 ? [contact] : [contact, this.#pick(headers), this.#pick(headers)]
  }

  #offer(): string {
    const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.7', 's=-', 'c=IN IP4 192.0.2.7', 't=0 0']
    const protocol = this.#pick(['RTP/AVP', 'RTP/AVPF', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF'])
    const more = Array.from({ length: this.#random.below(5) }, () => this.#pick(lines))
    return [...head, `m=audio 4000 ${protocol} 0 101`, ...more, ''].join('\r\n')
  }

  #inDialog(phone: FakePhone): SipRequest {
    const method = this.#pick(methods)
    const answer = this.#answers[this.#random.below(Math.max(1, this.#answers.length))]
    if (answer === undefined) return phone.build(method, echo, { headers: this.#headers(phone) })
    const routes = parseRoutes(answer, 'record-route').map(({ uri }) => ({ name: 'route', value: `<${uri}>` }))
    const to = headerValue(answer, 'to') ?? ''
    return phone.build(method, 'sip:echo@local.invalid', {
      to: this.#random.below(9) === 0 ? to.replace(tagOf(toOf(answer)) ?? '', 'x') : to,
      ...{ from: headerValue(answer, 'from') ?? '', callId: headerValue(answer, 'call-id') ?? '' },
      sequence: this.#random.below(20),
      headers: [...routes.toReversed(), ...this.#headers(phone)],
      body: this.#random.below(2) === 0 ? this.#offer() : '',
    })
  }

  #sendNoise(): void {
    const sockets = [...this.#open]
    if (sockets.length === 0) return
    const bytes = this.#random.bytes(this.#random.below(200))
    // RTP, RTCP and ZRTP by their first bytes (RFC 7983, RFC 5761 §4).
    if (bytes.length > 2)
      bytes.set(
        this.#pick([
          [0x80, 0],
          [0x80, 200],
          [0x81, 206],
          [0x10, 0],
          [0x90, 96],
        ]),
      )
    this.#noise.send(bytes, this.#pick(sockets).local)
  }

  #damaged(bytes: Uint8Array): Uint8Array {
    if (this.#random.below(3) > 0) return bytes
    const at = this.#random.below(bytes.length)
    const insert = Buffer.from(this.#pick(['\r\n', '"', '<', ';', ',', '%', '\0', '9999999999']))
    return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + this.#random.below(5))])
  }

  async #bind(at: { host: string; port: number }) {
    if (this.#random.below(20) === 0) return { ok: false, error: { kind: 'unreachable' } } as const
    const bound = await this.#network.host(at.host).bind(at)
    if (!bound.ok) return bound
    const socket = bound.value
    this.#open.add(socket)
    const close = (): void => {
      this.#open.delete(socket)
      socket.close()
    }
    return { ok: true, value: { ...socket, close } } as const
  }

  /** The disk, now and then. */
  #fails<Value>(value: Value): Value {
    if (this.#random.below(3) === 0) throw new Error('disk full')
    return value
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#random.below(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
}

/** Runs `iterations` hostile acts from `seed`; throws on the first broken promise. */
export async function fuzz(iterations: number, seed: number): Promise<void> {
  for (let done = 0; done < iterations; done += 1_000) {
    await new Callers(seed + done).run(Math.min(1_000, iterations - done))
  }
}
