import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryEntry } from '#test/fixtures/arbitrary-entry.ts'
import type { Entry } from './entry.ts'
import { mergeContact, mergeEntries, mergeMessage } from './merge.ts'
import { strength } from './merge-order.ts'
import { isRow } from './merge-row.ts'

const isFromFile = (entry: Entry): boolean => entry.head.authenticatedBy === 'file'
const sets = fc.uniqueArray(arbitraryEntry(), { maxLength: 14, selector: (entry) => entry.head.id })
const keyOf = (m: { conversation: string; author: string; messageId: string }) =>
  `${m.conversation} ${m.author} ${m.messageId}`
const sorted = <T>(messages: readonly T[]): readonly T[] =>
  messages.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

describe('what comes from a file', () => {
  it('is weaker than anything else', () => {
    const others = (['server', 'otr', 'omemo', 'own-device'] as const).flatMap((authenticatedBy) =>
      [true, false].map((verified) => strength({ authenticatedBy, verified })),
    )
    expect(strength({ authenticatedBy: 'file', verified: true })).toBeLessThan(Math.min(...others))
  })

  it('changes nothing about messages that are known without it, in any set', () => {
    fc.assert(
      fc.property(sets, (set) => {
        const before = mergeEntries(set.filter((entry) => !isFromFile(entry))).messages
        const known = new Set(before.map(keyOf))
        const after = mergeEntries(set).messages.filter((message) => known.has(keyOf(message)))
        expect(sorted(after)).toEqual(sorted(before))
      }),
      { numRuns: 2000 },
    )
  })

  it('changes messages of its own file only', () => {
    fc.assert(
      fc.property(sets, (set) => {
        const files = set.filter(isFromFile)
        const [first] = files
        if (first === undefined) return
        const ofFirst = files.filter(({ head }) => head.device === first.head.device)
        const rowsOfOthers = (entry: Entry) => entry.head.device !== first.head.device && isRow(entry)
        const before = mergeEntries(files.filter(rowsOfOthers)).messages
        const after = mergeEntries([...files.filter(rowsOfOthers), ...ofFirst.filter((entry) => !isRow(entry))])
        expect(sorted(after.messages)).toEqual(sorted(before))
      }),
      { numRuns: 2000 },
    )
  })

  it('sets nothing about a contact but a name and a note that nobody else gave', () => {
    fc.assert(
      fc.property(sets, (set) => {
        const about = set.filter(({ body }) => body.kind === 'contact' || body.kind === 'peer-name')
        const [conversation] = about.map(({ body }) => ('conversation' in body ? body.conversation : ''))
        const one = about.filter(({ body }) => 'conversation' in body && body.conversation === conversation)
        const without = mergeContact(one.filter((entry) => !isFromFile(entry)))
        const merged = mergeContact(one)
        if (merged === null) return
        const { name, policy, muted, callPolicy } = merged
        const plain = { name: '', policy: 'none', muted: false, callPolicy: null }
        const { name: n, policy: p, muted: m, callPolicy: c } = without ?? { ...plain, note: '', peerName: '' }
        expect({ name, policy, muted, callPolicy }).toEqual({ name: n, policy: p, muted: m, callPolicy: c })
        if (without !== null && without.peerName !== '') expect(merged.peerName).toBe(without.peerName)
        if (one.some((e) => !isFromFile(e) && e.body.kind === 'contact' && e.body.note !== undefined))
          expect(merged.note).toBe(without?.note)
      }),
      { numRuns: 2000 },
    )
  })

  it('is edited and deleted by its own file, and by the user', () => {
    const base = fc.sample(
      arbitraryEntry().filter(({ body }) => body.kind === 'message'),
      { numRuns: 1, seed: 3 },
    )[0]!
    if (base.body.kind !== 'message') throw new Error('not a message')
    const head = { ...base.head, authenticatedBy: 'file' as const, verified: false }
    const message: Entry = { ...base, head }
    const { conversation, peer, author, messageId, sentAt } = base.body
    const remove: Entry = {
      head: { ...head, id: 'x'.repeat(22) as typeof head.id, authenticatedBy: 'own-device' },
      body: {
        kind: 'delete',
        conversation,
        peer,
        author,
        messageId: 'd' as typeof messageId,
        target: messageId,
        sentAt,
      },
    }
    const edit: Entry = {
      head: { ...head, id: 'y'.repeat(22) as typeof head.id },
      body: {
        kind: 'edit',
        conversation,
        peer,
        author,
        messageId: 'e' as typeof messageId,
        target: messageId,
        text: 'edited',
        sentAt,
      },
    }
    expect(mergeMessage([message, edit])[0]).toMatchObject({ text: 'edited', authenticatedBy: 'file' })
    expect(mergeMessage([message, edit, remove])[0]).toMatchObject({ text: '', deleted: true })
    const otherFile = 'z'.repeat(22)
    const elsewhere: Entry = {
      head: { ...head, id: otherFile as typeof head.id, device: otherFile as typeof head.device },
      body: { ...base.body, text: 'of the other file' },
    }
    for (const gone of [true, undefined]) {
      const taken = { ...remove, head: { ...remove.head, ...head, id: remove.head.id }, body: { ...remove.body, gone } }
      expect(mergeMessage([message, taken as Entry, elsewhere]).map(({ text }) => text)).toEqual(['of the other file'])
    }
  })
})
