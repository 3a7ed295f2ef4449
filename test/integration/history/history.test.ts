import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { emptyFilter } from '#shared/model/search.ts'
import { openHistoryInWorkers, type OpenHistory } from '#main/history/open-history.ts'
import type { HistoryChange, OutboxJob } from '#main/history/port.ts'
import type { MessageView } from '#shared/model/views.ts'
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

const withBob = conversationWith(bob)
const accounts = [{ id: aliceAccount, aor: alice }]
const withoutPayload = ({ payload: _payload, ...rest }: OutboxJob) => rest

describe.each(['in process', 'in workers'] as const)('history %s', (where) => {
  let test: TestHistory
  let history: OpenHistory
  let make: EntryMaker
  const changes: HistoryChange[] = []

  const open = async () => {
    history = where === 'in process' ? test.open() : await test.openWorkers()
    history.writer.onChange((change) => changes.push(change))
  }
  const commit = (...entries: Parameters<OpenHistory['writer']['commit']>[0]['entries'] & object) =>
    history.writer.commit({ entries })
  const newest = async (limit = 50) => history.reader.page({ conversationId: withBob, anchor: { at: 'newest' }, limit })
  const texts = (messages: readonly MessageView[]) => messages.map((message) => message.text)

  beforeAll(async () => {
    test = new TestHistory()
    await open()
  })
  beforeEach(async () => {
    make = new EntryMaker()
    await history.writer.commit({ eraseAccounts: [alice] })
    await history.writer.commit({ accounts })
    changes.length = 0
  })
  afterAll(() => test.remove())

  it('keeps message, job and draft of one commit, and shows them after a restart', async () => {
    const hello = make.outgoing('Hello Bob')
    const job = make.job(hello)
    const draft = { conversation: withBob, accountAor: alice, peer: bob, text: 'to be continued' }
    const receipt = await history.writer.commit({ entries: [hello], addJobs: [job], draft })
    expect(receipt.fresh).toEqual([true])
    for (let round = 0; round < 2; round++) {
      const page = await newest()
      expect(page.messages).toMatchObject([{ text: 'Hello Bob', state: 'queued', direction: 'outgoing' }])
      expect(page).toMatchObject({ total: 1, hasOlder: false, hasNewer: false, revision: receipt.revision })
      expect(await history.reader.conversation(withBob)).toMatchObject({
        accountId: aliceAccount,
        draft: 'to be continued',
        preview: 'Hello Bob',
        previewDirection: 'outgoing',
      })
      expect(await history.reader.dueJobs(job.nextAttemptAt, 10)).toEqual([withoutPayload(job)])
      await history.close()
      await open()
    }
  })

  it('knows what is due, and moves and removes jobs', async () => {
    const [a, b] = [make.outgoing('a'), make.outgoing('b')]
    const [jobA, jobB] = [make.job(a, { nextAttemptAt: 100 }), make.job(b, { nextAttemptAt: 200, path: 'msrp' })]
    await history.writer.commit({ entries: [a, b], addJobs: [jobA, jobB] })
    expect(await history.reader.dueJobs(150, 10)).toEqual([withoutPayload(jobA)])
    await history.writer.commit({ rescheduleJobs: [{ id: jobA.id, attempts: 1, nextAttemptAt: 300 }] })
    expect(await history.reader.jobsOf(withBob, messageIdOf(a))).toEqual([{ ...jobA, attempts: 1, nextAttemptAt: 300 }])
    await history.writer.commit({ removeJobs: [jobA.id, jobB.id] })
    expect(await history.reader.dueJobs(Number.MAX_SAFE_INTEGER, 10)).toEqual([])
  })

  it('announces what a commit changed, once', async () => {
    const hello = make.incoming('hi there')
    const { revision } = await commit(make.contact({ policy: 'accepted', name: 'Bob' }), hello)
    await commit(hello)
    const change = changes.at(-1)
    expect(change).toMatchObject({ revision, bulk: false })
    expect(texts(change?.newIncoming ?? [])).toEqual(['hi there'])
    expect(change?.conversations).toMatchObject([{ id: withBob, name: 'Bob', preview: 'hi there', unread: 1 }])
    expect(change?.contacts).toMatchObject([{ aor: bob, name: 'Bob', nameSource: 'user', policy: 'accepted' }])
  })

  it('does nothing of a commit whose message it holds', async () => {
    const [hello, name] = [make.incoming('hi', { id: 'same' }), make.contact({ name: 'Not Bob' })]
    const unlessHeld = { conversation: withBob, author: bob, messageId: messageIdOf(hello) }
    expect(await history.writer.commit({ unlessHeld, entries: [hello] })).toMatchObject({ held: false, fresh: [true] })
    const before = await newest()
    const job = make.job(hello)
    const again = { unlessHeld, entries: [make.incoming('not hi', { id: 'same' }), name], addJobs: [job] }
    expect(await history.writer.commit(again)).toMatchObject({ held: true, fresh: [], revision: before.revision })
    expect(await newest()).toEqual(before)
    expect(await history.reader.jobsOf(withBob, job.target)).toEqual([])
    expect(await history.reader.conversation(withBob)).not.toMatchObject({ name: 'Not Bob' })
    const otherAuthor = { ...unlessHeld, author: alice }
    expect(await history.writer.commit({ unlessHeld: otherAuthor, entries: [name] })).toMatchObject({ held: false })
  })

  it('says which entries were new', async () => {
    const hello = make.incoming('hi', { id: 'same' })
    expect((await commit(hello)).fresh).toEqual([true])
    const again = make.incoming('hi', { id: 'same' })
    const other = make.incoming('not hi', { id: 'same' })
    expect((await commit(hello, again, other)).fresh).toEqual([false, false, true])
    const { messages } = await newest()
    expect(messages.map(({ text, conflicting }) => [text, conflicting])).toEqual([
      ['hi', true],
      ['not hi', true],
    ])
    expect(new Set(messages.map((message) => message.key)).size).toBe(2)
  })

  it('shows no preview of strangers', async () => {
    await commit(make.contact({ policy: 'pending' }), make.incoming('buy my coins'))
    expect(await history.reader.conversation(withBob)).toMatchObject({ preview: '', unread: 1, policy: 'pending' })
  })

  it('counts unread messages and forgets them once read', async () => {
    const messages = [make.incoming('1'), make.incoming('2'), make.outgoing('mine'), make.incoming('3')]
    await commit(...messages)
    expect(await history.reader.conversation(withBob)).toMatchObject({ unread: 3 })
    const all = (await newest()).messages
    const unread = await history.reader.unreadUpTo(withBob, all[1]!.position, 10)
    expect(texts(unread)).toEqual(['1', '2'])
    await commit(make.read(messageIdOf(messages[1]!)))
    expect(await history.reader.conversation(withBob)).toMatchObject({ unread: 1 })
    expect(texts(await history.reader.unreadUpTo(withBob, all[3]!.position, 10))).toEqual(['3'])
  })

  it('applies a read mark, an edit and a receipt that came before their message', async () => {
    await commit(make.read('early'), make.edit('early', 'edited'))
    await commit(make.delivery('mine', 'displayed', bob))
    await commit(make.incoming('original', { id: 'early' }), make.outgoing('mine', { id: 'mine' }))
    expect((await newest()).messages).toMatchObject([
      { text: 'edited', edited: true },
      { text: 'mine', state: 'displayed' },
    ])
    expect(await history.reader.conversation(withBob)).toMatchObject({ unread: 0 })
  })

  it('pages in both directions and around a position', async () => {
    for (let i = 0; i < 25; i++) await commit(make.incoming(`m${i}`))
    const last = await newest(10)
    expect(last).toMatchObject({ total: 25, hasOlder: true, hasNewer: false })
    expect(texts(last.messages)).toEqual(Array.from({ length: 10 }, (_, i) => `m${15 + i}`))
    const page = (at: 'before' | 'after' | 'around', position: number) =>
      history.reader.page({ conversationId: withBob, anchor: { at, position }, limit: 10 })
    const older = await page('before', last.messages[0]!.position)
    expect(texts(older.messages)).toEqual(Array.from({ length: 10 }, (_, i) => `m${5 + i}`))
    expect(older).toMatchObject({ hasOlder: true, hasNewer: true })
    const newer = await page('after', older.messages.at(-1)!.position)
    expect(newer.messages).toEqual(last.messages)
    const around = await page('around', last.messages[0]!.position)
    expect(texts(around.messages)).toEqual(Array.from({ length: 10 }, (_, i) => `m${10 + i}`))
    expect(around).toMatchObject({ hasOlder: true, hasNewer: true })
    const positions = [...older.messages, ...last.messages].map((message) => message.position)
    expect(positions).toEqual([...positions].sort((a, b) => a - b))
    const empty = await history.reader.page({
      conversationId: conversationWith(eve),
      anchor: { at: 'newest' },
      limit: 5,
    })
    expect(empty).toMatchObject({ messages: [], total: 0, hasOlder: false, hasNewer: false })
  })

  it('finds messages of all conversations, newest first, with marks', async () => {
    await commit(
      make.contact({ policy: 'accepted', name: 'Bob' }),
      make.contact({ policy: 'accepted' }, eve),
      make.incoming('the Grüße of an old friend'),
      make.incoming('nothing', { peer: eve }),
      make.incoming('grusse again', { peer: eve }),
    )
    const found = await history.reader.search({ filter: { ...emptyFilter, text: 'GRUS' }, before: null, limit: 10 })
    expect(found.before).toBeNull()
    expect(found.hits.map((hit) => [hit.author, hit.excerpt.slice(...hit.highlights[0]!)])).toEqual([
      [eve, 'grusse'],
      [bob, 'Grüße'],
    ])
    const one = await history.reader.search({
      filter: { ...emptyFilter, text: 'grüße', conversationIds: [withBob] },
      before: null,
      limit: 10,
    })
    expect(one.hits).toMatchObject([{ conversationName: 'Bob', author: bob }])
    const limited = await history.reader.search({ filter: { ...emptyFilter, text: 'grusse' }, before: null, limit: 1 })
    expect(limited).toMatchObject({ before: limited.hits[0]!.position, hits: [{ author: eve }] })
  })

  it('knows the timestamp of the latest message, for clocks that went back', async () => {
    expect(await history.lastHlc()).toEqual({ wallMs: 0, counter: 0 })
    const last = make.incoming('latest')
    await commit(last, make.edit(messageIdOf(last), 'later'))
    expect(await history.lastHlc()).toEqual(last.head.hlc)
  })

  it('keeps settings', async () => {
    await history.writer.setSetting('theme', '"dark"')
    expect(await history.reader.setting('theme')).toBe('"dark"')
    await history.writer.setSetting('theme', null)
    expect(await history.reader.setting('theme')).toBeNull()
  })

  it('erases an account and leaves no conversation behind', async () => {
    const hello = make.outgoing('gone soon')
    await history.writer.commit({ entries: [hello], addJobs: [make.job(hello)] })
    await history.writer.commit({ eraseAccounts: [alice] })
    // Told right after the answer.
    await expect.poll(() => changes.at(-1)).toMatchObject({ removedConversations: [withBob], bulk: true })
    expect(await history.reader.counts()).toMatchObject({ messages: 0, conversations: 0 })
    expect(await history.reader.dueJobs(Number.MAX_SAFE_INTEGER, 10)).toEqual([])
    expect(
      (await history.reader.search({ filter: { ...emptyFilter, text: 'gone' }, before: null, limit: 5 })).hits,
    ).toEqual([])
  })

  it('makes many commits at once durable together, each with its own receipt', async () => {
    const entries = Array.from({ length: 500 }, (_, i) => make.incoming(`burst ${i}`))
    const receipts = await Promise.all(entries.map((entry) => history.writer.commit({ entries: [entry] })))
    expect(receipts.every((receipt) => receipt.fresh[0] === true)).toBe(true)
    expect(await history.reader.counts()).toMatchObject({ messages: 500 })
    expect(new Set(receipts.map((receipt) => receipt.revision)).size).toBeLessThan(500)
  })

  it('refuses an entry beyond the limits and keeps the rest of the group', async () => {
    const bad = make.incoming('x'.repeat(1_000_001))
    const [refused, kept] = await Promise.allSettled([commit(bad), commit(make.incoming('fine'))])
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'invalid-argument' } })
    expect(kept.status).toBe('fulfilled')
    expect(texts((await newest()).messages)).toEqual(['fine'])
  })

  it('rejects calls after it was closed', async () => {
    await history.close()
    await expect(commit(make.incoming('late'))).rejects.toMatchObject({ code: 'locked' })
    await expect(newest()).rejects.toMatchObject({ code: 'locked' })
    await open()
  })
})

describe('opening in workers', () => {
  it('says why it cannot: a wrong key, a missing folder', async () => {
    const test = new TestHistory()
    await (await test.openWorkers()).close()
    const wrong = openHistoryInWorkers({ path: test.path, key: new Uint8Array(32) })
    await expect(wrong).rejects.toMatchObject({ code: 'history-corrupt' })
    const nowhere = openHistoryInWorkers({ path: `${test.path}/none/a.db`, key: test.key })
    await expect(nowhere).rejects.toMatchObject({ code: 'disk-failed' })
    await test.remove()
  })
})
