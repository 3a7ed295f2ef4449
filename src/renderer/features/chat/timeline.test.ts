import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MessageView } from '#shared/model/views.ts'
import { buildTimeline, groupGapMs } from './timeline.ts'

const dayMs = 86_400_000
const dayOf = (at: number): number => Math.floor(at / dayMs)
function message(key: string, at: number, author = 'bob'): MessageView {
  return { key, author, direction: 'incoming', receivedAt: at, sentAt: at, position: at } as unknown as MessageView
}
const shape = (messages: readonly MessageView[], unread: string | null = null): string =>
  buildTimeline(messages, unread, dayOf)
    .map((item) => (item.kind === 'message' ? `${item.first ? '(' : ''}${item.key}${item.last ? ')' : ''}` : item.kind))
    .join(' ')

describe('timeline', () => {
  it('groups what one author writes within minutes', () => {
    expect(shape([message('a', 0), message('b', 1000), message('c', 2000, 'alice'), message('d', 3000)])).toBe(
      'day (a b) (c) (d)',
    )
    expect(shape([message('a', 0), message('b', groupGapMs)])).toBe('day (a) (b)')
  })

  it('separates days and starts a group after the separator', () => {
    expect(shape([message('a', dayMs - 1), message('b', dayMs)])).toBe('day (a) day (b)')
  })

  it('puts the unread divider before its message', () => {
    expect(shape([message('a', 0), message('b', 1), message('c', 2)], 'b')).toBe('day (a) unread (b c)')
  })

  it('keeps every message once and in order, with unique keys', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5 * dayMs), fc.constantFrom('a', 'b'))), (drawn) => {
        const messages = drawn.map(([at, author], index) => message(`m${String(index)}`, at, author))
        const items = buildTimeline(messages, 'm2', dayOf)
        expect(items.filter((item) => item.kind === 'message').map((item) => item.key)).toEqual(
          messages.map((m) => m.key),
        )
        expect(new Set(items.map((item) => item.key)).size).toBe(items.length)
      }),
    )
  })
})
