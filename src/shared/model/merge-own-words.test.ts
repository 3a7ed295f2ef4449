import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AccountSettingsBody, Entry, EntryHead, MarkBody } from './entry.ts'
import type { Aor, ConversationId, DeviceId, EntryId } from './ids.ts'
import { mergeAccountSettings, tellingSettings } from './merge-account-settings.ts'
import { mergeMarks } from './merge-mark.ts'

let made = 0
function entry(body: MarkBody | AccountSettingsBody, head: Partial<EntryHead> = {}): Entry {
  made += 1
  return {
    head: {
      ...{ id: String(made).padStart(6, '0') as EntryId, account: 'sip:me@x.org' as Aor, device: 'desk' as DeviceId },
      ...{ hlc: { wallMs: 1000 + made, counter: 0 }, observedAt: 1000 + made },
      ...{ authenticatedBy: 'own-device', verified: true, ...head },
    },
    body,
  }
}

const key = (fill: number) => new Uint8Array(12).fill(fill)
const mark = (more: Partial<MarkBody> = {}, head: Partial<EntryHead> = {}): Entry =>
  entry(
    {
      ...{ kind: 'mark', conversation: 'c' as ConversationId, peer: 'sip:bob@x.org' as Aor },
      ...{ way: 'zrtp', key: key(1), holds: true, at: 5, ...more },
    },
    head,
  )
const set = (more: Partial<AccountSettingsBody>, head: Partial<EntryHead> = {}): Entry =>
  entry({ kind: 'account-settings', at: 5, ...more }, head)
const phone = { device: 'phone' as DeviceId }

describe('marks', () => {
  it('hold until their device takes them back, for one key alone', () => {
    const marks = [mark({ name: 'Laptop' }), mark({ key: key(2) }), mark({ key: key(2), holds: false })]
    expect(mergeMarks(marks)).toEqual([{ way: 'zrtp', key: key(1), device: 'desk', name: 'Laptop', at: 5 }])
  })

  it('hold again once the user compared anew', () => {
    expect(mergeMarks([mark(), mark({ holds: false }), mark({ at: 9 })])).toMatchObject([{ at: 9 }])
  })

  it('of one device are not taken back by another', () => {
    expect(mergeMarks([mark(), mark({ holds: false }, phone)])).toMatchObject([{ device: 'desk' }])
  })

  it.each(['server', 'file', 'otr', 'omemo'] as const)('count for nothing where %s says so', (authenticatedBy) => {
    expect(mergeMarks([mark({}, { authenticatedBy, verified: true })])).toEqual([])
    expect(mergeMarks([mark(), mark({ holds: false }, { authenticatedBy })])).toHaveLength(1)
  })
})

describe('settings of an account', () => {
  it('are what was set last, field by field, on whatever own device', () => {
    const said = [set({ sendTyping: false, name: 'A' }), set({ name: 'B' }, phone), set({ hideAddress: 'everyone' })]
    expect(mergeAccountSettings(said)).toEqual({ sendTyping: false, name: 'B', hideAddress: 'everyone' })
  })

  it('are not set by a server or a file', () => {
    expect(mergeAccountSettings([set({ callPolicy: 'any' }, { authenticatedBy: 'server' })])).toEqual({})
    expect(mergeAccountSettings([set({ callPolicy: 'any' }, { authenticatedBy: 'file' })])).toEqual({})
  })

  it('forget what nothing depends on any more', () => {
    const [first, second] = [set({ name: 'A' }), set({ name: 'B', sendTyping: true })]
    expect(tellingSettings([first, second])).toEqual([second])
  })
})

const anyEntry: fc.Arbitrary<Entry> = fc
  .record({
    what: fc.constantFrom('mark', 'name', 'typing'),
    fill: fc.constantFrom(1, 2),
    flag: fc.boolean(),
    device: fc.constantFrom('desk', 'phone'),
    wallMs: fc.nat(4),
    by: fc.constantFrom('own-device' as const, 'server' as const),
  })
  .map(({ what, fill, flag, device, wallMs, by }) => {
    const head = { device: device as DeviceId, hlc: { wallMs, counter: 0 }, authenticatedBy: by }
    if (what === 'mark') return mark({ key: key(fill), holds: flag, at: wallMs }, head)
    return set(what === 'name' ? { name: String(fill) } : { sendTyping: flag }, head)
  })

describe('whatever the order', () => {
  it('the same comes out, also when what says nothing more is dropped on the way', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 12 }), fc.nat(), (entries, seed) => {
        const other = entries.toSorted((a, b) => hash(a.head.id, seed) - hash(b.head.id, seed))
        expect(mergeMarks(other)).toEqual(mergeMarks(entries))
        expect(mergeAccountSettings(other)).toEqual(mergeAccountSettings(entries))
        const kept = other.reduce<readonly Entry[]>((held, next) => tellingSettings([...held, next]), [])
        expect(mergeAccountSettings(kept)).toEqual(mergeAccountSettings(entries))
      }),
    )
  })
})

/** Some order that the seed decides. */
function hash(text: string, seed: number): number {
  let value = seed
  for (const char of text) value = (Math.imul(value, 31) + char.charCodeAt(0)) | 0
  return value
}
