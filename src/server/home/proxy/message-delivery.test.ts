import { describe, expect, it } from 'vitest'
import { headsMediaType } from '#shared/replication/heads.ts'
import { settle } from '#test/fakes/fake-clock.ts'
import { domain, FakeDomain, valueOf } from '#test/fakes/sip-domain.ts'

const bob = `sip:bob@${domain}`
const text = [{ name: 'content-type', value: 'text/plain' }]

describe('MESSAGE to several devices', () => {
  it('reaches each device once and answers 200', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const phones = [
      await world.registered('bob'),
      await world.registered('bob', { transport: 'tcp' }),
      await world.registered('bob'),
    ]
    const response = await alice.send('MESSAGE', bob, { headers: text, body: 'hello' })
    expect(response.status).toBe(200)
    for (const phone of phones)
      expect(phone.got('MESSAGE').map(({ body }) => Buffer.from(body).toString())).toEqual(['hello'])
    expect(world.mailbox.stored).toEqual([])
  })

  it('passes a device’s 202 on: it took the message, and says no more', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const phone = await world.registered('bob')
    phone.answer = () => ({ status: 202 })
    expect((await alice.send('MESSAGE', bob, { headers: text })).status).toBe(202)
    expect(world.mailbox.stored).toEqual([])
  })

  it('stores for all known devices when none is there: 202', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const phone = await world.registered('bob')
    phone.flow.close()
    const response = await alice.send('MESSAGE', bob, { headers: text, body: 'later', callId: 'call-1' })
    expect(response.status).toBe(202)
    expect(world.mailbox.stored).toHaveLength(1)
    const { user, instances, message } = world.mailbox.stored[0]!
    expect([user, instances]).toEqual(['bob', [phone.instance]])
    expect(message).toMatchObject({ from: `sip:alice@${domain}`, to: bob, callId: 'call-1', headers: text })
    expect(Buffer.from(message.body).toString()).toBe('later')
    expect(message.fromHeader).not.toContain('tag')
  })

  it('stores for a user who never had a device', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    expect((await alice.send('MESSAGE', bob, { headers: text })).status).toBe(202)
    expect(world.mailbox.stored[0]?.instances).toEqual([])
  })

  it('answers 200 when one took it and keeps copies for the others: offline, failing, silent', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const [took, failing, silent, offline] = [
      await world.registered('bob'),
      await world.registered('bob'),
      await world.registered('bob'),
      await world.registered('bob'),
    ]
    failing.answer = () => ({ status: 500 })
    silent.answer = () => null
    offline.flow.close()
    const done = alice.send('MESSAGE', bob, { headers: text })
    await world.clock.advance(1_001)
    expect((await done).status).toBe(200)
    expect(took.got('MESSAGE')).toHaveLength(1)
    expect(new Set(world.mailbox.stored[0]?.instances)).toEqual(
      new Set([failing.instance, silent.instance, offline.instance]),
    )
    // The silent one took it after all.
    silent.respond(silent.got('MESSAGE')[0]!, { status: 200 })
    expect(world.mailbox.forgotten).toEqual([{ user: 'bob', instance: silent.instance, id: '0' }])
  })

  it('does not store what a device refused, and says why', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const phone = await world.registered('bob')
    phone.answer = () => ({ status: 415 })
    expect((await alice.send('MESSAGE', bob, { headers: text })).status).toBe(415)
    expect(world.mailbox.stored).toEqual([])
  })

  it('passes on that a form is refused even while another device is away: the sender has another form', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const [simple, away] = [await world.registered('bob'), await world.registered('bob')]
    simple.answer = () => ({ status: 415 })
    away.flow.close()
    expect((await alice.send('MESSAGE', bob, { headers: text })).status).toBe(415)
    expect(world.mailbox.stored).toEqual([])
    simple.answer = () => ({ status: 200 })
    expect((await alice.send('MESSAGE', bob, { headers: text })).status).toBe(200)
    expect(world.mailbox.stored[0]?.instances).toEqual([away.instance])
  })

  it('keeps a copy for the device that is away when another one took it and a third one refused', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const [took, simple, away] = [
      await world.registered('bob'),
      await world.registered('bob'),
      await world.registered('bob'),
    ]
    simple.answer = () => ({ status: 415 })
    away.flow.close()
    expect((await alice.send('MESSAGE', bob, { headers: text })).status).toBe(200)
    expect(took.got('MESSAGE')).toHaveLength(1)
    expect(world.mailbox.stored[0]?.instances).toEqual([away.instance])
  })

  it('gives a silent device eight seconds, then stores', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const phone = await world.registered('bob')
    phone.answer = () => null
    const done = alice.send('MESSAGE', bob, { headers: text })
    await world.clock.advance(8_001)
    expect((await done).status).toBe(202)
    expect(world.mailbox.stored[0]?.instances).toEqual([phone.instance])
  })

  it('never stores typing notices nor messages that expire at once', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const typing = [{ name: 'content-type', value: 'application/im-iscomposing+xml;charset=utf-8' }]
    expect((await alice.send('MESSAGE', bob, { headers: typing })).status).toBe(480)
    const brief = [...text, { name: 'expires', value: '0' }]
    expect((await alice.send('MESSAGE', bob, { headers: brief })).status).toBe(480)
    expect(world.mailbox.stored).toEqual([])
  })

  it('gives heads to the sender’s other devices, and keeps them for none', async () => {
    const world = new FakeDomain()
    const [desk, laptop, away] = [
      await world.registered('alice'),
      await world.registered('alice'),
      await world.registered('alice'),
    ]
    away.flow.close()
    const heads = [{ name: 'content-type', value: headsMediaType }]
    expect((await desk.send('MESSAGE', `sip:alice@${domain}`, { headers: heads })).status).toBe(200)
    expect([desk.got('MESSAGE').length, laptop.got('MESSAGE').length]).toEqual([0, 1])
    laptop.flow.close()
    await desk.send('MESSAGE', `sip:alice@${domain}`, { headers: heads })
    expect(world.mailbox.stored).toEqual([])
  })

  it('tells the sender when nothing could be kept', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    world.mailbox.failure = 'mailbox-full'
    expect((await alice.send('MESSAGE', bob, { headers: text })).status).toBe(480)
    world.mailbox.failure = 'mailbox-failed'
    expect((await alice.send('MESSAGE', bob, { headers: text })).status).toBe(500)
  })

  it('copies to oneself go to one’s other devices only', async () => {
    const world = new FakeDomain()
    const [desk, laptop, away] = [
      await world.registered('alice'),
      await world.registered('alice'),
      await world.registered('alice'),
    ]
    away.flow.close()
    expect((await desk.send('MESSAGE', `sip:alice@${domain}`, { headers: text })).status).toBe(200)
    expect([desk.got('MESSAGE').length, laptop.got('MESSAGE').length]).toEqual([0, 1])
    expect(world.mailbox.stored[0]?.instances).toEqual([away.instance])
    const lone = await world.registered('carol')
    expect((await lone.send('MESSAGE', `sip:carol@${domain}`, { headers: text })).status).toBe(202)
    expect(world.mailbox.stored).toHaveLength(1)
  })

  it('goes to one device by GRUU, stored for it alone when it is away', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const [one, two] = [await world.registered('bob'), await world.registered('bob')]
    const gruu = `${bob};gr=${one.instance}`
    expect((await alice.send('MESSAGE', gruu, { headers: text })).status).toBe(200)
    expect([one.got('MESSAGE').length, two.got('MESSAGE').length]).toEqual([1, 0])
    one.flow.close()
    expect((await alice.send('MESSAGE', gruu, { headers: text })).status).toBe(202)
    expect(world.mailbox.stored[0]?.instances).toEqual([one.instance])
  })

  it('passes a retransmitted MESSAGE on once (UDP) and repeats its answer', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice', { transport: 'udp' })
    const phone = await world.registered('bob')
    const request = alice.authorize(alice.build('MESSAGE', bob), await alice.send('MESSAGE', bob, { answer: false }))
    const done = alice.transact(request)
    alice.input(request)
    expect((await done).status).toBe(200)
    alice.input(request)
    await settle()
    expect(phone.got('MESSAGE')).toHaveLength(1)
    expect(alice.responses.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(3)
  })

  it('retransmits to a UDP device until it answers', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    const phone = await world.registered('bob', { transport: 'udp' })
    phone.answer = (request) =>
      phone.got('MESSAGE').length < 3 ? null : { status: request.method === 'MESSAGE' ? 200 : 500 }
    const done = alice.send('MESSAGE', bob, { headers: text })
    await world.clock.advance(2_000)
    expect((await done).status).toBe(200)
    expect(new Set(phone.got('MESSAGE').map((request) => valueOf(request, 'via'))).size).toBe(1)
  })
})

describe('stored messages', () => {
  it('go out by sendTo with the time they were stored', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    await alice.send('MESSAGE', bob, { headers: text, body: 'kept', callId: 'call-9' })
    const { message } = world.mailbox.stored[0]!
    const answers: number[] = []
    world.proxy.onRegistered((binding) => {
      void world.proxy.sendTo(binding, message).then(({ status }) => answers.push(status))
    })
    const phone = await world.registered('bob')
    await settle()
    expect(answers).toEqual([200])
    const got = phone.got('MESSAGE')[0]
    expect([valueOf(got, 'call-id'), valueOf(got, 'date')]).toEqual([
      'call-9',
      new Date(message.receivedAt).toUTCString(),
    ])
    expect(valueOf(got, 'from')).toMatch(/^<sip:alice@example\.com>;tag=/)
  })

  it('resolve 430 for a gone binding and 408 for a silent one', async () => {
    const world = new FakeDomain()
    const alice = await world.registered('alice')
    await alice.send('MESSAGE', bob, { headers: text })
    const { message } = world.mailbox.stored[0]!
    const phone = await world.registered('bob')
    phone.answer = () => null
    const [binding] = world.proxy.bindings('bob')
    const silent = world.proxy.sendTo(binding!, message)
    await world.clock.advance(8_001)
    expect((await silent).status).toBe(408)
    phone.flow.close()
    expect((await world.proxy.sendTo(binding!, message)).status).toBe(430)
  })
})
