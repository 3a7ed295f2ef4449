import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryEntry, fixtureAccount } from '#test/fixtures/arbitrary-entry.ts'
import type { Entry, EntryBody, EntryHead } from './entry.ts'
import type { Aor, ConversationId, DeviceId, EntryId, MessageId } from './ids.ts'
import { isDominated, mergeContact, mergeEntries, mergeMessage, subjectOf } from './merge.ts'

const bob = 'sip:bob@x.org' as Aor
const place = { conversation: 'c' as ConversationId, peer: bob }
let made = 0
const entry = (body: Partial<EntryBody> & { kind: string }, head: Partial<EntryHead> = {}): Entry => {
  made += 1
  return {
    head: {
      id: String(made).padStart(6, '0') as EntryId,
      account: fixtureAccount,
      device: 'd' as DeviceId,
      hlc: { wallMs: 1000 + made, counter: 0 },
      observedAt: 1000 + made,
      authenticatedBy: 'server',
      verified: false,
      ...head,
    },
    body: { ...place, sentAt: 900 + made, at: 900 + made, author: bob, ...body } as unknown as EntryBody,
  }
}
const [m1, e1, e2] = ['m1', 'e1', 'e2'] as MessageId[] as [MessageId, MessageId, MessageId]
const message = (text: string, head?: Partial<EntryHead>) =>
  entry({ kind: 'message', messageId: m1, contentType: 'text/plain', text }, head)
const edit = (messageId: MessageId, text: string, head?: Partial<EntryHead>) =>
  entry({ kind: 'edit', messageId, target: m1, text }, head)
const remove = (head?: Partial<EntryHead>) => entry({ kind: 'delete', messageId: e2, target: m1 }, head)
const own = { authenticatedBy: 'own-device' } as const

/** The one merged message, or a failure. */
const one = (...entries: Entry[]) => {
  const merged = mergeMessage(entries)
  expect(merged).toHaveLength(1)
  return merged[0]!
}

const sorted = (merged: ReturnType<typeof mergeEntries>) => ({
  messages: [...merged.messages].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  contacts: [...merged.contacts].sort((a, b) => (a.conversation < b.conversation ? -1 : 1)),
})

describe('order and number of arrivals do not matter', () => {
  const entries = fc.uniqueArray(arbitraryEntry(), { maxLength: 14, selector: (e) => e.head.id })

  it('for any permutation and duplication', () => {
    fc.assert(
      fc.property(
        entries.chain((set) =>
          fc.tuple(fc.constant(set), fc.shuffledSubarray([...set, ...set], { minLength: set.length * 2 })),
        ),
        ([set, shuffled]) => {
          expect(sorted(mergeEntries(shuffled))).toEqual(sorted(mergeEntries(set)))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('nor for leaving out what is dominated', () => {
    fc.assert(
      fc.property(entries, (set) => {
        const kept: Entry[] = []
        for (const next of set) {
          const subject = subjectOf(next)
          const cluster = kept.filter((held) => JSON.stringify(subjectOf(held)) === JSON.stringify(subject))
          if (subject === null || !isDominated(next, cluster)) kept.push(next)
        }
        expect(sorted(mergeEntries(kept))).toEqual(sorted(mergeEntries(set)))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a message', () => {
  it('merges when content is the same and shows both, marked, when it is not', () => {
    expect(one(message('a'), message('a'))).toMatchObject({ text: 'a', conflicting: false, incoming: true })
    const both = mergeMessage([message('a'), message('b')])
    expect(both.map((m) => [m.text, m.variant, m.conflicting])).toEqual([
      ['a', 0, true],
      ['b', 1, true],
    ])
  })

  it('is not there before it arrived', () => {
    expect(mergeMessage([edit(e1, 'x'), remove()])).toEqual([])
  })

  it('takes its time and place from the first observation and its authentication from the strongest', () => {
    const first = message('a')
    const merged = one(message('a', { authenticatedBy: 'otr' }), first)
    expect(merged).toMatchObject({ hlc: first.head.hlc, authenticatedBy: 'otr' })
  })
})

describe('edits and deletes', () => {
  it('the last edit by the author wins, whichever arrives first', () => {
    const [a, b] = [edit(e1, 'second'), edit(e2, 'third')]
    expect(one(b, a, message('first'))).toMatchObject({ text: 'third', edited: true })
  })

  it('a clock that runs ahead does not win for ever', () => {
    const ahead = entry({ kind: 'edit', messageId: e1, target: m1, text: 'ahead', sentAt: 9e12 })
    const later = entry({ kind: 'edit', messageId: e2, target: m1, text: 'later', sentAt: ahead.head.observedAt + 1 })
    expect(one(message('first'), ahead, later)).toMatchObject({ text: 'later' })
  })

  it('apply only at least as strongly authenticated as the message', () => {
    const strong = message('first', { authenticatedBy: 'omemo', verified: true })
    expect(one(strong, edit(e1, 'weak'), remove())).toMatchObject({ text: 'first', edited: false, deleted: false })
    const unverified = { authenticatedBy: 'omemo' } as const
    expect(one(strong, edit(e1, 'x', unverified), remove(unverified))).toMatchObject({ text: 'first', deleted: false })
    const verified = { authenticatedBy: 'otr', verified: true } as const
    expect(one(strong, edit(e1, 'x', verified))).toMatchObject({ text: 'x' })
    expect(one(strong, remove(verified))).toMatchObject({ text: '', deleted: true })
  })

  it('are keyed by author: another author has another message', () => {
    const foreign = entry({ kind: 'delete', messageId: e1, target: m1, author: 'sip:eve@x.org' as Aor })
    expect(subjectOf(foreign)).not.toEqual(subjectOf(message('a')))
  })

  it('a delete leaves one row without text and swallows what comes after', () => {
    const merged = one(message('a'), edit(e1, 'b'), remove(), message('other'), edit(e2, 'later'))
    expect(merged).toMatchObject({ text: '', deleted: true, edited: false, conflicting: false })
  })
})

describe('delivery', () => {
  const mine = (state: string, more: object = {}) =>
    entry({ kind: 'delivery', author: fixtureAccount, target: m1, state, ...more } as never, own)
  const theirs = (state: string) => entry({ kind: 'delivery', author: bob, target: m1, state } as never)
  const sent = () => ({ ...message('hi', own), body: { ...message('hi').body, author: fixtureAccount } as EntryBody })

  it('goes queued, sent, delivered, displayed and never back', () => {
    expect(one(sent())).toMatchObject({ state: 'queued', incoming: false })
    expect(one(sent(), mine('sent', { path: 'msrp' }))).toMatchObject({ state: 'sent', path: 'msrp' })
    expect(one(theirs('displayed'), sent(), theirs('delivered'), mine('sent'))).toMatchObject({ state: 'displayed' })
    expect(one(sent(), theirs('delivered'), mine('failed'))).toMatchObject({ state: 'delivered' })
  })

  it('fails with a reason, and can be retried', () => {
    const failed = mine('failed', { failure: 'send-timed-out' })
    expect(one(sent(), failed)).toMatchObject({ state: 'failed', failure: 'send-timed-out' })
    const retried = one(sent(), failed, mine('queued'))
    expect(retried.state).toBe('queued')
    expect(retried).not.toHaveProperty('failure')
  })

  it('is believed only from the own device and the recipient, and of the recipient only receipts', () => {
    expect(one(sent(), theirs('failed'))).toMatchObject({ state: 'queued' })
    const stranger = entry({ kind: 'delivery', author: 'sip:eve@x.org' as Aor, target: m1, state: 'displayed' })
    expect(one(sent(), stranger)).toMatchObject({ state: 'queued' })
    const byServer = entry({ kind: 'delivery', author: fixtureAccount, target: m1, state: 'displayed' })
    expect(one(sent(), byServer)).toMatchObject({ state: 'queued' })
  })
})

describe('contacts', () => {
  it('the newest entry per field wins', () => {
    const older = entry({ kind: 'contact', name: 'Bob', policy: 'pending' })
    const newer = entry({ kind: 'contact', policy: 'accepted' })
    const said = entry({ kind: 'peer-name', name: 'Bobby' })
    expect(mergeContact([said, newer, older])).toMatchObject({
      name: 'Bob',
      peerName: 'Bobby',
      policy: 'accepted',
      addedAt: older.head.observedAt,
    })
    expect(mergeContact([])).toBeNull()
    // The later `pending` of a device that had not heard yet.
    for (const policy of ['accepted', 'blocked'] as const) {
      const [decided, late] = [entry({ kind: 'contact', policy }), entry({ kind: 'contact', policy: 'pending' })]
      expect(mergeContact([late, decided])?.policy).toBe(policy)
      expect(mergeContact([late])?.policy).toBe('pending')
    }
  })
})
