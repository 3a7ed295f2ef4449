/**
 * What a set of entries means: a pure function of the set, whatever the order or number of arrivals.
 *
 * Entries about one message form its cluster (same conversation, author and Message-ID). The database applies an entry by
 * merging its cluster again, so stored views and this file cannot disagree.
 */
import type { CallPolicy, CallRecordView } from './calls.ts'
import type {
  ContactBody,
  DeleteBody,
  DeliveryBody,
  EditBody,
  Entry,
  EntryHead,
  FileBody,
  Hlc,
  MessageBody,
} from './entry.ts'
import type { Aor, ConversationId, MessageId } from './ids.ts'
import { isCallDeleted, mergedCall, saysNoMore } from './merge-call.ts'
import { deletesAsMuch, goesWithRow, withoutGone } from './merge-gone.ts'
import { fileFirst, heard, isFromFile, isHeldBetter, reaches } from './merge-file.ts'
import { compareEntries, earliest, latest, only, strength, type Of } from './merge-order.ts'
import { isByOthers, mergeReactions, replacesReaction } from './merge-reactions.ts'
import { contentOf, expiryOf, isRow, mergedFile, type MergedFile, type Row } from './merge-row.ts'
import { maxExpirySeconds } from './limits.ts'
import type { Reaction } from './reactions.ts'
import type { AuthenticatedBy, ContactPolicy, DeliveryState, MessagePath } from './views.ts'
import type { ErrorCode } from '../errors.ts'

/** A message as the set says, without what only this device knows (its position, its outbox). */
export interface MergedMessage {
  readonly conversation: ConversationId
  readonly author: Aor
  readonly messageId: MessageId
  /** 0 for the content seen first, then 1, 2, … for other contents under the same id. */
  readonly variant: number
  readonly incoming: boolean
  /** Timestamp of the earliest observation: the place in the conversation. */
  readonly hlc: Hlc
  readonly text: string
  readonly sentAt: number
  readonly receivedAt: number
  readonly state: DeliveryState
  readonly failure?: ErrorCode
  readonly path?: MessagePath
  readonly displayReceipt?: true
  readonly edited: boolean
  readonly deleted: boolean
  readonly conflicting: boolean
  readonly authenticatedBy: AuthenticatedBy
  /** The user marked this message, and with it all before, as read. */
  readonly readMark: boolean
  /** The user put a bookmark on it. */
  readonly bookmarked: boolean
  /** Who answered it with which emoji, sorted by author. */
  readonly reactions: readonly Reaction[]
  /** Seconds after which it disappears, counted from sending or from reading. */
  readonly expiresAfter?: number
  /** This row is a call. */
  readonly call?: CallRecordView
  /** This row is a file. */
  readonly file?: MergedFile
  /** This row says that messages shall disappear after so many seconds; 0 = no more. */
  readonly timer?: number
}

export interface MergedContact {
  readonly conversation: ConversationId
  readonly name: string
  readonly peerName: string
  readonly note: string
  readonly policy: ContactPolicy
  readonly muted: boolean
  /** Null = the account's. */
  readonly callPolicy: CallPolicy | null
  readonly pinned: boolean
  /** When it was put out of the list; null when it was not. */
  readonly archivedAt: Hlc | null
  /** 0 = for ever, null = whatever the settings say. */
  readonly keepDays: number | null
  readonly addedAt: number
}

/** What a row is known by. */
export interface Subject {
  readonly conversation: ConversationId
  readonly author: Aor
  readonly messageId: MessageId
}

/** The row an entry is about; null for what is about none. */
export function subjectOf(entry: Entry): Subject | null {
  const { body, head } = entry
  if (isRow(entry)) return rowKey(entry.body)
  if (body.kind === 'edit' || body.kind === 'delete') return { ...rowKey(body), messageId: body.target }
  // Only own messages are delivered; `author` is who says so.
  if (body.kind === 'delivery') return { conversation: body.conversation, author: head.account, messageId: body.target }
  if (body.kind === 'read' || body.kind === 'bookmark' || body.kind === 'reaction')
    return { conversation: body.conversation, author: body.targetAuthor, messageId: body.target }
  return null
}

function rowKey({ conversation, author, messageId }: Row['body'] | EditBody | DeleteBody): Subject {
  return { conversation, author, messageId }
}

/** Observations of one content of one message or file, or of one call. */
interface Variant {
  readonly first: Row
  readonly strength: number
  readonly observations: readonly Row[]
}

function variantOf(observations: readonly Row[]): Variant | null {
  const first = earliest(observations)
  if (first === undefined) return null
  return { first, strength: Math.max(...observations.map((o) => strength(o.head))), observations }
}

/**
 * Merges the cluster of one row; [] while it has not arrived itself, for a call that the user deleted, and for what is gone.
 * Entry ids must be distinct.
 */
export function mergeMessage(all: readonly Entry[]): readonly MergedMessage[] {
  const cluster = heard(withoutGone(all))
  const callDeleted = isCallDeleted(cluster)
  const left = cluster.filter(isRow).filter((row) => !(row.body.kind === 'call' && callDeleted))
  const groups = Map.groupBy(
    left.filter((row) => !isCovered(row, deleteStrength(cluster, row))),
    contentOf,
  )
  const variants = [...groups.values()]
    .map(variantOf)
    .filter((variant) => variant !== null)
    .sort((a, b) => compareEntries(a.first, b.first))
  if (variants.length > 0) return variants.map((variant, rank) => view(variant, cluster, rank, variants.length > 1))
  // Everything was deleted: one row says so, whatever the contents were.
  const past = variantOf(left)
  return past === null ? [] : [deletedView(past, cluster)]
}

/** Only texts and files are withdrawn by a delete that leaves a row. */
function isCovered({ head, body }: Row, deleted: number): boolean {
  return (body.kind === 'message' || body.kind === 'file') && strength(head) <= deleted
}

/** Strength of the strongest delete of this cluster that reaches `entry`, -1 without one. */
export function deleteStrength(cluster: readonly Entry[], entry: Entry): number {
  const deletes = only(cluster, 'delete').filter((held) => reaches(held, entry))
  return Math.max(-1, ...deletes.map(({ head }) => strength(head)))
}

function commonView(variant: Variant, cluster: readonly Entry[]) {
  const { head, body } = variant.first
  const strongest = variant.observations.filter((o) => strength(o.head) === variant.strength)
  return {
    conversation: body.conversation,
    author: body.author,
    messageId: body.messageId,
    incoming: body.author !== head.account,
    hlc: head.hlc,
    sentAt: body.sentAt,
    receivedAt: Math.min(...variant.observations.map((o) => o.head.observedAt)),
    authenticatedBy: earliest(strongest)?.head.authenticatedBy ?? head.authenticatedBy,
    readMark: cluster.some((entry) => entry.body.kind === 'read'),
    bookmarked: latest(only(cluster, 'bookmark'))?.body.marked ?? false,
    reactions: mergeReactions(cluster, (entry) => deleteStrength(cluster, entry)),
    ...(body.kind === 'message' || body.kind === 'file' ? sentFacts(body, variant, cluster) : arrived),
  }
}

/** Calls and timers are on their way nowhere. */
const arrived = { state: 'delivered' as const }

function sentFacts(body: SentBody, variant: Variant, cluster: readonly Entry[]) {
  return {
    ...(body.displayReceipt === undefined ? {} : { displayReceipt: body.displayReceipt }),
    ...deliveryOf(body, variant, cluster),
  }
}

function deletedView(variant: Variant, cluster: readonly Entry[]): MergedMessage {
  const common = commonView(variant, cluster)
  const cleared = { text: '', edited: false, bookmarked: false, reactions: [] }
  return { ...common, ...cleared, variant: 0, deleted: true, conflicting: false }
}

function view(variant: Variant, cluster: readonly Entry[], rank: number, conflicting: boolean): MergedMessage {
  const { body } = variant.first
  const edit = body.kind === 'message' ? winningEdit(variant, cluster) : null
  return {
    ...commonView(variant, cluster),
    ...contentFacts(variant),
    variant: rank,
    text: edit ?? (body.kind === 'message' ? body.text : ''),
    edited: edit !== null,
    deleted: false,
    conflicting,
  }
}

function contentFacts({ first: { body }, strength: strongest, observations }: Variant) {
  if (body.kind === 'call') return { call: mergedCall(only(observations, 'call')) }
  if (body.kind === 'timer') return { timer: Math.min(body.expiresAfter, maxExpirySeconds) }
  const file = mergedFile(only(observations, 'file'))
  const expiresAfter = expiryOf(observations.filter((o) => strength(o.head) === strongest))
  return { ...(file === null ? {} : { file }), ...(expiresAfter === null ? {} : { expiresAfter }) }
}

/** Text of the last edit strong enough for this variant; the author's clock counts, clamped to when the edit was seen. */
function winningEdit(variant: Variant, cluster: readonly Entry[]): string | null {
  const edits = Map.groupBy(only(cluster, 'edit'), (edit) => `${edit.body.messageId}\n${edit.body.text}`)
  let best: { readonly at: number; readonly first: Of<'edit'> } | null = null
  for (const observations of edits.values()) {
    const first = earliest(observations)
    if (first === undefined || !observations.some((o) => strength(o.head) >= variant.strength)) continue
    const at = Math.min(...observations.map((o) => Math.min(o.body.sentAt, o.head.observedAt)))
    if (best === null || at > best.at || (at === best.at && compareEntries(first, best.first) > 0)) best = { at, first }
  }
  return best?.first.body.text ?? null
}

const progress = { queued: 0, sent: 0, failed: 0, delivered: 1, displayed: 2 } as const

type SentBody = MessageBody | FileBody

/** Delivered and displayed never go back; of queued, sent and failed the newest holds. */
function deliveryOf(
  body: SentBody,
  variant: Variant,
  cluster: readonly Entry[],
): Pick<MergedMessage, 'state' | 'failure' | 'path'> {
  const { head } = variant.first
  const own = body.author === head.account
  const said = own ? only(cluster, 'delivery').filter((entry) => maySay(entry, variant)) : []
  const top = Math.max(...said.map((entry) => progress[entry.body.state]))
  const last = latest(said.filter((entry) => progress[entry.body.state] === top))
  const carried = latest(said.filter((entry) => entry.body.author === head.account && entry.body.path !== undefined))
  const path = carried?.body.path ?? body.path
  const failure = last?.body.state === 'failed' ? last.body.failure : undefined
  return {
    state: last?.body.state ?? (own ? (isFromFile(variant.first) ? 'sent' : 'queued') : 'delivered'),
    ...(path === undefined ? {} : { path }),
    ...(failure === undefined ? {} : { failure }),
  }
}

/** The own transport says anything about own messages; the recipient only that they arrived or were seen. */
function maySay(delivery: Of<'delivery'>, variant: Variant): boolean {
  const { author, peer, state } = delivery.body
  if (author === delivery.head.account) return strength(delivery.head) >= variant.strength
  return author === peer && (state === 'delivered' || state === 'displayed')
}

/**
 * Merges what is known about a peer; null without any entry. The newest entry per field wins, but `pending` is what a device
 * says by itself and loses to whatever the user said on any of them.
 */
export function mergeContact(entries: readonly Entry[]): MergedContact | null {
  const ordered = [...only(entries, 'contact'), ...only(entries, 'peer-name')].sort(fileFirst)
  const [first] = ordered
  if (first === undefined) return null
  let merged: MergedContact = {
    conversation: first.body.conversation,
    name: '',
    peerName: '',
    note: '',
    policy: 'none',
    muted: false,
    ...{ callPolicy: null, pinned: false, archivedAt: null, keepDays: null },
    addedAt: Math.min(...ordered.map((entry) => entry.head.observedAt)),
  }
  for (const { head, body } of ordered) {
    if (body.kind === 'peer-name') merged = { ...merged, peerName: body.name }
    else if (head.authenticatedBy === 'file') merged = { ...merged, ...namedByFile(body, merged) }
    else {
      const { name, note, policy, muted, pinned } = { ...merged, ...body }
      const decided = policy === 'pending' && merged.policy !== 'none' ? merged.policy : policy
      merged = { ...merged, name, note, policy: decided, muted, pinned, ...listPlaceOf(head, body, merged) }
    }
  }
  return merged
}

/** A file names a person, and sets nothing. */
function namedByFile(
  { name = '', note }: ContactBody,
  before: MergedContact,
): Pick<MergedContact, 'peerName' | 'note'> {
  return { peerName: name === '' ? before.peerName : name, note: note ?? before.note }
}

function listPlaceOf(head: EntryHead, body: ContactBody, before: MergedContact) {
  const { archived } = body
  const archivedAt = archived === undefined ? before.archivedAt : archived ? head.hlc : null
  return { archivedAt, ...ownChoicesOf(head, body, before) }
}

/** What the user said on an own device; nobody else may allow less encryption, or have messages thrown away. */
function ownChoicesOf(
  head: EntryHead,
  { callPolicy, keepDays }: ContactBody,
  before: MergedContact,
): Pick<MergedContact, 'callPolicy' | 'keepDays'> {
  if (head.authenticatedBy !== 'own-device') return { callPolicy: before.callPolicy, keepDays: before.keepDays }
  const policy = callPolicy === 'account' ? null : (callPolicy ?? before.callPolicy)
  return { callPolicy: callPolicy === undefined ? before.callPolicy : policy, keepDays: keepDays ?? before.keepDays }
}

/**
 * Whether `entry` adds nothing to its cluster, now or after any further entry, so that it need not be kept: a message or
 * edit held already, a second delete, receipt or read mark, at most as strong and not earlier.
 */
export function isDominated(entry: Entry, cluster: readonly Entry[]): boolean {
  if (isFromFile(entry) && cluster.some((held) => isHeldBetter(entry, held))) return true
  return (
    isByOthers(entry) ||
    cluster.some((held) => mayDominate(held, entry) && dominates(held, entry, deleteStrength(cluster, held)))
  )
}

/** Nothing weaker does, nor what another file says. */
function mayDominate(held: Entry, entry: Entry): boolean {
  return reaches(held, entry) && strength(held.head) >= strength(entry.head)
}

function dominates(held: Entry, entry: Entry, deleted: number): boolean {
  const [a, b] = [held.body, entry.body]
  if (b.kind === 'call' && isCallDeleted([held])) return true
  if (a.kind === 'delete') return deletes(a, entry)
  if (a.kind === 'read') return b.kind === 'read'
  if (a.kind === 'reaction') return replacesReaction(held, entry)
  if (a.kind === 'bookmark') return b.kind === 'bookmark' && compareEntries(held, entry) >= 0
  if (a.kind === 'delivery') return b.kind === 'delivery' && a.author !== held.head.account && saysAsMuch(a, b)
  return isEarlier(held, entry) && sameContent(held, entry, deleted)
}

function deletes(held: DeleteBody, entry: Entry): boolean {
  return entry.body.kind === 'delete' ? deletesAsMuch(held, entry.body) : held.gone === true && goesWithRow(entry)
}

function isEarlier(held: Entry, entry: Entry): boolean {
  return compareEntries(held, entry) <= 0 && held.head.observedAt <= entry.head.observedAt
}

function sameContent(held: Entry, entry: Entry, deleted: number): boolean {
  const [a, b] = [held.body, entry.body]
  if (a.kind === 'edit' && b.kind === 'edit') return sameEdit(a, b)
  if (a.kind === 'call' && b.kind === 'call') return saysNoMore(a, b)
  if (!isRow(held) || !isRow(entry) || a.kind !== b.kind) return false
  // Deleted contents are purged: all that the delete covers is one content.
  if (isCovered(held, deleted)) return true
  return contentOf(held) === contentOf(entry) && !tellsMore(held, entry)
}

/** Whether `entry`, of the same content, knows where the bytes are, or of a shorter time. */
function tellsMore(held: Row, entry: Row): boolean {
  const [a, b] = [held.body, entry.body]
  if (a.kind === 'file' && b.kind === 'file' && b.attachment !== undefined && a.attachment !== b.attachment) return true
  return (expiryOf([entry]) ?? Infinity) < (expiryOf([held]) ?? Infinity)
}

function sameEdit(held: EditBody, edit: EditBody): boolean {
  return held.messageId === edit.messageId && held.text === edit.text && held.sentAt <= edit.sentAt
}

function saysAsMuch(held: DeliveryBody, delivery: DeliveryBody): boolean {
  return (
    held.author === delivery.author && progress[held.state] >= progress[delivery.state] && progress[delivery.state] > 0
  )
}

/** Merges a whole set of entries: the reference that the database must equal. */
export function mergeEntries(entries: readonly Entry[]): {
  readonly messages: readonly MergedMessage[]
  readonly contacts: readonly MergedContact[]
} {
  const distinct = [...new Map(entries.map((entry) => [entry.head.id, entry])).values()]
  const clusters = Map.groupBy(distinct, (entry) => {
    const subject = subjectOf(entry)
    return subject === null ? '' : `${subject.conversation}\n${subject.author}\n${subject.messageId}`
  })
  const contacts = Map.groupBy(
    [...only(distinct, 'contact'), ...only(distinct, 'peer-name')],
    (entry) => entry.body.conversation,
  )
  clusters.delete('')
  return {
    messages: [...clusters.values()].flatMap((cluster) => mergeMessage(cluster)),
    contacts: [...contacts.values()].map(mergeContact).filter((contact) => contact !== null),
  }
}
