import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry, EntryBody } from '#shared/model/entry.ts'
import type { Aor, ConversationId, MessageId } from '#shared/model/ids.ts'
import { emptyFilter, type SearchFilter } from '#shared/model/search.ts'
import type { SearchHit } from '#shared/model/views.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import { alice, bob, conversationWith, EntryMaker, eve, messageIdOf, TestHistory } from './history-fixture.ts'

let test: TestHistory
let history: OpenHistory
let make: EntryMaker
beforeEach(() => {
  test = new TestHistory()
  history = test.open()
  make = new EntryMaker()
})
afterEach(() => test.remove())

const commit = (...entries: Entry[]) => history.writer.commit({ entries })
const ask = (filter: Partial<SearchFilter>, more: { before?: number | null; limit?: number } = {}) =>
  history.reader.search({ filter: { ...emptyFilter, ...filter }, before: null, limit: 100, ...more })
const wordsOf = ({ hits }: { readonly hits: readonly SearchHit[] }) =>
  hits.map(({ excerpt, call, file }) => call?.outcome ?? file?.name ?? excerpt)
const find = async (filter: Partial<SearchFilter>) => wordsOf(await ask(filter))

function file(name: string, author: Aor = bob): Entry {
  const place = { conversation: conversationWith(bob), peer: bob, author }
  const id = `f-${name}` as MessageId
  const body: EntryBody = {
    kind: 'file',
    ...place,
    messageId: id,
    fileName: name,
    mediaType: 'x/y',
    size: 3,
    sentAt: 1,
  }
  return make.entry(body, author === alice ? { authenticatedBy: 'own-device' } : {})
}

function bookmark(of: Entry, marked: boolean): Entry {
  const place = { conversation: conversationWith(bob), peer: bob, target: messageIdOf(of), targetAuthor: bob }
  return make.entry({ kind: 'bookmark', ...place, marked, at: 1 }, { authenticatedBy: 'own-device' })
}

function timer(seconds: number): Entry {
  const place = { conversation: conversationWith(bob), peer: bob, author: bob }
  return make.entry({ kind: 'timer', ...place, messageId: 't' as MessageId, expiresAfter: seconds, sentAt: 1 })
}

describe('what is looked for', () => {
  beforeEach(async () => {
    const link = make.incoming('see https://plans.example.org/a')
    const others = [make.outgoing('an answer'), make.call({ outcome: 'missed' })]
    const own = make.call({ author: alice, outcome: 'busy' })
    const files = [file('plan.pdf'), file('own plan.png', alice)]
    const marked = make.incoming('keep this plan')
    await commit(link, ...others, own, ...files, marked, bookmark(marked, true))
  })

  it('is any row, newest first', async () => {
    const all = ['keep this plan', 'own plan.png', 'plan.pdf', 'busy', 'missed', 'an answer']
    expect(await find({ from: 0 })).toEqual([...all, 'see https://plans.example.org/a'])
  })

  it('is of one kind', async () => {
    expect(await find({ kind: 'text' })).toEqual(['keep this plan', 'an answer', 'see https://plans.example.org/a'])
    expect(await find({ kind: 'call' })).toEqual(['busy', 'missed'])
    expect(await find({ kind: 'file' })).toEqual(['own plan.png', 'plan.pdf'])
    expect(await find({ kind: 'link' })).toEqual(['see https://plans.example.org/a'])
    expect(await find({ kind: 'bookmark' })).toEqual(['keep this plan'])
  })

  it('goes one way', async () => {
    expect(await find({ direction: 'outgoing' })).toEqual(['own plan.png', 'busy', 'an answer'])
    expect(await find({ direction: 'incoming', kind: 'file' })).toEqual(['plan.pdf'])
  })

  it('has words as well, names of files included', async () => {
    expect(await find({ text: 'plan' })).toEqual([
      ...['keep this plan', 'own plan.png', 'plan.pdf'],
      'see https://plans.example.org/a',
    ])
    expect(await find({ text: 'plan', kind: 'file', direction: 'outgoing' })).toEqual(['own plan.png'])
    expect(await find({ text: 'plan', kind: 'call' })).toEqual([])
  })

  it('is in a conversation that is named; one that is not here has nothing', async () => {
    await commit(make.incoming('a plan of eve', { peer: eve }))
    expect(await find({ conversationIds: [conversationWith(eve)], text: 'plan' })).toEqual(['a plan of eve'])
    expect(await find({ conversationIds: [conversationWith(eve)] })).toEqual(['a plan of eve'])
    expect(await find({ conversationIds: ['x'.repeat(22) as ConversationId] })).toEqual([])
    expect(await find({ conversationIds: ['x'.repeat(22) as ConversationId], from: 0 })).toEqual([])
    expect(await find({ conversationIds: [] })).toEqual([])
  })

  it('is nothing when nothing is asked', async () => {
    expect(await find({})).toEqual([])
    expect(await find({ text: '   ' })).toEqual([])
  })
})

describe('times', () => {
  it('count from the first millisecond, and end before the last', async () => {
    const entries = Array.from({ length: 5 }, (_, index) => make.incoming(`at ${index}`))
    await commit(...entries)
    const at = (index: number) => entries[index]!.head.observedAt
    expect(await find({ from: at(1), to: at(3) })).toEqual(['at 2', 'at 1'])
    expect(await find({ from: at(1), to: at(3), text: 'at' })).toEqual(['at 2', 'at 1'])
    expect(await find({ from: at(4) })).toEqual(['at 4'])
    expect(await find({ to: at(1) })).toEqual(['at 0'])
    expect(await find({ from: at(3), to: at(1) })).toEqual([])
    expect(await find({ from: at(2), to: at(2) })).toEqual([])
  })
})

describe('what is no message any more', () => {
  it('is not found by its time, its direction or its conversation', async () => {
    const gone = make.incoming('secret')
    await commit(gone, make.incoming('stays'), make.delete(messageIdOf(gone)), timer(60))
    for (const filter of [
      { from: 0 },
      { direction: 'incoming' },
      { conversationIds: [conversationWith(bob)] },
    ] as const) {
      expect(await find(filter), JSON.stringify(filter)).toEqual(['stays'])
    }
  })

  it('a bookmark that was taken away is found no more, and found again when it is set', async () => {
    const message = make.incoming('the address')
    await commit(message, bookmark(message, true))
    expect(await find({ kind: 'bookmark' })).toEqual(['the address'])
    await commit(bookmark(message, false))
    expect(await find({ kind: 'bookmark' })).toEqual([])
    expect(await find({ text: 'address' })).toEqual(['the address'])
    await commit(bookmark(message, true))
    expect(await find({ kind: 'bookmark', text: 'address' })).toEqual(['the address'])
  })

  it('a link that an edit took out is found no more', async () => {
    const message = make.incoming('at https://a.example')
    await commit(message, make.edit(messageIdOf(message), 'nowhere'))
    expect(await find({ kind: 'link' })).toEqual([])
    expect(await find({ kind: 'text' })).toEqual(['nowhere'])
  })
})

describe('pages', () => {
  /** Reads page by page, and lets `between` change the history after each. */
  async function readOn(filter: Partial<SearchFilter>, between: (page: number) => Promise<unknown>): Promise<string[]> {
    const found: string[] = []
    let before: number | null = null
    for (let page = 0; page === 0 || before !== null; page += 1) {
      const answer = await ask(filter, { before, limit: 7 })
      found.push(...wordsOf(answer))
      expect(answer.hits.length).toBeLessThanOrEqual(7)
      before = answer.before
      await between(page)
    }
    return found
  }
  const texts = Array.from({ length: 40 }, (_, index) => `note ${index}`)
  const newestFirst = texts.toReversed()

  it.each([{ text: 'note' }, { kind: 'text' }, { from: 0 }, { direction: 'incoming', from: 1 }] as const)(
    'of %j have no gap and nothing twice while messages come in and go',
    async (filter) => {
      const entries = texts.map((text) => make.incoming(text))
      await commit(...entries)
      const found = await readOn(filter, async (page) => {
        await commit(make.incoming(`note that came later ${page}`), make.outgoing(`note sent later ${page}`))
        // A row of a page that was read already, and the one the next page begins after.
        const shown = entries[39 - 7 * page]
        if (page < 3 && shown !== undefined) await commit(make.delete(messageIdOf(shown)))
      })
      expect(found).toEqual(newestFirst)
    },
  )

  it('say that there are no more exactly when there are none', async () => {
    await commit(...texts.slice(0, 14).map((text) => make.incoming(text)))
    const first = await ask({ text: 'note' }, { limit: 7 })
    expect(first.before).toBe(first.hits.at(-1)?.position)
    const second = await ask({ text: 'note' }, { before: first.before, limit: 7 })
    expect([second.hits.length, second.before]).toEqual([7, null])
  })
})

describe('people who are blocked', () => {
  it('are found in their own conversation alone, by whatever is asked', async () => {
    await commit(
      make.contact({ policy: 'blocked' }, eve),
      ...[make.incoming('offer https://spam.example', { peer: eve }), make.call({ peer: eve, outcome: 'missed' })],
      make.incoming('an offer of bob'),
    )
    for (const filter of [{ text: 'offer' }, { from: 0 }, { direction: 'incoming' }] as const) {
      expect(await find(filter)).toEqual(['an offer of bob'])
    }
    expect(await find({ kind: 'link' })).toEqual([])
    const conversationIds = [conversationWith(eve)]
    expect(await find({ conversationIds, kind: 'link' })).toEqual(['offer https://spam.example'])
    expect(await find({ conversationIds, from: 0 })).toEqual(['missed', 'offer https://spam.example'])
  })
})

describe('scripts', () => {
  it('CJK, emoji and accents are found with filters as without', async () => {
    await commit(
      ...[make.incoming('東京は雨です'), make.outgoing('東京 tomorrow'), make.incoming('🎉 Jubiläum in Århus')],
      ...[make.outgoing('jubilaum'), file('Übersicht 東京.pdf')],
    )
    expect(await find({ text: '京', direction: 'incoming' })).toEqual(['Übersicht 東京.pdf', '東京は雨です'])
    expect(await find({ text: '東京', kind: 'file' })).toEqual(['Übersicht 東京.pdf'])
    expect(await find({ text: '🎉', kind: 'text' })).toEqual(['🎉 Jubiläum in Århus'])
    expect(await find({ text: 'JUBILÄUM', direction: 'outgoing' })).toEqual(['jubilaum'])
    expect(await find({ text: 'jubilaum arhus', from: 0 })).toEqual(['🎉 Jubiläum in Århus'])
    expect(await find({ text: 'ubersicht', kind: 'text' })).toEqual([])
  })
})

describe('hostile input', () => {
  const private_ = Array.from({ length: 0x20 }, (_, index) => String.fromCharCode(0xe100 + index))

  it('in a query is looked for as words, never obeyed', async () => {
    await commit(make.incoming('plain words'))
    const hostile = [
      ...[
        '"',
        '""',
        '" OR "',
        'plain" OR "words',
        'plain OR nothing',
        'NEAR(plain words)',
        'plain NOT words',
        '^plain',
      ],
      ...['body:plain', '{body}:plain', '-plain', '*', 'pl*ain', '(', ')', "'; DROP TABLE message; --", '\0', 'a\0b'],
      ...['\ud800', '\udc00\ud800', '\u202eplain', `"${'x '.repeat(199)}`, ...private_],
      ...private_.map((token) => `plain ${token}`),
    ]
    for (const text of hostile) {
      for (const filter of [{}, { kind: 'call' }, { direction: 'outgoing' }] as const) {
        const { hits } = await ask({ text, ...filter })
        // Nothing but the one message, and that only where it may be.
        expect(hits.length, text).toBeLessThanOrEqual('kind' in filter || 'direction' in filter ? 0 : 1)
      }
    }
    expect(await find({ text: 'plain OR nothing' })).toEqual([])
    expect(await find({ text: 'plain words' })).toEqual(['plain words'])
  })

  it('in a message or a name of a file does not make it what it is not', async () => {
    await commit(...private_.map((token) => make.incoming(`text ${token} text`)), file(`${private_.join(' ')}.pdf`))
    expect(await find({ kind: 'call' })).toEqual([])
    expect(await find({ kind: 'link' })).toEqual([])
    expect(await find({ kind: 'bookmark' })).toEqual([])
    expect(await find({ direction: 'outgoing' })).toEqual([])
    expect(await find({ kind: 'file' })).toHaveLength(1)
    expect(await find({ conversationIds: [conversationWith(eve)] })).toEqual([])
  })
})

describe('a word that is still being typed', () => {
  const words = Array.from({ length: 300 }, (_, index) => `lantern${String.fromCharCode(97 + (index % 26))}${index}`)
  beforeEach(() => commit(...words.map((word) => make.incoming(`the ${word} burns`))))

  it.each([
    'l',
    'la',
    'lan',
    'lant',
    'lanterna',
    'lanterna2',
    'lanternz25',
    'the lanternb',
    '"the lanternb',
    'burns lanternc',
  ])('finds every message for %j, newest first', async (typed) => {
    const begun = typed.split(' ').at(-1)?.replace('"', '') ?? ''
    const expected = words.filter((word) => word.startsWith(begun)).map((word) => `the ${word} burns`)
    expect(expected.length).toBeGreaterThan(0)
    const { hits } = await ask({ text: typed }, { limit: 400 })
    expect(hits.map(({ excerpt }) => excerpt)).toEqual(expected.toReversed())
  })

  it('finds nothing where no word begins so, whatever else is asked for', async () => {
    expect(await find({ text: 'lanternx9999' })).toEqual([])
    expect(await find({ text: 'lanternx9999', from: 0 })).toEqual([])
    expect(await find({ text: '"the lanternx9999' })).toEqual([])
  })

  it('pages through the words of many', async () => {
    const seen: string[] = []
    for (let before: number | null = null; ;) {
      const page = await ask({ text: 'lantern' }, { before, limit: 37 })
      seen.push(...wordsOf(page))
      if (page.before === null) break
      ;({ before } = page)
    }
    expect(seen).toEqual(words.map((word) => `the ${word} burns`).toReversed())
  })
})
