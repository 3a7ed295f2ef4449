import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyFilter } from '#shared/model/search.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { Aor, MessageId, SearchId } from '#shared/model/ids.ts'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { openDatabase } from '#main/history/database.ts'
import { pageCipherOf, unlock } from '#main/history/page-cipher.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import { diskHoldings } from '#main/holdings/disk-holdings.ts'
import { systemFiles } from '#main/holdings/erase-files.ts'
import { eraseProfile } from '#main/holdings/erase-profile.ts'
import { argon2 } from '#main/keys/argon2.ts'
import { KeyLadder } from '#main/keys/key-ladder.ts'
import { noKeychain } from '#main/keys/keychain-port.ts'
import type { ProfilePaths } from '#main/platform/profile-paths.ts'
import { systemRandom as random } from '#main/platform/system-random.ts'
import {
  alice,
  aliceAccount,
  bob,
  conversationWith,
  EntryMaker,
  eve,
  messageIdOf,
  TestHistory,
} from './history-fixture.ts'

let test: TestHistory
let store: AttachmentStore
beforeEach(() => {
  test = new TestHistory()
  store = new AttachmentStore(path.join(test.directory, 'attachments'), random)
})
afterEach(() => test.remove())

/** Words that stand nowhere else, by whose conversation they are in. */
const words = { bob: 'Quokkabob', eve: 'Wombateve' } as const
const passphrase = utf8('a phrase of several words')

const pathsOf = (): ProfilePaths => {
  const at = (name: string): string => path.join(test.directory, name)
  return {
    ...{ profile: test.directory, database: test.path, keys: at('keys.json'), lock: at('profile.lock') },
    ...{ erasing: at('erasing'), attachments: at('attachments'), log: at('sotto.log'), homeServer: at('../none') },
    spool: at('spool'),
  }
}

async function fileFrom(make: EntryMaker, peer: Aor, word: string): Promise<Entry> {
  const bytes = utf8(`${word} in a file`)
  const { id, key } = await store.write(
    (async function* () {
      yield await Promise.resolve(bytes)
    })(),
  )
  return make.entry({
    kind: 'file',
    ...{ conversation: conversationWith(peer), peer, author: peer, messageId: `file-${word}` as MessageId },
    ...{ fileName: `${word}.pdf`, mediaType: 'application/pdf', size: bytes.length, sentAt: 1 },
    ...{ attachment: id, attachmentKey: key },
  })
}

/** Something of every kind with one person. */
async function fillWith(history: OpenHistory, peer: Aor, word: string): Promise<void> {
  const make = new EntryMaker()
  const [first, sent] = [make.incoming(`${word} hello`, { peer }), make.outgoing(`${word} answer`, { peer })]
  const place = { conversation: conversationWith(peer), peer, target: messageIdOf(first), targetAuthor: peer }
  await history.writer.commit({
    accounts: [{ id: aliceAccount, aor: alice }],
    entries: [
      ...[first, sent, make.call({ peer, outcome: 'answered', durationMs: 1000 }), await fileFrom(make, peer, word)],
      make.contact({ name: `${word} name`, note: `${word} note`, policy: 'accepted' }, peer),
      make.entry({ kind: 'bookmark', ...place, marked: true, at: 1 }, { authenticatedBy: 'own-device' }),
      make.entry({
        ...{ kind: 'reaction', ...place, author: peer, messageId: `${word}-reaction` as MessageId },
        ...{ target: messageIdOf(sent), targetAuthor: alice, emojis: '🦘', sentAt: 1 },
      }),
      make.entry({ kind: 'read', ...place, at: 1 }, { authenticatedBy: 'own-device' }),
    ],
    addJobs: [make.job(sent)],
    draft: { conversation: conversationWith(peer), accountAor: alice, peer, text: `${word} draft` },
  })
  const ownZid = await history.writer.zrtpZid(alice)
  const pair = { ownZid, peerZid: new Uint8Array(12).fill(word.charCodeAt(0)), peer }
  await history.writer.keepZrtpSecrets({
    ...pair,
    account: alice,
    rs1: utf8('s'.repeat(32)),
    rs2: null,
    expiresAt: null,
  })
  await history.writer.setZrtpVerified({ ...pair, verified: true, name: `${word} device` })
}

/** What belongs to the account but to no conversation. */
async function fillAccount(history: OpenHistory): Promise<void> {
  const query = JSON.stringify({ ...emptyFilter, text: 'Dingosearch' })
  const body = { kind: 'saved-search', searchId: 's'.repeat(21) + 'A', name: 'Dingosearch', at: 1, query } as const
  const saved = new EntryMaker().entry(
    { ...body, searchId: body.searchId as SearchId },
    { authenticatedBy: 'own-device' },
  )
  await history.writer.commit({ entries: [saved] })
  await history.writer.setSetting('theme', '"dark"')
}

async function fillAll(history: OpenHistory): Promise<void> {
  await fillWith(history, bob, words.bob)
  await fillWith(history, eve, words.eve)
  await fillAccount(history)
}

/** Rows of every table, by a connection of its own. */
function rowCounts(): Readonly<Record<string, number>> {
  const db = openDatabase({ path: test.path, key: test.key, role: 'reader' })
  try {
    const tables = db.prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'message_text%'",
    )
    return Object.fromEntries(
      tables
        .pluck()
        .all()
        .map((name) => [name, db.prepare<[], number>(`SELECT count(*) FROM ${name}`).pluck().get() ?? -1]),
    )
  } finally {
    db.close()
  }
}

/** The database as it lies on disk, free pages and all, without its encryption. */
function plainBytes(): Buffer {
  const copy = path.join(test.directory, 'copy.db')
  copyFileSync(test.path, copy)
  const db = new Database(copy)
  unlock(db, pageCipherOf(copy), test.key)
  db.pragma('journal_mode = DELETE')
  db.pragma("rekey = ''")
  db.close()
  const bytes = readFileSync(copy)
  rmSync(copy)
  return bytes
}

const holds = (bytes: Buffer, word: string) => bytes.includes(word) || bytes.includes(word.toLowerCase())

/** Attachments whose entries are gone lose their files, as the upkeep does. */
async function dropFiles({ reader, writer }: OpenHistory): Promise<void> {
  await writer.commit({ eraseDropped: await reader.droppedAttachments() })
}

describe('what is held', () => {
  it('is counted by kind and by conversation, exactly', async () => {
    const history = test.open()
    await fillAll(history)
    const { kinds, accounts, conversations } = await history.reader.holdings()
    expect(Object.fromEntries(Object.entries(kinds).map(([kind, { count }]) => [kind, count]))).toEqual({
      ...{ messages: 4, changes: 6, calls: 2, files: 2, contacts: 2, savedSearches: 1, unknown: 0 },
      ...{ drafts: 2, unsent: 2, callSecrets: 3, callMemory: 0, replica: 0, settings: 1 },
    })
    expect(kinds.drafts.bytes).toBe(`${words.bob} draft${words.eve} draft`.length)
    expect(kinds.settings.bytes).toBe('"dark"'.length)
    expect(conversations).toHaveLength(2)
    for (const conversation of conversations) {
      expect(conversation).toMatchObject({ account: alice, count: 8, messages: 2, calls: 1, files: 1 })
      expect(conversation.fileBytes).toBe('Quokkabob in a file'.length)
    }
    const texts = [words.bob, words.eve].map((word) => `${word} hello${word} answer`).join('').length
    const ofEntries = conversations.reduce((sum, { bytes }) => sum + bytes, 0) - texts
    const counted = openDatabase({ path: test.path, key: test.key, role: 'reader' })
    const sum = counted.prepare<[string], number>('SELECT sum(length(bytes)) FROM entry WHERE account = ?').pluck()
    const inDatabase = sum.get(alice) ?? 0
    counted.close()
    const [account] = accounts
    expect(account).toEqual({ account: alice, count: 17, bytes: inDatabase, conversations: 2 })
    expect(ofEntries).toBeLessThan(inDatabase)
    expect(ofEntries + kinds.savedSearches.bytes).toBe(inDatabase)
  })

  it('is the same in many slices, with chat answered and written in between', async () => {
    const history = await test.openWorkers()
    const make = new EntryMaker()
    for (let batch = 0; batch < 3; batch += 1) {
      await history.writer.commit({
        entries: Array.from({ length: 2000 }, (_, at) => make.incoming(`number ${batch * 2000 + at}`)),
      })
    }
    const answers: string[] = []
    const counting = history.reader.holdings().then((found) => {
      answers.push('counted')
      return found
    })
    const page = history.reader
      .page({ conversationId: conversationWith(bob), anchor: { at: 'newest' }, limit: 10 })
      .then(() => answers.push('page'))
    const [{ kinds, conversations }] = await Promise.all([counting, page])
    expect(answers).toEqual(['page', 'counted'])
    expect(kinds.messages.count).toBe(6000)
    expect(conversations[0]).toMatchObject({ messages: 6000, count: 6000 })
  })

  it('leaves out no table: a new one has to be counted, or listed here as one without anything of the user', async () => {
    await test.open().close()
    expect(Object.keys(rowCounts()).sort()).toEqual([
      ...[
        'account',
        'attachment',
        'call_memory',
        'conversation',
        'dropped_attachment',
        'entry',
        'entry_unread',
        'job',
        'message',
      ],
      // Rows that are counted by their messages: which of them wait to be indexed.
      'message_unindexed',
      'reaction',
      // Places, hashes, names of files and numbers of a journal; what of it holds contents is counted.
      ...[
        'replica',
        'replica_blob',
        'replica_device',
        'replica_envelope',
        'replica_fault',
        'replica_hash',
        'replica_missing',
      ],
      ...['replica_sealed', 'replica_tombstone', 'replica_unopened', 'replica_unsealed'],
      ...['saved_search', 'secret', 'setting', 'sqlite_sequence', 'state', 'zrtp_peer', 'zrtp_zid'],
    ])
  })

  it('is nothing in an empty history', async () => {
    const { kinds, accounts, conversations } = await test.open().reader.holdings()
    expect(Object.values(kinds).every(({ count, bytes }) => count === 0 && bytes === 0)).toBe(true)
    expect([accounts, conversations]).toEqual([[], []])
  })
})

describe('what was erased is gone from database and disk', () => {
  it('a conversation, and nothing of another', async () => {
    const history = test.open()
    await fillAll(history)
    await history.writer.commit({ eraseConversations: [conversationWith(bob)] })
    await dropFiles(history)
    const { conversations, kinds } = await history.reader.holdings()
    expect(conversations.map(({ peer }) => peer)).toEqual([eve])
    expect(kinds).toMatchObject({ drafts: { count: 1 }, unsent: { count: 1 }, files: { count: 1 } })
    // Its own number for calls, and the device of the other conversation.
    expect(kinds.callSecrets.count).toBe(2)
    await history.close()
    expect(readdirSync(path.join(test.directory, 'attachments')).length).toBe(1)
    const bytes = plainBytes()
    // The look itself works: what is still there is found.
    expect(holds(bytes, words.eve)).toBe(true)
    expect(holds(bytes, words.bob)).toBe(false)
  })

  it('an account: no row is left in any table but what belongs to none', async () => {
    const history = test.open()
    await fillAll(history)
    await history.writer.commit({ eraseAccounts: [alice] })
    await dropFiles(history)
    const { accounts, conversations, kinds } = await history.reader.holdings()
    expect([accounts, conversations]).toEqual([[], []])
    expect(kinds).toMatchObject({ messages: { count: 0, bytes: 0 }, callSecrets: { count: 0 }, settings: { count: 1 } })
    await history.close()
    const { state, setting, ...rows } = rowCounts()
    expect([state, setting]).toEqual([expect.any(Number), 1])
    expect(Object.entries(rows).filter(([, count]) => count !== 0)).toEqual([])
    expect(readdirSync(path.join(test.directory, 'attachments'))).toEqual([])
    const bytes = plainBytes()
    for (const word of [...Object.values(words), 'Dingosearch']) expect(holds(bytes, word), word).toBe(false)
  })

  it('everything: the folder is empty, the key is nowhere, and a new profile begins', async () => {
    const paths = pathsOf()
    const ladder = (): KeyLadder =>
      new KeyLadder({
        ...{ keysFile: paths.keys, databaseFile: paths.database, keychain: noKeychain, random, derive: argon2 },
        cost: { memoryKib: 64, iterations: 1, parallelism: 1 },
      })
    await ladder().create({ keychain: false, passphrase })
    const history = test.open()
    await fillAll(history)
    await history.close()
    const wrapped = readFileSync(paths.keys)
    await eraseProfile(paths, systemFiles)
    expect(readdirSync(test.directory)).toEqual([])
    expect(Object.values((await diskHoldings(paths)).uses).every(({ count }) => count === 0)).toBe(true)
    expect(wrapped.length).toBeGreaterThan(100)
    const fresh = ladder()
    expect(await fresh.state()).toBe('absent')
    await expect(fresh.open('passphrase', passphrase)).rejects.toMatchObject({ code: 'history-corrupt' })
    await fresh.create({ keychain: false, passphrase })
    expect(await fresh.state()).toBe('present')
  })
})
