/** Turns loaded messages into what the list draws: day separators, the unread divider, and grouped messages. */
import type { MessageView } from '#shared/model/views.ts'

/** Messages of one author closer together than this stand in one group, ms. */
export const groupGapMs = 5 * 60_000

export type TimelineItem =
  | { readonly kind: 'day'; readonly key: string; readonly at: number }
  | { readonly kind: 'unread'; readonly key: string }
  | {
      readonly kind: 'message'
      readonly key: string
      readonly message: MessageView
      readonly first: boolean
      readonly last: boolean
    }

/** The time a message is placed by: one's own clock for what one wrote, arrival for the rest. */
export function shownAt(message: MessageView): number {
  return message.direction === 'outgoing' ? message.sentAt : message.receivedAt
}

/** What is drawn, oldest first; `dayOf` maps a time to a day of the user's time zone. */
export function buildTimeline(
  messages: readonly MessageView[],
  unreadKey: string | null,
  dayOf: (at: number) => number,
): readonly TimelineItem[] {
  const items: TimelineItem[] = []
  let day: number | null = null
  for (const [index, message] of messages.entries()) {
    const at = shownAt(message)
    const newDay = dayOf(at) !== day
    if (newDay) {
      day = dayOf(at)
      items.push({ kind: 'day', key: `day ${String(day)} ${message.key}`, at })
    }
    const unread = message.key === unreadKey
    if (unread) items.push({ kind: 'unread', key: 'unread' })
    const next = messages[index + 1]
    items.push({
      kind: 'message',
      key: message.key,
      message,
      first: newDay || unread || !sameGroup(messages[index - 1], message),
      last: next === undefined || dayOf(shownAt(next)) !== day || next.key === unreadKey || !sameGroup(message, next),
    })
  }
  return items
}

function sameGroup(before: MessageView | undefined, after: MessageView): boolean {
  return before?.author === after.author && shownAt(after) - shownAt(before) < groupGapMs
}
