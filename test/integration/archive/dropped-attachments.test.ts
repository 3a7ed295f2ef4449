/** A file whose last entry went and which an import brings back: whoever erases files must not take it. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HistoryReaderPort, HistoryWriterPort } from '#main/history/port.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { HistoryUpkeep } from '#main/upkeep/upkeep.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { EntryFactory } from '#shared/model/entry-factory.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { alice, aliceAccount, bob, conversationWith, EntryMaker } from '../history/history-fixture.ts'
import { ArchiveProfile, fileEntry } from './archive-fixture.ts'

let profile: ArchiveProfile
let entry: Entry
let id: AttachmentId
let upkeep: HistoryUpkeep
let identity: string

beforeEach(async () => {
  identity = await generateX25519Identity()
  profile = new ArchiveProfile()
  const made = await fileEntry(profile.attachments, new EntryMaker(), 'plans.png')
  ;({ entry, id } = made)
  upkeep = upkeepOf({})
})
afterEach(async () => {
  await upkeep.stop()
  await profile.remove()
})

function upkeepOf(over: Partial<HistoryReaderPort>): HistoryUpkeep {
  const { writer, reader } = profile.history
  const clock = new FakeClock(1_760_000_000_000)
  return new HistoryUpkeep({
    ...{ writer, clock, random: systemRandom, attachments: profile.attachments, log: silentLog },
    reader: { ...reader, ...over },
    entries: new EntryFactory({ clock, random: systemRandom }),
    deviceOf: () => null,
    withdrawNotification: () => undefined,
    keepDays: () => 0,
  })
}

/** An export that holds the file; its conversation is then erased here, and the file waits to be. */
async function exportAndErase(): Promise<void> {
  const { writer } = profile.history
  await writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries: [entry] })
  const protection = { kind: 'recipients', recipients: [await identityToRecipient(identity)] } as const
  await profile.archive.exportSealed({ scope: { kind: 'all' }, protection })
  await writer.commit({ eraseConversations: [conversationWith(bob)] })
}

async function verify(from: ArchiveProfile): Promise<void> {
  from.source = profile.target
  await from.archive.choose()
  await from.archive.verify({ secret: utf8(identity) })
}

/** An archive of the same profile with another way to the writer. */
function archiveWith(commit: HistoryWriterPort['commit']): ArchiveProfile {
  return new ArchiveProfile({ reader: profile.history.reader, writer: { commit } }, profile.test.attachments)
}

const isOnDisk = (): boolean => existsSync(path.join(profile.test.attachments, id))
const isShown = async (): Promise<boolean> => (await profile.messages()).some(({ file }) => file?.name === 'plans.png')

describe('an attachment that waits to be erased', () => {
  it('stays when an import names it again before its turn has come', async () => {
    await exportAndErase()
    await verify(profile)
    await profile.archive.apply()
    await upkeep.start()
    await upkeep.enforce()
    expect(await isShown()).toBe(true)
    expect(await profile.attachments.isIntact(id)).toBe(true)
    expect(await profile.history.reader.droppedAttachments()).toEqual([])
  })

  it('stays when an import brings it back just as its turn has come', async () => {
    await exportAndErase()
    const [asked, imported] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
    upkeep = upkeepOf({
      droppedAttachments: async () => {
        const found = await profile.history.reader.droppedAttachments()
        asked.resolve(undefined)
        await imported.promise
        return found
      },
    })
    const erasing = upkeep.enforce()
    await asked.promise
    await verify(profile)
    await profile.archive.apply()
    imported.resolve(undefined)
    await erasing
    expect(await isShown()).toBe(true)
    expect(await profile.attachments.isIntact(id)).toBe(true)
  })

  it('stays between its restoring and its entry, and when its last other entry goes in between', async () => {
    await exportAndErase()
    await upkeep.enforce()
    expect(isOnDisk()).toBe(false)
    const { writer, reader } = profile.history
    let between = 0
    const importing = archiveWith(async (commit) => {
      if (commit.packed === undefined) return writer.commit(commit)
      // Restored, and nobody names it: another copy of the message comes and goes.
      expect(isOnDisk()).toBe(true)
      await writer.commit({ entries: [entry] })
      await writer.commit({ eraseConversations: [conversationWith(bob)] })
      expect(await reader.droppedAttachments()).toEqual([id])
      await upkeep.enforce()
      expect(isOnDisk()).toBe(true)
      between += 1
      return writer.commit(commit)
    })
    await verify(importing)
    await importing.archive.apply()
    await importing.remove()
    await upkeep.enforce()
    expect(between).toBe(1)
    expect(await isShown()).toBe(true)
    expect(await profile.attachments.isIntact(id)).toBe(true)
  })

  it('goes after all when the import that held it was given up', async () => {
    await exportAndErase()
    await upkeep.start()
    await profile.history.writer.commit({ entries: [entry] })
    const importing = archiveWith(async (commit) => {
      if (commit.packed === undefined) return profile.history.writer.commit(commit)
      await profile.history.writer.commit({ eraseConversations: [conversationWith(bob)] })
      await upkeep.enforce()
      throw new SottoError('disk-failed')
    })
    await verify(importing)
    // Its file went before the import and is brought by it.
    await expect(importing.archive.apply()).rejects.toMatchObject({ code: 'disk-failed' })
    await importing.remove()
    await expect.poll(isOnDisk).toBe(false)
    expect(await profile.history.reader.droppedAttachments()).toEqual([])
  })

  it('stays when any other entry names it again', async () => {
    const { writer, reader } = profile.history
    await writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries: [entry] })
    await writer.commit({ eraseConversations: [conversationWith(bob)] })
    await writer.commit({ entries: [entry] })
    await upkeep.enforce()
    expect(isOnDisk()).toBe(true)
    expect(await reader.droppedAttachments()).toEqual([])
  })
})
