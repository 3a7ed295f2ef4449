/** What a person writes and does, looked for in everything that a server keeps or says, and in what the devices log. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Entry } from '#shared/model/entry.ts'
import { kinds } from '#shared/model/entry-fields.ts'
import type { MessageId, SearchId } from '#shared/model/ids.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { aliceAccount as accountId, alice, bob, conversationWith } from '#test/integration/history/history-fixture.ts'
import { PersonDevice, sipElsewhere } from '#test/fakes/replica-person.ts'
import { ReplicaWorld } from '#test/fakes/replica-server.ts'
import { PostgresServer } from '#test/integration/replica/postgres-server.ts'

vi.setConfig({ testTimeout: 120_000 })

/** Words that stand nowhere else. */
const canaries = [
  ...['Quokkatext', 'Quokkasent', 'Quokkaedited', 'Quokkadeleted', 'Quokkaphone', 'Quokkabefore', 'Bilbymessageid'],
  '🦘 🦡 🦥 🦦 🦨 🦩',
  ...['Wombatname', 'Numbatnote', 'Possumpeername', 'Dunnartsearch', 'Dunnartquery', 'Emufile', 'image/x-emu'],
  ...['Possumkey', 'Possumdevice', 'Numbatname', 'Desk of Galah', 'Phone of Galah', 'Galah renamed'],
  ...['KowariattachmentkeyKowariattachm', sipElsewhere.secrets.ha1Sha256, bob, 'bob@example'],
]
/** What the server may have, and not say: it tells whose history it keeps. */
const address = 'sip:alice@example.org'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

const withBob = { conversation: conversationWith(bob), peer: bob } as const
const own = { authenticatedBy: 'own-device', verified: true } as const

/** An entry of every kind. */
function everyKind({ entries }: PersonDevice): readonly Entry[] {
  const id = 'Bilbymessageid-1'
  const at = entries.contact({}).head.observedAt
  const mine = { ...withBob, author: alice, sentAt: at } as const
  const attachmentKey = new Uint8Array(Buffer.from('KowariattachmentkeyKowariattachm'))
  return [
    entries.incoming('Quokkatext that came', { id }),
    entries.edit(id, 'Quokkaedited since'),
    entries.outgoing('Quokkasent words', { id: `${id}-sent` }),
    entries.delivery(`${id}-sent`, 'displayed', bob),
    entries.incoming('Quokkadeleted words', { id: `${id}-gone` }),
    entries.delete(`${id}-gone`),
    entries.read(id),
    entries.call({ id: `${id}-call`, outcome: 'answered', durationMs: 61_000 }),
    entries.contact({ name: 'Wombatname', note: 'Numbatnote', policy: 'accepted', muted: true }),
    entries.entry({ kind: 'peer-name', ...withBob, name: 'Possumpeername' }),
    entries.entry(
      {
        ...{ kind: 'file', ...mine, messageId: `${id}-file` as MessageId, fileName: 'Emufile.png' },
        ...{ mediaType: 'image/x-emu', size: 5000, attachment: 'E'.repeat(43), attachmentKey },
      } as unknown as Entry['body'],
      own,
    ),
    entries.entry({ kind: 'timer', ...mine, messageId: `${id}-timer` as MessageId, expiresAfter: 3600 }, own),
    entries.entry(
      { kind: 'bookmark', ...withBob, target: id as MessageId, targetAuthor: bob, marked: true, at } as const,
      own,
    ),
    entries.entry({
      ...{ kind: 'reaction', ...withBob, author: bob, messageId: `${id}-reaction` as MessageId },
      ...{ target: `${id}-sent` as MessageId, targetAuthor: alice, emojis: '🦘 🦡 🦥 🦦 🦨 🦩', sentAt: at },
    } as const),
    entries.entry(
      {
        ...{ kind: 'saved-search', searchId: 'SSSSSSSSSSSSSSSSSSSSSA' as SearchId, name: 'Dunnartsearch', at },
        query: '{"text":"Dunnartquery"}',
      } as const,
      own,
    ),
    entries.entry(
      {
        ...{ kind: 'mark', ...withBob, way: 'zrtp', key: Buffer.from('Possumkey'), holds: true },
        ...{ name: 'Possumdevice', at },
      } as const,
      own,
    ),
    entries.entry({ kind: 'account-settings', name: 'Numbatname', sendReceipts: false, at } as const, own),
  ]
}

/** A text as it may stand in a file: as it is, in wide characters, in hex, in base64 wherever it begins. */
function formsOf(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text)
  const base64 = [0, 1, 2].flatMap((shift) => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes])
    const whole = padded.subarray(0, padded.length - (padded.length % 3))
    // Without the characters that also hold bits of what stands before.
    return (['base64', 'base64url'] as const).map((form) => whole.toString(form).slice(shift === 0 ? 0 : shift + 1))
  })
  return [bytes, Buffer.from(text, 'utf16le'), ...[bytes.toString('hex'), ...base64].map((form) => Buffer.from(form))]
}

const holds = (places: readonly Uint8Array[], text: string): boolean =>
  formsOf(text).some((form) =>
    places.some((place) => Buffer.from(place.buffer, place.byteOffset, place.length).includes(form)),
  )

function filesIn(folder: string): readonly Buffer[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.flatMap((entry) => (entry.isFile() ? readIfThere(path.join(entry.parentPath, entry.name)) : []))
}

/** PostgreSQL makes some of its files anew while they are listed. */
function readIfThere(file: string): readonly Buffer[] {
  try {
    return [readFileSync(file)]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Writes down every word of a program's log. */
function recording(lines: string[]): LogPort {
  const write = (event: string, fields?: object): void => void lines.push(JSON.stringify({ event, ...fields }))
  return { debug: write, info: write, warn: write, error: write, child: () => recording(lines) }
}

it('every kind of entry is written', () => {
  const opening = { kind: 'invitation', token: new Uint8Array() } as const
  const address = () => ({ host: '', port: 0, spkiPins: [] })
  const desk = new PersonDevice('Desk', { ...sipElsewhere, address, opening })
  const written = new Set(everyKind(desk).map(({ body }) => body.kind))
  expect(written.size).toBe(Object.keys(kinds).length)
})

it.each([0, 1, 2])('a word is found in base64 and in hex that begin %i bytes before it', (before) => {
  const bytes = Buffer.from(`${'~'.repeat(before)}Quokkatext and more`)
  for (const form of ['base64', 'base64url', 'hex'] as const)
    expect(holds([Buffer.from(bytes.toString(form))], 'Quokkatext')).toBe(true)
})

describe.each(['SQLite', 'PostgreSQL'])('a server on %s', (kind) => {
  const people: PersonDevice[] = []
  let world: ReplicaWorld
  afterEach(async () => {
    for (const each of people.splice(0)) await each.end()
    await world.end()
  })
  const eventually = (check: () => unknown) =>
    vi.waitFor(
      async () => {
        await check()
      },
      { timeout: 30_000, interval: 20 },
    )
  const current = (one: PersonDevice) =>
    eventually(() => expect(one.view).toMatchObject({ state: 'current', waiting: 0 }))

  it('has no word of it on its disk, in its database, its log or its counters, nor has a device’s log', async () => {
    const schema = await postgres.schema()
    world = await ReplicaWorld.start({ postgres: kind === 'SQLite' ? null : postgres.url(schema) })
    const lines: string[] = []
    const opening = { kind: 'invitation', token: world.invite() } as const
    const server = { ...sipElsewhere, address: () => world.address, opening }
    const [desk, phone] = ['Desk of Galah', 'Phone of Galah'].map((name) => {
      const device = new PersonDevice(name, server, recording(lines))
      people.push(device)
      return device
    }) as [PersonDevice, PersonDevice]
    await desk.signIn()
    await desk.say(desk.entries.incoming('Quokkabefore it was switched on'))
    await desk.switchOn()
    await desk.say(...everyKind(desk))
    await current(desk)
    await desk.link(phone, 'code')
    await phone.say(phone.entries.incoming('Quokkaphone words'))
    await eventually(async () => expect(await desk.texts(bob)).toContain('Quokkaphone words'))
    await eventually(async () => expect(await phone.texts(bob)).toContain('Quokkaedited since'))
    const { id } = desk.view.devices.find((one) => !one.own)!
    await desk.replicas.rename({ accountId, deviceId: id, name: 'Galah renamed' })
    await desk.replicas.revoke({ accountId, deviceId: id })
    await phone.replicas.syncNow({ accountId })
    // Refused, and logged.
    expect(phone.view.error).toBe('device-removed')
    // Both ends fail once, for reasons that quote what they were about, and say so.
    vi.spyOn(world.service.ports.store, 'append').mockRejectedValueOnce(new Error('Quokkatext that came'))
    await desk.say(desk.entries.incoming('Quokkatext again'))
    await eventually(() => expect(world.logged).toHaveLength(1))
    vi.spyOn(desk.history.writer.replica, 'keepSealed').mockRejectedValueOnce(new Error('Quokkatext that came'))
    await desk.say(desk.entries.incoming('Quokkatext once more'))
    await desk.replicas.syncNow({ accountId })
    await eventually(() => expect(lines).toHaveLength(1))
    await desk.replicas.syncNow({ accountId })
    await current(desk)

    const database = kind === 'SQLite' ? [] : await databaseOf(schema)
    const kept = [...filesIn(world.directory.path), ...database]
    const gauges = { requestsAtWork: 0, listeners: 0, listedErasures: 0, hasErasureList: true }
    const said = [...world.logged, world.metrics.text(gauges)].map((text) => Buffer.from(text))
    const logged = lines.map((line) => Buffer.from(line))
    // The search finds what is there.
    expect(holds(kept, address)).toBe(true)
    expect(holds(said, 'sotto_replica_stored_batches_total')).toBe(true)
    for (const word of canaries) expect([word, holds([...kept, ...said, ...logged], word)]).toEqual([word, false])
    for (const word of ['alice', 'example.org', '127.0.0.1'])
      expect([word, holds([...said, ...logged], word)]).toEqual([word, false])
    // Nor is it readable where it was written.
    const disks = people.flatMap(({ test }) => filesIn(test.directory))
    for (const word of canaries) expect([word, holds(disks, word)]).toEqual([word, false])
  })
})

/** Its files, the log of what is to be written among them, and its rows: long values may be packed in the files. */
async function databaseOf(schema: string): Promise<readonly Buffer[]> {
  await postgres.sql('CHECKPOINT')
  return [...filesIn(postgres.data), Buffer.from(await postgres.dump(schema))]
}
