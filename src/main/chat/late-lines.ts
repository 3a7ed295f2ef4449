import type { Hlc } from '#shared/model/entry.ts'
import { betweenHlc, compareHlc } from '#shared/model/hlc.ts'
import type { Aor, ConversationId, MessageId } from '#shared/model/ids.ts'
import { lateLineMs, maxLateAuthors, maxRecentLines } from './limits.ts'

/** Who wrote a line where, when by their clock (ms), and after which other line. */
export interface WrittenLine {
  readonly conversation: ConversationId
  readonly author: Aor
  readonly messageId: MessageId
  readonly sentAt: number
  readonly previous: MessageId | null
}

interface Recent {
  readonly messageId: MessageId
  readonly sentAt: number
  readonly hlc: Hlc
}

/**
 * Finds the place of a line that came after one its author wrote later: the hold-back was too short for it, as when the
 * earlier line waited in a mailbox. It goes back by minutes at most, so that nobody writes into older conversation, and
 * never before the line it names as its predecessor, whatever the clocks of two devices say.
 */
export class LateLines {
  readonly #recent = new Map<string, readonly Recent[]>()

  /** Where the line stands in time: `now` unless it is late and may still move back. */
  place(line: WrittenLine, now: Hlc, mayMove: boolean): Hlc {
    return mayMove ? placeAmong(this.#of(line, now), line, now) : now
  }

  /** The line is in the history, at `hlc`. */
  note(line: WrittenLine, hlc: Hlc): void {
    const { messageId, sentAt } = line
    this.#remember(line, [...(this.#recent.get(keyOf(line)) ?? []), { messageId, sentAt, hlc }])
  }

  /** Whether the line was taken here lately; false says nothing. */
  knows(line: Pick<WrittenLine, 'conversation' | 'author' | 'messageId'>): boolean {
    return this.#recent.get(keyOf(line))?.some(({ messageId }) => messageId === line.messageId) ?? false
  }

  #of(line: WrittenLine, now: Hlc): readonly Recent[] {
    const recent = this.#recent.get(keyOf(line)) ?? []
    return recent.filter(({ hlc }) => now.wallMs - hlc.wallMs < lateLineMs)
  }

  #remember(line: WrittenLine, recent: readonly Recent[]): void {
    const key = keyOf(line)
    this.#recent.delete(key)
    this.#recent.set(key, recent.slice(-maxRecentLines))
    const oldest = this.#recent.keys().next()
    if (this.#recent.size > maxLateAuthors && oldest.done !== true) this.#recent.delete(oldest.value)
  }
}

function placeAmong(known: readonly Recent[], line: WrittenLine, now: Hlc): Hlc {
  const previous = known.find(({ messageId }) => messageId === line.previous)
  const later = known.filter((recent) => recent.sentAt > line.sentAt && !isNotAfter(recent, previous))
  const first = later.reduce<Recent | null>(
    (least, recent) => (least !== null && isNotAfter(least, recent) ? least : recent),
    null,
  )
  return first === null ? now : betweenHlc(lastBefore(known, first.hlc), first.hlc)
}

/** The author's line right before `first`; a second before it where none is known. */
function lastBefore(known: readonly Recent[], first: Hlc): Hlc {
  const start: Hlc = { wallMs: first.wallMs - 1000, counter: 0 }
  return known
    .filter(({ hlc }) => compareHlc(hlc, first) < 0)
    .reduce((last, { hlc }) => (compareHlc(hlc, last) > 0 ? hlc : last), start)
}

/** Whether a line stands before `other` or is `other`; nothing stands before a line that is not known. */
function isNotAfter(recent: Recent, other: Recent | undefined): boolean {
  return other !== undefined && compareHlc(recent.hlc, other.hlc) <= 0
}

function keyOf({ conversation, author }: Pick<WrittenLine, 'conversation' | 'author'>): string {
  return `${conversation} ${author}`
}
