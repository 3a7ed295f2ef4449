/** Reactions on all devices of a person, through a real server on either store. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry } from '#shared/model/entry.ts'
import type { Aor, MessageId } from '#shared/model/ids.ts'
import type { Reaction } from '#shared/model/reactions.ts'
import { PersonDevice } from '#test/fakes/replica-person.ts'
import { alice, bob, conversationWith } from '#test/integration/history/history-fixture.ts'
import { PostgresServer } from '#test/integration/replica/postgres-server.ts'
import { homeServer, ownReplica, type Started } from './person-servers.ts'

vi.setConfig({ testTimeout: 60_000 })

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

const conversation = conversationWith(bob)

/** What a device shows under each message. */
async function shown({ history }: PersonDevice): Promise<Readonly<Record<string, readonly Reaction[]>>> {
  const page = await history.reader.page({ conversationId: conversation, anchor: { at: 'newest' }, limit: 50 })
  return Object.fromEntries(page.messages.map(({ messageId, reactions = [] }) => [messageId, reactions]))
}

describe.each([
  ['a home server, on SQLite', homeServer],
  ['a replica of its own, on PostgreSQL', () => ownReplica(postgres)],
] as const)('with %s', (_name, start) => {
  let started: Started
  let desk: PersonDevice
  let phone: PersonDevice
  let made: number

  beforeEach(async () => {
    started = await start()
    made = 0
    desk = new PersonDevice('Desk', started.server)
    phone = new PersonDevice('Phone', started.server)
    await desk.signIn()
  })
  afterEach(async () => {
    for (const device of [desk, phone]) await device.end()
    await started.end()
  })

  /** As chat writes them: without a cipher, the servers' word is all there is. */
  const reaction = (
    { entries }: PersonDevice,
    { by, to, of, emojis, later = 0 }: { by: Aor; to: string; of: Aor; emojis: string; later?: number },
  ): Entry =>
    entries.entry({
      ...{ kind: 'reaction', conversation, peer: bob, author: by, messageId: `r${++made}` as MessageId },
      ...{ target: to as MessageId, targetAuthor: of, emojis, sentAt: entries.contact({}).head.observedAt + later },
    })
  const both = (expected: Readonly<Record<string, readonly Reaction[]>>) =>
    vi.waitFor(
      async () => {
        for (const device of [desk, phone]) expect(await shown(device)).toEqual(expected)
      },
      { timeout: 20_000, interval: 50 },
    )
  const of = (author: Aor, ...emojis: readonly string[]): Reaction => ({ author, emojis })

  it('own and received, from before and after the switch, whichever device they came to, and none after a delete', async () => {
    await desk.say(desk.entries.incoming('Shall we sing?', { id: 'm1' }), desk.entries.outgoing('Yes', { id: 'm2' }))
    await desk.say(reaction(desk, { by: alice, to: 'm1', of: bob, emojis: '👍' }))
    await desk.switchOn()
    await desk.say(reaction(desk, { by: bob, to: 'm2', of: alice, emojis: '❤️ 👍' }))
    await desk.link(phone, 'code')
    await both({ m1: [of(alice, '👍')], m2: [of(bob, '❤️', '👍')] })

    // Live, from either device; the newest of one person takes the place of the former.
    await phone.say(reaction(phone, { by: alice, to: 'm1', of: bob, emojis: '😂 👍', later: 5000 }))
    await both({ m1: [of(alice, '😂', '👍')], m2: [of(bob, '❤️', '👍')] })
    await desk.say(reaction(desk, { by: bob, to: 'm2', of: alice, emojis: '', later: 6000 }))
    await both({ m1: [of(alice, '😂', '👍')], m2: [] })

    // The same line came to both, and an older one last: neither changes anything.
    const late = reaction(desk, { by: alice, to: 'm1', of: bob, emojis: '😢', later: -60_000 })
    await desk.say(late)
    await phone.say(phone.entries.entry(late.body))
    // One overtakes its message, which another device has.
    await phone.say(reaction(phone, { by: bob, to: 'm3', of: alice, emojis: '🙏' }))
    await desk.say(desk.entries.outgoing('Thank you', { id: 'm3' }))
    await both({ m1: [of(alice, '😂', '👍')], m2: [], m3: [of(bob, '🙏')] })

    await desk.say(desk.entries.delete('m1'))
    await both({ m1: [], m2: [], m3: [of(bob, '🙏')] })
    for (const device of [desk, phone]) expect(device.view.faults).toEqual([])
    await phone.restart()
    expect(await shown(phone)).toEqual({ m1: [], m2: [], m3: [of(bob, '🙏')] })
  })
})
