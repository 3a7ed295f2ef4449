/** Who answered a message with which emoji, as the cluster of the message says. */
import type { Entry } from './entry.ts'
import type { Aor } from './ids.ts'
import { compareEntries, compareText, only, strength, type Of } from './merge-order.ts'
import { parseReaction, type Reaction } from './reactions.ts'

/**
 * Of one author the greatest counts: the most strongly vouched for, then the newest by the author's clock alone, so that it is the same one
 * whoever saw which of them when; after that anything that all devices see alike.
 */
function compareReactions(a: Of<'reaction'>, b: Of<'reaction'>): number {
  return (
    strength(a.head) - strength(b.head) ||
    a.body.sentAt - b.body.sentAt ||
    compareText(a.body.messageId, b.body.messageId) ||
    compareText(a.body.emojis, b.body.emojis) ||
    // Of one that was seen more than once, the first: the others add nothing.
    compareEntries(b, a)
  )
}

/** Whether both are one reaction, seen twice. */
export function isSameReaction(a: Entry, b: Entry): boolean {
  if (!isReaction(a) || !isReaction(b) || a.body.author !== b.body.author) return false
  return a.body.messageId === b.body.messageId && a.body.emojis === b.body.emojis
}

/** Whether `entry` says nothing beside `held`, of the same message, now or later. */
export function replacesReaction(held: Entry, entry: Entry): boolean {
  return (
    isReaction(held) &&
    isReaction(entry) &&
    held.body.author === entry.body.author &&
    compareReactions(held, entry) >= 0
  )
}

function isReaction(entry: Entry): entry is Of<'reaction'> {
  return entry.body.kind === 'reaction'
}

/** Whether somebody else than the two who talk to each other has a say: it never counts. */
export function isByOthers({ head, body }: Entry): boolean {
  return body.kind === 'reaction' && body.author !== body.peer && body.author !== head.account
}

/** The latest time that somebody's choices here have, also if they were taken back: a new one has to be after it. Null without any. */
export function lastChosenAt(cluster: readonly Entry[], author: Aor): number | null {
  const times = only(cluster, 'reaction').filter(({ body }) => body.author === author)
  return times.length === 0 ? null : Math.max(...times.map(({ body }) => body.sentAt))
}

/** Whose answers stand, sorted by author; `deleted` = strength of the delete that reaches one, which takes with it what is not stronger. */
export function mergeReactions(cluster: readonly Entry[], deleted: (entry: Entry) => number): readonly Reaction[] {
  const newest = new Map<string, Of<'reaction'>>()
  for (const entry of only(cluster, 'reaction')) {
    if (isByOthers(entry)) continue
    const held = newest.get(entry.body.author)
    if (held === undefined || compareReactions(entry, held) > 0) newest.set(entry.body.author, entry)
  }
  return [...newest.values()]
    .filter((entry) => strength(entry.head) > deleted(entry))
    .map(({ body }) => ({ author: body.author, emojis: parseReaction(body.emojis) }))
    .filter(({ emojis }) => emojis.length > 0)
    .toSorted((a, b) => compareText(a.author, b.author))
}
