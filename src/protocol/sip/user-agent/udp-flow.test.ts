import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { desk } from '#test/fakes/calling.ts'
import { DatagramNetwork } from '#test/fakes/datagram-network.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { goodHost, LossyDomain, lossyHost, useSimulatedTime } from '#test/fakes/lossy-domain.ts'
import { domain } from '#test/fakes/sip-domain.ts'
import { farRequest, respond } from '#test/fakes/sip-flow-server.ts'
import type { DatagramAddress, DatagramSocket } from '#shared/ports/datagrams.ts'
import { err, ok } from '#shared/result.ts'
import { headerValue, topVia } from '../headers.ts'
import type { SipMessage, SipRequest, SipResponse } from '../message.ts'
import { parseSip } from '../parse.ts'
import { serializeSip } from '../serialize.ts'
import { openUdpFlow } from './udp-flow.ts'
import type { SipFlow, SipSession } from './user-agent.ts'

const server: DatagramAddress = { host: '192.0.2.1', port: 5060 }

interface Wired {
  readonly clock: FakeClock
  readonly flow: SipFlow
  readonly heard: SipMessage[]
  readonly tcp: { readonly sent: SipMessage[]; readonly answer: (message: SipMessage) => void; works: boolean }
  readonly seen: Buffer[]
  readonly send: (message: SipMessage | string, from?: DatagramSocket) => Promise<void>
  readonly other: DatagramSocket
}

/** A flow without loss; `seen` is what reaches the server. */
async function wired(): Promise<Wired> {
  const clock = new FakeClock()
  const random = new SeededRandom(3)
  const network = new DatagramNetwork({ clock, random, loss: () => 0 })
  const [socket, other] = await Promise.all([
    network.host(server.host).bind(server),
    network.host('192.0.2.66').bind(server),
  ])
  if (!socket.ok || !other.ok) throw new Error('not bound')
  const seen: Buffer[] = []
  let onTcp: (bytes: Uint8Array) => void = () => undefined
  const tcp = {
    sent: [] as SipMessage[],
    answer: (message: SipMessage) => onTcp(serializeSip(message)),
    works: true,
  }
  const stream = {
    transport: 'TCP',
    local: { host: '192.0.2.7', port: 999 },
    send: (bytes: Uint8Array) => tcp.sent.push(parseSip(bytes)),
    onMessage: (handler: (bytes: Uint8Array) => void) => (onTcp = handler),
    onClose: () => undefined,
    close: () => undefined,
  } as unknown as SipFlow
  const opened = await openUdpFlow(server, {
    datagrams: network.host('192.0.2.7'),
    clock,
    random,
    openStream: () => Promise.resolve(tcp.works ? ok(stream) : err({ kind: 'refused' as const })),
  })
  if (!opened.ok) throw new Error(opened.error.kind)
  const heard: SipMessage[] = []
  opened.value.onMessage((bytes) => heard.push(parseSip(bytes)))
  let client: DatagramAddress = { host: '', port: 0 }
  socket.value.onDatagram((bytes, from) => {
    client = from
    seen.push(Buffer.from(bytes))
  })
  opened.value.probe()
  await clock.advance(100)
  seen.splice(0)
  return {
    ...{ clock, flow: opened.value, heard, tcp, seen, other: other.value },
    send: async (message, from = socket.value) => {
      from.send(typeof message === 'string' ? Buffer.from(message) : serializeSip(message), client)
      await clock.advance(100)
    },
  }
}

const read = (bytes: Buffer): SipMessage => parseSip(bytes)
const requestsIn = (seen: readonly Buffer[], method: string): SipRequest[] =>
  seen
    .filter((bytes) => bytes.length > 4)
    .map(read)
    .filter((message): message is SipRequest => message.kind === 'request' && message.method === method)
const ours = (method: string, headers: Record<string, string> = {}, text = ''): SipRequest =>
  farRequest(
    method,
    { via: 'SIP/2.0/UDP 192.0.2.7:1;branch=z9hG4bKours;rport', ...headers },
    { body: Buffer.from(text) },
  )

describe('a flow over UDP', () => {
  it('listens to its server only, answers no keep-alive, and keeps the way open', async () => {
    const { clock, seen, heard, send, other, flow } = await wired()
    expect(flow.local).toEqual({ host: '192.0.2.7', port: 20_001 })
    await send(farRequest('OPTIONS'), other)
    await send('\r\n\r\n')
    await send('\0\0\0\0')
    expect([heard, seen]).toEqual([[], []])
    await send('nonsense that is long enough').catch(() => undefined)
    await clock.advance(60_000)
    expect(seen.map(String).filter((text) => text === '\r\n\r\n').length).toBeGreaterThanOrEqual(2)
    flow.close()
    const before = seen.length
    await clock.advance(100_000)
    expect(seen).toHaveLength(before)
  })

  it('repeats a request until it is answered, and hands the answer on once', async () => {
    const { clock, flow, heard, seen, send } = await wired()
    const request = ours('MESSAGE')
    flow.send(serializeSip(request))
    await clock.advance(1_600)
    expect(requestsIn(seen, 'MESSAGE')).toHaveLength(3)
    await send(respond(request, 200))
    await send(respond(request, 200))
    await clock.advance(20_000)
    expect(requestsIn(seen, 'MESSAGE')).toHaveLength(3)
    expect(heard).toHaveLength(1)
  })

  it('acknowledges a repeated refusal again, with the same ACK', async () => {
    const { flow, heard, seen, send } = await wired()
    const invite = ours('INVITE', { cseq: '7 INVITE' })
    flow.send(serializeSip(invite))
    await send(respond(invite, 486))
    flow.send(serializeSip(ours('ACK', { cseq: '7 ACK' })))
    await send(respond(invite, 486))
    await send(respond(invite, 486))
    const acks = requestsIn(seen, 'ACK')
    expect(acks).toHaveLength(3)
    expect(new Set(acks.map((ack) => JSON.stringify(ack)))).toHaveProperty('size', 1)
    expect(heard).toHaveLength(1)
  })

  it('answers a repeated request again, telling where it came from, and repeats a refusal until its ACK', async () => {
    const { clock, flow, heard, seen, send } = await wired()
    const via = 'SIP/2.0/UDP edge.example.org;rport;branch=z9hG4bKtheirs, SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKb'
    const invite = farRequest('INVITE', { via })
    await send(invite)
    await send(invite)
    expect(heard).toHaveLength(1)
    const delivered = heard[0] as SipRequest
    expect(topVia(delivered)?.parameters.get('received')).toBe('192.0.2.1')
    expect(topVia(delivered)?.parameters.get('rport')).toBe('5060')
    expect(headerValue(delivered, 'via')).toContain('203.0.113.1')
    flow.send(serializeSip(respond(delivered, 486)))
    await clock.advance(1_600)
    await send(farRequest('ACK', { via, cseq: headerValue(invite, 'cseq')!.replace('INVITE', 'ACK') }))
    await clock.advance(10_000)
    const statuses = seen.map(read).map((message) => (message as SipResponse).status)
    expect(statuses.filter((status) => status === 486)).toHaveLength(3)
    const options = farRequest('OPTIONS', { via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKo' })
    await send(options)
    flow.send(serializeSip(respond(heard.at(-1) as SipRequest, 200)))
    await send(options)
    expect(seen.map(read).filter((message) => (message as SipResponse).status === 200)).toHaveLength(2)
    // The invite, its ACK and the options.
    expect(heard).toHaveLength(3)
  })

  it('learns its own address from what the server saw', async () => {
    const { flow, send } = await wired()
    const request = ours('OPTIONS', { via: 'SIP/2.0/UDP 192.0.2.7:1;branch=z9hG4bKx;rport=4711;received=203.0.113.5' })
    flow.send(serializeSip(request))
    await send(respond(request, 200))
    expect(flow.local).toEqual({ host: '203.0.113.5', port: 4_711 })
  })

  it('sends what is too large over TCP, with all that belongs to it', async () => {
    const { clock, flow, heard, tcp, seen } = await wired()
    const invite = ours('INVITE', { cseq: '3 INVITE' }, 'x'.repeat(1_200))
    flow.send(serializeSip(invite))
    await clock.advance(5_000)
    expect(seen).toEqual([])
    expect(tcp.sent).toHaveLength(1)
    expect(topVia(tcp.sent[0]!)).toMatchObject({ transport: 'TCP', port: 999 })
    tcp.answer(respond(tcp.sent[0] as SipRequest, 180))
    flow.send(serializeSip(ours('CANCEL', { cseq: '3 CANCEL' })))
    await clock.advance(100)
    expect(tcp.sent).toHaveLength(2)
    expect(heard).toHaveLength(1)
  })

  it('sends it as a datagram where there is no TCP', async () => {
    const { clock, flow, tcp, seen } = await wired()
    tcp.works = false
    flow.send(serializeSip(ours('MESSAGE', {}, 'x'.repeat(2_000))))
    await clock.advance(100)
    expect(requestsIn(seen, 'MESSAGE')).toHaveLength(1)
  })
})

describe('over a link that loses 30 %', () => {
  beforeEach(useSimulatedTime)
  afterEach(() => void vi.useRealTimers())

  async function pair(seed: string) {
    const world = new LossyDomain(seed)
    await world.start()
    return { world, alice: await world.agent('alice', lossyHost), bob: await world.agent('bob', goodHost) }
  }

  it.each(['one', 'two', 'three'])('thirty messages arrive, each once: %s', async (seed) => {
    const { world, alice, bob } = await pair(seed)
    const got: string[] = []
    bob.agent.onEvent((event) => {
      if (event.kind !== 'message') return
      got.push(Buffer.from(event.message.payload).toString())
      event.message.answer(200)
    })
    const texts = Array.from({ length: 30 }, (_, index) => `message ${index}`)
    const outcomes = texts.map((text) =>
      alice.agent.sendMessage({ to: `sip:bob@${domain}`, contentType: 'text/plain', payload: Buffer.from(text) }),
    )
    await vi.advanceTimersByTimeAsync(70_000)
    expect((await Promise.all(outcomes)).map(({ status }) => status)).toEqual(Array<number>(30).fill(200))
    expect([...got].sort()).toEqual([...texts].sort())
    expect(world.network.lost).toBeGreaterThan(30)
  })

  it.each(['four', 'five', 'six'])('fifteen calls come up and end: %s', async (seed) => {
    const { alice, bob } = await pair(seed)
    const up: string[] = []
    const over: string[] = []
    const follow = (name: string, session: SipSession): void =>
      session.onEvent(({ kind }) => {
        if (kind === 'established') up.push(name)
        else if (kind === 'ended' || kind === 'failed') over.push(`${name} ${kind}`)
      })
    bob.agent.onEvent((event) => {
      if (event.kind !== 'session') return
      follow('bob', event.session)
      event.session.accept(desk())
    })
    const calls = Array.from({ length: 15 }, () => alice.agent.invite(`sip:bob@${domain}`, desk()))
    for (const call of calls) follow('alice', call)
    await vi.advanceTimersByTimeAsync(40_000)
    expect([...up].sort()).toEqual([...Array<string>(15).fill('alice'), ...Array<string>(15).fill('bob')])
    for (const call of calls) call.end()
    await vi.advanceTimersByTimeAsync(40_000)
    expect(over.sort()).toEqual([...Array<string>(15).fill('alice ended'), ...Array<string>(15).fill('bob ended')])
  })
})
