import { describe, expect, it } from 'vitest'
import { serializeSip } from '#protocol/sip/serialize.ts'
import { fuzz } from './sip-proxy.fuzz.ts'
import { domain, FakeDomain } from '#test/fakes/sip-domain.ts'

const bob = `sip:bob@${domain}`

describe('limits', () => {
  it('answers an oversized message 513 and closes the stream', () => {
    const world = new FakeDomain({ limits: { messageBytes: 10_000 } })
    for (const transport of ['tcp', 'tls'] as const) {
      const phone = world.phone('alice', { transport })
      const head = serializeSip(phone.build('MESSAGE', bob)).subarray(0, -'0\r\n\r\n'.length)
      phone.flow.input(Buffer.concat([head, Buffer.from('99999999\r\n\r\n')]))
      expect([phone.flow.statuses, phone.flow.isOpen]).toEqual([[513], false])
    }
    const phone = world.phone('alice')
    phone.flow.input(serializeSip(phone.build('MESSAGE', bob, { body: 'x'.repeat(20_000) })))
    expect(phone.flow.sent).toEqual([])
  })

  it('closes a stream without end: no line break, no head end', () => {
    const world = new FakeDomain()
    for (const piece of ['A'.repeat(4096), 'X: y\r\n'.repeat(700)]) {
      const flow = world.flow('tcp')
      for (let sent = 0; flow.isOpen && sent < 1_000; sent += 1)
        flow.input(sent === 0 ? `INVITE sip:a SIP/2.0\r\n${piece}` : piece)
      expect(flow.isOpen).toBe(false)
    }
    expect(world.proxy.counts.flows).toBe(0)
  })

  it('closes a flow that drips, and one that never proves itself', async () => {
    const world = new FakeDomain()
    const slow = world.flow('tcp')
    slow.input('REGISTER sip:example.com SIP/2.0\r\n')
    const silent = world.flow('ws')
    await world.clock.advance(20_001)
    expect([slow.isOpen, silent.isOpen]).toEqual([false, true])
    await world.clock.advance(40_001)
    expect(silent.isOpen).toBe(false)
    const used = await world.registered('alice')
    await world.clock.advance(600_000)
    expect(used.flow.isOpen).toBe(true)
    await world.clock.advance(7_500_000)
    expect(used.flow.isOpen).toBe(false)
  })

  it('answers 500 when the disk fails under one request, and goes on', async () => {
    const world = new FakeDomain()
    const bobs = await world.registered('bob')
    const { mailbox } = world
    const broken = (): never => {
      throw new Error('SQLITE_FULL: bob')
    }
    Object.assign(mailbox, { deviceSeen: broken, devices: broken })
    const alice = world.phone('alice')
    expect((await alice.register()).status).toBe(500)
    expect((await bobs.send('MESSAGE', `sip:alice@${domain}`)).status).toBe(500)
    expect(world.log.lines.join()).not.toContain('bob')
    Reflect.deleteProperty(mailbox, 'deviceSeen')
    Reflect.deleteProperty(mailbox, 'devices')
    expect((await alice.register()).status).toBe(200)
    expect((await bobs.send('MESSAGE', `sip:alice@${domain}`)).status).toBe(200)
  })

  it('answers keep-alives: CRLFCRLF with CRLF', () => {
    const world = new FakeDomain()
    for (const transport of ['tcp', 'ws', 'udp'] as const) {
      const flow = world.flow(transport)
      flow.input('\r\n\r\n')
      expect(flow.sent).toEqual(['\r\n'])
    }
  })

  it('slows a flow and a user down', async () => {
    const world = new FakeDomain({
      limits: { flowRequestBurst: 10, flowRequestsPerSecond: 1, userRequestBurst: 4, userRequestsPerSecond: 1 },
    })
    const alice = await world.registered('alice')
    const statuses: number[] = []
    for (let turn = 0; turn < 6; turn += 1) statuses.push((await alice.send('OPTIONS', bob)).status)
    expect(statuses).toContain(503)
    const before = alice.responses.length
    for (let turn = 0; turn < 20; turn += 1) alice.input(alice.build('OPTIONS', bob))
    expect(alice.responses.slice(before).every(({ status }) => status === 503)).toBe(true)
    await world.clock.advance(60_000)
    expect((await alice.send('OPTIONS', bob)).status).toBe(480)
  })

  it('bounds flows, transactions and bindings', async () => {
    const world = new FakeDomain({ limits: { flows: 3, transactionsPerFlow: 5, bindingsPerUser: 2 } })
    const phones = [
      await world.registered('bob', { instance: null }),
      await world.registered('bob', { instance: null }),
    ]
    const third = await world.registered('bob', { instance: null })
    expect(world.flow().isOpen).toBe(false)
    expect(world.proxy.bindings('bob')).toHaveLength(2)
    phones[0]!.flow.close()
    const alice = world.phone('alice', { transport: 'udp' })
    const statuses: number[] = []
    for (let turn = 0; turn < 8; turn += 1) statuses.push((await alice.transact(alice.build('OPTIONS', bob))).status)
    expect(statuses.filter((status) => status === 503)).toHaveLength(3)
    expect(third.flow.isOpen).toBe(true)
  })

  it('closes a flow whose reader is stuck', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [await world.registered('alice'), await world.registered('bob')]
    phone.flow.bufferedBytes = 9_000_000
    expect((await alice.send('OPTIONS', bob)).status).toBe(430)
    expect(phone.flow.isOpen).toBe(false)
  })

  it('drops answers to questions it never asked', () => {
    const world = new FakeDomain()
    const flow = world.flow('udp')
    const other = world.flow('udp')
    flow.input(
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKy\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n',
    )
    expect([flow.sent, other.sent]).toEqual([[], []])
  })

  it('writes no address and no name into the log', async () => {
    const world = new FakeDomain()
    const [alice, phone] = [await world.registered('alice'), await world.registered('bob')]
    await alice.send('MESSAGE', bob, { body: 'secret text' })
    alice.flow.input('garbage alice@example.com\r\n\r\n')
    world.mailbox.failure = 'mailbox-full'
    phone.flow.close()
    await alice.send('MESSAGE', bob, { body: 'secret text' })
    expect(world.log.lines.length).toBeGreaterThan(0)
    expect(world.log.lines.join('\n')).not.toMatch(/alice|bob|192\.0\.2|secret/)
  })

  it('outlives hostile clients within its bounds', () => fuzz(4_000, 1), 60_000)
})
