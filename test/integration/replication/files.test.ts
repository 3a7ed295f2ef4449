/** Files that follow their messages from device to device, on either store: byte for byte, erased with them, and said to be missing where they are. */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { concatBytes } from '#shared/bytes/bytes.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { AttachmentId, MessageId } from '#shared/model/ids.ts'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { SealedFiles } from '#main/history/attachments/sealed-files.ts'
import { systemRandom } from '#server/home/system-ports.ts'
import type { ReplicaLimits } from '#server/replica/limits.ts'
import { alice, aliceAccount as accountId, bob, conversationWith } from '#test/integration/history/history-fixture.ts'
import { PersonDevice } from '#test/fakes/replica-person.ts'
import { ReplicaWorld } from '#test/fakes/replica-server.ts'
import { PostgresServer } from '#test/integration/replica/postgres-server.ts'

vi.setConfig({ testTimeout: 60_000 })

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

/** A file that a device holds, and what says so. */
interface Sent {
  readonly id: AttachmentId
  readonly key: Uint8Array
  readonly entry: Entry
  readonly messageId: MessageId
  readonly plain: Uint8Array
}

const conversation = conversationWith(bob)
const hashesOf = (...sent: readonly Sent[]) => sent.map(({ id }) => Uint8Array.from(Buffer.from(id, 'base64url')))

describe.each([
  ['SQLite', () => Promise.resolve(null)],
  ['PostgreSQL', async () => postgres.url(await postgres.schema())],
] as const)('files of a person whose history is on %s', (_name, place) => {
  let world: ReplicaWorld
  let url: string | null
  let opening: { readonly kind: 'invitation'; readonly token: Uint8Array }
  const devices: PersonDevice[] = []

  const start = async (limits: Partial<ReplicaLimits> = {}): Promise<void> => {
    url = await place()
    world = await ReplicaWorld.start({ postgres: url, limits })
    opening = { kind: 'invitation', token: world.invite() }
  }
  beforeEach(() => start())
  afterEach(async () => {
    for (const each of devices.splice(0)) await each.end()
    await world.end()
  })

  const device = (name: string): PersonDevice => {
    const made = new PersonDevice(name, {
      ...{ address: () => world.address, opening, secrets: { ha1Sha256: 'a'.repeat(64) } },
      sip: { server: null, msrpRelay: null, spkiPins: [] },
    })
    devices.push(made)
    return made
  }
  const eventually = (check: () => unknown): Promise<void> =>
    vi.waitFor(
      async () => {
        await check()
      },
      { timeout: 20_000, interval: 25 },
    )
  const storeOf = (one: PersonDevice): AttachmentStore => new AttachmentStore(one.test.attachments, systemRandom)
  const filesOf = (one: PersonDevice): readonly string[] => {
    try {
      return readdirSync(one.test.attachments).toSorted()
    } catch {
      return []
    }
  }

  /** A file of `size` bytes that came with a message; said unless `isSilent`. */
  const take = async (one: PersonDevice, size: number, isSilent = false): Promise<Sent> => {
    const plain = Uint8Array.from(randomBytes(size))
    const bytes = async function* () {
      for (let at = 0; at < plain.length; at += 60_000) yield await Promise.resolve(plain.subarray(at, at + 60_000))
    }
    const { id, key } = await storeOf(one).write(bytes())
    const messageId = randomBytes(8).toString('hex') as MessageId
    const entry = one.entries.entry({
      ...{ kind: 'file', conversation, peer: bob, author: bob, messageId, sentAt: Date.now() - 1000 },
      ...{ fileName: 'plan.pdf', mediaType: 'application/pdf', size, attachment: id, attachmentKey: key },
    })
    if (!isSilent) await one.say(entry)
    return { id, key, entry, messageId, plain }
  }
  const read = async (one: PersonDevice, { id, key }: Sent): Promise<Uint8Array> => {
    const parts: Uint8Array[] = []
    for await (const bytes of storeOf(one).read({ id, key })) parts.push(bytes)
    return concatBytes(...parts)
  }
  const has = (one: PersonDevice, sent: Sent) =>
    eventually(async () => expect(await storeOf(one).has(sent.id)).toBe(true))
  const shows = (one: PersonDevice, sent: Sent) =>
    eventually(async () =>
      expect(await one.history.reader.attachmentOf(conversation, bob, sent.messageId)).toMatchObject({ id: sent.id }),
    )
  const atServer = async (...sent: readonly Sent[]): Promise<readonly boolean[]> => {
    return (await world.service.ports.blobs.states(alice, hashesOf(...sent))).map(({ whole }) => whole)
  }
  const pair = async (): Promise<readonly [PersonDevice, PersonDevice]> => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    await desk.switchOn()
    await desk.link(phone, 'qr')
    await eventually(() => expect(phone.view.state).toBe('current'))
    await eventually(() => expect([desk.transfers.views(), phone.transfers.views()]).toEqual([[], []]))
    return [desk, phone]
  }

  it('are on the other device with their message, byte for byte, both ways', async () => {
    const [desk, phone] = await pair()
    const sent = [await take(desk, 3_000_000), await take(desk, 0), await take(phone, 70_000)]
    for (const [i, each] of sent.entries()) {
      const other = i < 2 ? phone : desk
      await has(other, each)
      expect(Buffer.from(await read(other, each)).equals(each.plain)).toBe(true)
      expect(await storeOf(other).isIntact(each.id)).toBe(true)
    }
    expect(await atServer(...sent)).toEqual([true, true, true])
    expect([desk.view.faults, phone.view.faults]).toEqual([[], []])
  })

  it('are at the server before anybody reads their message', async () => {
    const [desk, phone] = await pair()
    const put = vi.spyOn(world.service.ports.blobs, 'put')
    const append = vi.spyOn(world.service.ports.store, 'append')
    const sent = await take(desk, 1_500_000)
    await shows(phone, sent)
    const lastPart = Math.max(...put.mock.invocationCallOrder)
    expect(put.mock.calls.length).toBe(2)
    expect(append.mock.invocationCallOrder.some((order) => order > lastPart)).toBe(true)
    expect(append.mock.invocationCallOrder[0]).toBeGreaterThan(lastPart)
  })

  it('are erased at the server and everywhere when their message is deleted', async () => {
    const [desk, phone] = await pair()
    const [gone, kept] = [await take(desk, 100_000), await take(desk, 100_000)]
    await has(phone, gone)
    await has(phone, kept)
    await phone.say(phone.entries.delete(gone.messageId, bob))
    await eventually(async () => expect(await atServer(gone, kept)).toEqual([false, true]))
    for (const one of [desk, phone])
      await eventually(async () => expect(await one.history.reader.droppedAttachments()).toEqual([gone.id]))
    expect((await desk.replicas.serverCopy({ accountId })).bytes).toBeGreaterThan(100_000)
  })

  it('stay at the server when one device alone forgets the conversation', async () => {
    const [desk, phone] = await pair()
    const sent = await take(desk, 10_000)
    await has(phone, sent)
    await phone.history.writer.commit({ eraseConversations: [conversation] })
    await phone.say(phone.entries.incoming('afterwards'))
    await eventually(async () => expect(await desk.texts(bob)).toContain('afterwards'))
    expect(await atServer(sent)).toEqual([true])
  })

  it('that are missing are named, and come once they are there', async () => {
    const [desk, phone] = await pair()
    const sent = await take(desk, 90_000, true)
    const file = path.join(desk.test.attachments, sent.id)
    const sealed = readFileSync(file)
    rmSync(file)
    await desk.say(sent.entry)
    await shows(phone, sent)
    const fetch = () => phone.replicas.fetchFile(accountId, { id: sent.id, key: sent.key })
    await expect(fetch()).rejects.toMatchObject({ code: 'file-not-there-yet' })
    expect(filesOf(phone)).toEqual([])
    const hash = Uint8Array.from(createHash('sha256').update(sealed).digest())
    await world.service.ports.blobs.put(alice, { hash, size: sealed.length, at: 0, bytes: sealed })
    const told: number[] = []
    await phone.replicas.fetchFile(accountId, { id: sent.id, key: sent.key, progress: (done) => told.push(done) })
    expect(told).toEqual([sealed.length])
    expect(Buffer.from(await read(phone, sent)).equals(sent.plain)).toBe(true)
  })

  it('beyond the quota are left out, hold up no message, are told, and go once there is room', async () => {
    await world.end()
    await start({ accountBlobBytes: 400_000 })
    const [desk, phone] = await pair()
    const [small, large] = [await take(desk, 100_000), await take(desk, 350_000)]
    await has(phone, small)
    await shows(phone, large)
    expect(await atServer(small, large)).toEqual([true, false])
    await expect(phone.replicas.fetchFile(accountId, { id: large.id, key: large.key })).rejects.toMatchObject({
      code: 'file-not-there-yet',
    })
    expect([desk.view.isFullOfFiles, phone.view.isFullOfFiles]).toEqual([true, false])
    await desk.say(desk.entries.delete(small.messageId, bob))
    await eventually(async () => expect(await atServer(small)).toEqual([false]))
    await desk.restart()
    await has(phone, large)
    await eventually(() => expect(desk.view).toMatchObject({ isFullOfFiles: false, faults: [] }))
  })

  it('that are large hold up no message that is said after them', async () => {
    const [desk, phone] = await pair()
    const { blobs } = world.service.ports
    const real = blobs.put.bind(blobs)
    const gate = Promise.withResolvers<void>()
    vi.spyOn(blobs, 'put').mockImplementation(async (...args) => {
      await gate.promise
      return real(...args)
    })
    const film = await take(desk, 5_000_000)
    await desk.say(desk.entries.incoming('said while it goes up'))
    await eventually(async () => expect(await phone.texts(bob)).toContain('said while it goes up'))
    await shows(phone, film)
    expect(await atServer(film)).toEqual([false])
    gate.resolve()
    await has(phone, film)
    expect(Buffer.from(await read(phone, film)).equals(film.plain)).toBe(true)
  })

  it('that the server lost are given to it again by a device that has them', async () => {
    const [desk, phone] = await pair()
    const [own, other, gone] = [await take(desk, 90_000), await take(phone, 80_000), await take(desk, 70_000)]
    for (const sent of [own, gone]) await has(phone, sent)
    await has(desk, other)
    await desk.say(desk.entries.delete(gone.messageId, bob))
    await eventually(async () => expect(await atServer(gone)).toEqual([false]))
    await world.service.ports.blobs.erase(alice, hashesOf(own, other))
    expect(await atServer(own, other)).toEqual([false, false])
    await phone.restart()
    await eventually(async () => expect(await atServer(own, other)).toEqual([true, true]))
    await desk.restart()
    await eventually(() => expect(desk.view.state).toBe('current'))
    // What was deleted stays so.
    expect(await atServer(gone)).toEqual([false])
  })

  it('of another key than their entry says never get into the store', async () => {
    const [desk, phone] = await pair()
    const sent = await take(desk, 1000, true)
    const { body } = sent.entry
    if (body.kind !== 'file') throw new Error('no file')
    await desk.say({ ...sent.entry, body: { ...body, attachmentKey: systemRandom.bytes(32) } })
    await shows(phone, sent)
    await eventually(async () =>
      expect(await phone.history.writer.replica.filesToSettle(alice, '')).toMatchObject({ wanted: [] }),
    )
    expect(filesOf(phone)).toEqual([])
  })

  it('go on where they were after the server went away in the middle', async () => {
    const [desk, phone] = await pair()
    const { blobs } = world.service.ports
    const put = vi.spyOn(blobs, 'put')
    let parts = 0
    const real = blobs.put.bind(blobs)
    put.mockRestore()
    vi.spyOn(blobs, 'put').mockImplementation(async (...args) => {
      parts += 1
      if (parts === 2) throw Object.assign(new Error('gone'), { code: 'EIO', syscall: 'write' })
      return real(...args)
    })
    const sent = await take(desk, 2_500_000)
    await eventually(() => expect(parts).toBeGreaterThanOrEqual(2))
    await desk.restart()
    await desk.replicas.syncNow({ accountId })
    await has(phone, sent)
    expect(Buffer.from(await read(phone, sent)).equals(sent.plain)).toBe(true)
    // Three parts, and the one that failed once more.
    expect(parts).toBe(4)
  })

  it('come to a device that is linked later, also older ones than the server keeps', async () => {
    const desk = device('Desk')
    await desk.signIn()
    const old = await take(desk, 1_200_000, true)
    await desk.say({
      ...old.entry,
      head: {
        ...old.entry.head,
        observedAt: Date.now() - 100 * 86_400_000,
        hlc: { wallMs: Date.now() - 100 * 86_400_000, counter: 0 },
      },
    })
    await desk.switchOn()
    const phone = device('Phone')
    await desk.link(phone, 'code')
    await has(phone, old)
    expect(Buffer.from(await read(phone, old)).equals(old.plain)).toBe(true)
    expect(await atServer(old)).toEqual([false])
    await eventually(() => expect([desk.transfers.views(), phone.transfers.views()]).toEqual([[], []]))
    expect(await phone.history.reader.setting(`linking.taken-files:${alice}`)).toBeNull()
  })

  it('are gone with the account, and the server says so', async () => {
    const [desk] = await pair()
    const sent = await take(desk, 200_000)
    await eventually(async () => expect(await atServer(sent)).toEqual([true]))
    const left = await desk.replicas.switchOff({ accountId, erase: true })
    expect(left).toMatchObject({ batches: 0, bytes: 0, oldestDay: null })
    expect(await atServer(sent)).toEqual([false])
  })

  it('are handed over whole from the disk of a device as they lie there', async () => {
    const desk = device('Desk')
    const sent = await take(desk, 5000, true)
    const files = new SealedFiles(desk.test.attachments)
    const read = await files.read(sent.id, 0, 1_000_000)
    expect(createHash('sha256').update(read!.bytes).digest('base64url')).toBe(sent.id)
    // Header, one size class, tag.
    expect(read!.size).toBe(24 + 8192 + 16)
  })
})
