import { describe, expect, it } from 'vitest'
import type { Hlc } from '#shared/model/entry.ts'
import { compareHlc } from '#shared/model/hlc.ts'
import type { Aor, ConversationId, MessageId } from '#shared/model/ids.ts'
import { LateLines } from './late-lines.ts'

const at = (wallMs: number): Hlc => ({ wallMs, counter: 0 })
const line = (name: string, sentAt: number, previous: string | null = null, author = 'sip:bob@example.org') => ({
  conversation: 'talk' as ConversationId,
  author: author as Aor,
  messageId: name as MessageId,
  sentAt,
  previous: previous as MessageId | null,
})

/** Takes lines in the order given, one a second; returns their names in the order they are shown in. */
function shown(...lines: readonly ReturnType<typeof line>[]): string {
  const late = new LateLines()
  const placed = lines.map((each, index) => {
    const hlc = late.place(each, at(100_000 + index * 1000), true)
    late.note(each, hlc)
    return { name: each.messageId, hlc }
  })
  return placed
    .toSorted((a, b) => compareHlc(a.hlc, b.hlc))
    .map(({ name }) => name)
    .join(' ')
}

describe('the place of a late line', () => {
  it('is before the lines its author wrote after it', () => {
    expect(shown(line('one', 1), line('three', 3), line('four', 4), line('two', 2))).toBe('one two three four')
  })

  it('is right for several late lines in any order', () => {
    const [one, two, three, four] = [line('1', 1), line('2', 2), line('3', 3), line('4', 4)]
    expect(shown(four, three, two, one)).toBe('1 2 3 4')
    expect(shown(four, one, three, two)).toBe('1 2 3 4')
    expect(shown(one, four, two, three)).toBe('1 2 3 4')
  })

  it('is after the line it names, whatever the clocks say', () => {
    expect(shown(line('fast clock', 9000), line('answer', 20, 'fast clock'))).toBe('fast clock answer')
  })

  it('does not depend on what others wrote', () => {
    expect(shown(line('bob', 5), line('alice', 1, null, 'sip:alice@example.org'))).toBe('bob alice')
  })

  it('counts only lines that are in the history', () => {
    const late = new LateLines()
    late.place(line('refused', 9), at(100_000), true)
    expect(late.knows(line('refused', 9))).toBe(false)
    expect(late.place(line('old', 1), at(101_000), true)).toEqual(at(101_000))
    late.note(line('old', 1), at(101_000))
    expect(late.knows(line('old', 1))).toBe(true)
    expect(late.knows(line('old', 1, null, 'sip:alice@example.org'))).toBe(false)
  })

  it('is where it came after ten minutes, or once it was read that far', () => {
    const late = new LateLines()
    late.note(line('new', 9), at(100_000))
    expect(late.place(line('old', 1), at(699_999), true)).not.toEqual(at(699_999))
    expect(late.place(line('old', 1), at(700_000), true)).toEqual(at(700_000))
    expect(late.place(line('old', 1), at(101_000), false)).toEqual(at(101_000))
  })
})
