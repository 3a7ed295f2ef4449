import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ArchiveProfile } from './archive-fixture.ts'

let profile: ArchiveProfile
beforeEach(() => {
  profile = new ArchiveProfile()
})
afterEach(() => profile.remove())

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/blink/${name}`, import.meta.url), 'utf8')

/** Makes a database of SQL texts and offers it to the import. */
function offer(...sql: readonly string[]): string {
  const file = path.join(profile.folder, 'history.sqlite')
  const db = new Database(file)
  for (const text of sql) db.exec(text)
  db.close()
  profile.source = file
  return file
}

async function importIt() {
  const offered = await profile.archive.choose()
  expect(offered).toEqual({ fileName: 'history.sqlite', kind: 'blink' })
  const summary = await profile.archive.verify({ secret: null })
  return { summary, result: await profile.archive.apply() }
}

const shown = async () =>
  (await profile.messages()).map(({ author, text, state, sentAt, call, authenticatedBy }) => ({
    ...{ author, text, state, sentAt, authenticatedBy },
    ...(call === undefined ? {} : { call }),
  }))

describe('a history of Blink', () => {
  it('for macOS comes in as messages and calls from a file, once', async () => {
    const file = offer(fixture('macos.sql'))
    const before = readFileSync(file)
    const { summary } = await importIt()
    expect(summary).toMatchObject({
      source: 'blink',
      worth: 'unsigned',
      newMessages: 6,
      newConversations: 1,
      conflicts: 0,
      leftOut: 5,
    })
    const [bob, file_] = ['sip:bob@example.org', 'file']
    const alice = 'sip:alice@example.org'
    const at = (text: string) => Date.parse(text)
    expect(await shown()).toEqual([
      {
        author: bob,
        text: 'Hello Alice',
        state: 'delivered',
        sentAt: at('2015-03-01T10:00:00.250Z'),
        authenticatedBy: file_,
      },
      {
        author: alice,
        text: 'Hi Bob,\nnice & early',
        state: 'displayed',
        sentAt: at('2015-03-01T10:01:00Z'),
        authenticatedBy: file_,
      },
      {
        author: alice,
        text: 'This did not get there',
        state: 'failed',
        sentAt: at('2015-03-01T10:02:00Z'),
        authenticatedBy: file_,
      },
      {
        author: bob,
        text: 'No id of its own',
        state: 'delivered',
        sentAt: at('2015-03-01T10:03:00Z'),
        authenticatedBy: file_,
      },
      expect.objectContaining({
        author: bob,
        call: { outcome: 'answered', video: false, durationMs: 90_000, readers: 'anyone' },
      }),
      expect.objectContaining({
        author: alice,
        call: { outcome: 'cancelled', video: true, durationMs: 0, readers: 'anyone' },
      }),
    ])
    const [conversation] = (await profile.history.reader.conversations()).conversations
    expect(conversation).toMatchObject({ name: 'Bob Baker', unread: 0 })
    expect(readFileSync(file)).toEqual(before)

    const again = await importIt()
    expect(again.summary).toMatchObject({ newMessages: 0, heldMessages: 6, newOthers: 0 })
    expect(await shown()).toHaveLength(6)
  })

  it('for Linux and Windows comes in too; what cannot be read stays out', async () => {
    offer(fixture('qt.sql'))
    const { summary } = await importIt()
    expect(summary).toMatchObject({ newMessages: 2, leftOut: 2 })
    expect((await shown()).map(({ text, state }) => [text, state])).toEqual([
      ['Good morning', 'delivered'],
      ['Good morning, Carol', 'delivered'],
    ])
    expect((await profile.history.reader.conversations()).conversations[0]?.name).toBe('Carol')
  })

  it('that is open in Blink just now, with a write-ahead log, is read as far as it is folded in', async () => {
    const file = path.join(profile.folder, 'history.sqlite')
    const db = new Database(file)
    db.pragma('journal_mode = WAL')
    db.exec(fixture('qt.sql'))
    db.pragma('wal_checkpoint(TRUNCATE)')
    profile.source = file
    expect((await importIt()).summary.newMessages).toBe(2)
    db.close()
  })
})

describe('a hostile database', () => {
  const columns = 'message_id, account_id, remote_uri, display_name, timestamp, direction, content, content_type, state'
  const hostile: Readonly<Record<string, string>> = {
    'a view in place of a table': `CREATE VIEW messages AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT ${columns
      .split(', ')
      .map((name) => `x AS ${name}`)
      .join(', ')} FROM c;`,
    'a virtual table': 'CREATE VIRTUAL TABLE messages USING fts5 (content);',
    'a computed column':
      'CREATE TABLE messages (message_id TEXT, content TEXT GENERATED ALWAYS AS (zeroblob(1000000000)) VIRTUAL);',
    'no table of Blink': 'CREATE TABLE other (x);',
  }
  it.each(Object.keys(hostile))('is refused: %s', async (name) => {
    offer(hostile[name] ?? '')
    await profile.archive.choose()
    await expect(profile.archive.verify({ secret: null })).rejects.toMatchObject({ code: 'import-not-export' })
  })

  it('whose values are of other kinds, or endless, has nothing to say', async () => {
    offer(
      `CREATE TABLE messages (${columns}); INSERT INTO messages VALUES (x'00', 1, 2, 3, 4, 5, 6, 7, 8), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
       ('long', 'a@example.org', 'b@example.org', '', '2020-01-01 00:00:00', 'incoming', hex(zeroblob(1000000)), 'text/plain', '');`,
    )
    const { summary } = await importIt()
    expect(summary).toMatchObject({ newMessages: 0, leftOut: 3 })
  })

  it('that is broken is refused wherever it breaks', async () => {
    const file = offer(fixture('macos.sql'))
    const whole = readFileSync(file)
    for (let at = 100; at < whole.length; at += 97) {
      const broken = Buffer.from(whole)
      broken.fill(0xff, at, at + 40)
      writeFileSync(file, broken)
      await profile.archive.choose()
      const outcome = await profile.archive.verify({ secret: null }).then(
        () => 'read',
        (error: unknown) => (error as { code: unknown }).code,
      )
      expect(['read', 'import-not-export']).toContain(outcome)
    }
  })
})
