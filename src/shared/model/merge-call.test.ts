import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixtureAccount } from '#test/fixtures/arbitrary-entry.ts'
import type { CallRecordView } from './calls.ts'
import type { Entry, EntryBody, EntryHead } from './entry.ts'
import type { Aor, ConversationId, DeviceId, EntryId, MessageId } from './ids.ts'
import { isQuiet } from './merge-call.ts'
import { mergeContact, mergeMessage } from './merge.ts'

const bob = 'sip:bob@x.org' as Aor
const place = { conversation: 'c' as ConversationId, peer: bob }
const target = 'call-1' as MessageId
const own = { authenticatedBy: 'own-device' } as const
let made = 0
function entry(body: object, head: Partial<EntryHead> = {}): Entry {
  made += 1
  return {
    head: {
      ...{ id: String(made).padStart(6, '0') as EntryId, account: fixtureAccount, device: 'd' as DeviceId },
      ...{ hlc: { wallMs: 1000 + made, counter: 0 }, observedAt: 1000 + made },
      ...{ authenticatedBy: 'server', verified: false, ...head },
    },
    body: { ...place, author: bob, sentAt: 900 + made, ...body } as unknown as EntryBody,
  }
}
const call = (record: Partial<CallRecordView> = {}, head?: Partial<EntryHead>) =>
  entry(
    {
      ...{ kind: 'call', messageId: target, outcome: 'missed', video: false, durationMs: 0, readers: 'securing' },
      ...record,
    },
    head,
  )
const message = (text: string) => entry({ kind: 'message', messageId: target, contentType: 'text/plain', text })
const remove = (head: Partial<EntryHead>) =>
  entry({ kind: 'delete', messageId: 'd' as MessageId, target, author: bob }, head)

/** The one row, or a failure. */
function one(...entries: readonly Entry[]) {
  const merged = mergeMessage(entries)
  expect(merged).toHaveLength(1)
  return merged[0]!
}
const outcomeOf = (...entries: readonly Entry[]) => one(...entries).call?.outcome

describe('a call', () => {
  it('is a row without text, in the place of its first observation', () => {
    const first = call({ outcome: 'missed' })
    const later = call({ outcome: 'answered', durationMs: 5000, readers: 'only-us', video: true })
    expect(one(later, first)).toMatchObject({
      ...{ text: '', incoming: true, state: 'delivered', edited: false, deleted: false, conflicting: false },
      ...{ hlc: first.head.hlc, receivedAt: first.head.observedAt },
      call: { outcome: 'answered', durationMs: 5000, readers: 'only-us', video: true },
    })
  })

  it('was answered if any own device answered it, whatever the others saw', () => {
    const others = ['missed', 'elsewhere', 'declined', 'busy', 'failed', 'cancelled'] as const
    for (const outcome of others) {
      expect(outcomeOf(call({ outcome: 'answered' }), call({ outcome, durationMs: 9999 }))).toBe('answered')
      expect(outcomeOf(call({ outcome, durationMs: 9999 }), call({ outcome: 'answered' }))).toBe('answered')
    }
    // Answered by a device that keeps no history with us, while another of ours rang or refused.
    expect(outcomeOf(call({ outcome: 'missed' }), call({ outcome: 'elsewhere' }))).toBe('elsewhere')
    expect(outcomeOf(call({ outcome: 'declined' }), call({ outcome: 'elsewhere' }))).toBe('elsewhere')
    expect(outcomeOf(call({ outcome: 'declined' }), call({ outcome: 'missed' }))).toBe('declined')
  })

  it('is as long as the longest observation says, and its facts belong to one observation', () => {
    const begun = call({ outcome: 'answered', durationMs: 0, readers: 'securing', video: true })
    const ended = call({ outcome: 'answered', durationMs: 61_000, readers: 'us-unless-middle' })
    const record = { outcome: 'answered', durationMs: 61_000, readers: 'us-unless-middle', video: false }
    expect(one(ended, begun).call).toEqual(record)
    expect(one(begun, ended).call).toEqual(record)
  })

  it('is not changed by what is vouched for more weakly', () => {
    const mine = call({ outcome: 'missed' }, own)
    expect(outcomeOf(mine, call({ outcome: 'answered', durationMs: 9 }))).toBe('missed')
  })

  it('merges the same whatever comes first', () => {
    const record = fc.record({
      outcome: fc.constantFrom('answered', 'missed', 'declined', 'busy', 'cancelled', 'elsewhere', 'failed'),
      video: fc.boolean(),
      durationMs: fc.nat(3),
      readers: fc.constantFrom('securing', 'only-us', 'servers-can'),
    })
    const sets = fc.array(fc.tuple(record, fc.boolean()), { minLength: 1, maxLength: 6 }).chain((said) => {
      const entries = said.map(([more, isOwn]) => call(more as Partial<CallRecordView>, isOwn ? own : {}))
      return fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length }))
    })
    fc.assert(
      fc.property(sets, ([entries, shuffled]) => {
        expect(mergeMessage(shuffled)).toEqual(mergeMessage(entries))
        const strong = entries.filter(({ head }) => head.authenticatedBy === 'own-device')
        const counted = strong.length > 0 ? strong : entries
        const answered = counted.some(({ body }) => body.kind === 'call' && body.outcome === 'answered')
        expect(outcomeOf(...shuffled) === 'answered').toBe(answered)
      }),
      { numRuns: 500 },
    )
  })

  it('waits to be read only where nobody answered', () => {
    expect(isQuiet(undefined)).toBe(false)
    expect(isQuiet(one(call({ outcome: 'missed' })).call)).toBe(false)
    for (const outcome of ['answered', 'declined', 'busy', 'cancelled', 'elsewhere', 'failed'] as const)
      expect(isQuiet(one(call({ outcome })).call)).toBe(true)
  })
})

describe('deleting a call', () => {
  it('leaves no row, and swallows what comes after', () => {
    expect(mergeMessage([call(), remove(own), call({ outcome: 'answered' }, own)])).toEqual([])
  })

  it('is for the user alone: who called cannot take it back', () => {
    for (const head of [{}, { authenticatedBy: 'otr', verified: true }, { authenticatedBy: 'omemo' }] as const)
      expect(outcomeOf(call(), remove(head))).toBe('missed')
  })

  it('leaves a message under the same id as deleted, as ever', () => {
    expect(one(call(), message('hi'), remove(own))).toMatchObject({ deleted: true, text: '' })
    expect(one(call(), message('hi'), remove({}))).toMatchObject({ deleted: false, call: { outcome: 'missed' } })
  })
})

it('a message under the id of a call is a second row, both marked', () => {
  const rows = mergeMessage([message('it was not me'), call()])
  expect(
    rows.map(({ variant, text, conflicting, call: record }) => [variant, text, conflicting, record?.outcome]),
  ).toEqual([
    [0, 'it was not me', true, undefined],
    [1, '', true, 'missed'],
  ])
})

it('edits and receipts say nothing about a call', () => {
  const edit = entry({ kind: 'edit', messageId: 'e' as MessageId, target, text: 'answered' }, own)
  expect(one(call(), edit)).toMatchObject({ text: '', edited: false })
  const outgoing = entry(
    {
      ...{ kind: 'call', messageId: target, author: fixtureAccount, outcome: 'missed' },
      ...{ video: false, durationMs: 0, readers: 'securing' },
    },
    own,
  )
  const receipt = entry({ kind: 'delivery', target, state: 'displayed', at: 1 })
  expect(one(outgoing, receipt)).toMatchObject({ incoming: false, state: 'delivered' })
})

describe('the call policy of a contact', () => {
  const contact = (callPolicy: string, head: Partial<EntryHead> = own) => entry({ kind: 'contact', callPolicy }, head)

  it('is the newest that an own device set; `account` takes it back', () => {
    const [first, second] = [contact('any'), contact('zrtp-required')]
    expect(mergeContact([second, first])?.callPolicy).toBe('zrtp-required')
    expect(mergeContact([second, first, contact('account')])?.callPolicy).toBeNull()
    expect(mergeContact([entry({ kind: 'contact', name: 'Bob' }, own)])?.callPolicy).toBeNull()
  })

  it('cannot be set by what only the servers vouch for', () => {
    expect(mergeContact([contact('zrtp-required'), contact('any', {})])?.callPolicy).toBe('zrtp-required')
  })
})
