/** Rows of the database as the views that the screen shows. */
import { createHash } from 'node:crypto'
import { displayAor } from '#shared/model/aor.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { previewLength } from '#shared/model/limits.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { CallPolicy, CallReaders, CallRecordView } from '#shared/model/calls.ts'
import type { AccountId, Aor, AttachmentId, ConversationId, MessageId } from '#shared/model/ids.ts'
import type {
  AuthenticatedBy,
  ContactPolicy,
  ContactView,
  ConversationView,
  DeliveryState,
  FileView,
  MessagePath,
  MessageView,
} from '#shared/model/views.ts'
import { reactionsColumn, reactionsOf } from './reaction-rows.ts'

/** A row of `message`, joined with its conversation's id. */
export interface MessageRow {
  readonly position: number
  readonly base: number
  readonly conversation: number
  readonly conversation_id: ConversationId
  readonly author: Aor
  readonly message_id: MessageId
  readonly variant: number
  readonly incoming: number
  readonly text: string
  readonly sent_at: number
  readonly received_at: number
  readonly state: DeliveryState
  readonly failure: ErrorCode | null
  readonly path: MessagePath | null
  readonly display_receipt: number
  readonly edited: number
  readonly deleted: number
  readonly conflicting: number
  readonly authenticated_by: AuthenticatedBy
  readonly read_mark: number
  readonly quiet: number
  readonly call_outcome: CallRecordView['outcome'] | null
  readonly call_video: number | null
  readonly call_duration: number | null
  readonly call_readers: CallReaders | null
  readonly bookmarked: number
  readonly timer: number | null
  readonly expires_after: number | null
  readonly expires_at: number | null
  readonly file_name: string | null
  readonly file_type: string | null
  readonly file_size: number | null
  readonly attachment: AttachmentId | null
  /** See {@link reactionsColumn}. */
  readonly reactions: string | null
}

export const messageColumns = `message.*, conversation.id AS conversation_id, ${reactionsColumn}`
export const messageJoin = 'message JOIN conversation ON conversation.ref = message.conversation'

/** Unique key of a message on the screen; AORs hold no spaces. */
export function messageKey(row: Pick<MessageRow, 'author' | 'message_id' | 'variant'>): string {
  const key = `${row.author} ${row.message_id}`
  return row.variant === 0 ? key : `${key} ~${row.variant}`
}

export function messageView(row: MessageRow): MessageView {
  return {
    conversationId: row.conversation_id,
    key: messageKey(row),
    messageId: row.message_id,
    position: row.position,
    direction: row.incoming === 1 ? 'incoming' : 'outgoing',
    author: row.author,
    text: row.text,
    contentType: 'text/plain',
    sentAt: row.sent_at,
    receivedAt: row.received_at,
    state: row.state,
    ...(row.failure === null ? {} : { failure: row.failure }),
    ...(row.path === null ? {} : { path: row.path }),
    ...(row.display_receipt === 1 ? { displayReceipt: true } : {}),
    edited: row.edited === 1,
    deleted: row.deleted === 1,
    conflicting: row.conflicting === 1,
    authenticatedBy: row.authenticated_by,
    bookmarked: row.bookmarked === 1,
    ...(row.reactions === null ? {} : { reactions: reactionsOf(row.reactions) }),
    ...(row.expires_after === null ? {} : { expiresAfter: row.expires_after }),
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.timer === null ? {} : { timer: row.timer }),
    ...contentOf(row),
  }
}

/** What a row is besides a text. */
export function contentOf(row: ContentColumns): { readonly call?: CallRecordView; readonly file?: FileView } {
  const call = callRecord(row)
  const file = fileOf(row)
  return { ...(call === null ? {} : { call }), ...(file === null ? {} : { file }) }
}

function fileOf({ file_name: name, file_type: mediaType, file_size: size, attachment }: FileColumns): FileView | null {
  if (name === null || mediaType === null || size === null) return null
  return { name, mediaType, size, stored: attachment !== null }
}

type FileColumns = Pick<MessageRow, 'file_name' | 'file_type' | 'file_size' | 'attachment'>
/** What a row is beside text. */
export type ContentColumns = CallColumns & FileColumns
type CallColumns = Pick<MessageRow, 'call_outcome' | 'call_video' | 'call_duration' | 'call_readers'>

function callRecord(row: CallColumns): CallRecordView | null {
  const { call_outcome: outcome, call_duration: durationMs, call_readers: readers } = row
  if (outcome === null || durationMs === null || readers === null) return null
  return { outcome, video: row.call_video === 1, durationMs, readers }
}

/** A row of `conversation`, joined with its account and its last message. */
export interface ConversationRow {
  readonly ref: number
  readonly id: ConversationId
  readonly account: Aor
  readonly account_id: AccountId | null
  readonly peer: Aor
  readonly name: string
  readonly peer_name: string
  readonly note: string
  readonly policy: ContactPolicy
  readonly muted: number
  readonly call_policy: CallPolicy | null
  readonly added_at: number | null
  readonly draft: string
  readonly draft_at: number | null
  readonly unread: number
  readonly last_text: string | null
  readonly last_incoming: number | null
  readonly last_state: DeliveryState | null
  readonly last_received_at: number | null
  readonly last_call_outcome: CallRecordView['outcome'] | null
  readonly last_call_video: number | null
  readonly last_call_duration: number | null
  readonly last_call_readers: CallReaders | null
  readonly last_file_name: string | null
  readonly last_timer: number | null
  readonly last_position: number | null
  readonly pinned: number
  readonly archived_base: number | null
  readonly keep_days: number | null
  readonly own_timer: number
  readonly peer_timer: number
}

export const conversationQuery = `
  SELECT conversation.*, account.id AS account_id, substr(last.text, 1, ${previewLength}) AS last_text,
    last.incoming AS last_incoming, last.state AS last_state, last.received_at AS last_received_at,
    last.call_outcome AS last_call_outcome, last.call_video AS last_call_video,
    last.call_duration AS last_call_duration, last.call_readers AS last_call_readers,
    last.file_name AS last_file_name, last.timer AS last_timer
  FROM conversation
  LEFT JOIN account ON account.aor = conversation.account
  LEFT JOIN message AS last ON last.position = conversation.last_position`

/** Stand-in for an account that `HistoryCommit.accounts` never named. */
function accountIdOf(row: ConversationRow): AccountId {
  if (row.account_id !== null) return row.account_id
  const stand = createHash('sha256').update(`sotto account\0${row.account}`).digest().subarray(0, 16)
  return toBase64Url(stand) as AccountId
}

export function conversationView(row: ConversationRow): ConversationView {
  return {
    id: row.id,
    accountId: accountIdOf(row),
    peer: row.peer,
    name: row.name || row.peer_name || displayAor(row.peer),
    policy: row.policy,
    preview: previewOf(row),
    previewDirection: directionOf(row.last_incoming),
    previewState: row.last_call_outcome === null && row.last_timer === null ? (row.last_state ?? 'none') : 'none',
    ...previewCallOf(row),
    ...(row.last_timer === null || !mayPreview(row) ? {} : { previewTimer: row.last_timer }),
    lastAt: row.last_received_at ?? row.draft_at ?? row.added_at ?? 0,
    unread: row.unread,
    draft: row.draft,
    muted: row.muted === 1,
    pinned: row.pinned === 1,
    archived: isArchived(row),
    keepDays: row.keep_days,
    timers: { own: row.own_timer, peer: row.peer_timer },
  }
}

/** What comes after it was put away brings a conversation back, unless the user does not want to hear of it. */
function isArchived({ archived_base: since, last_position: last, muted }: ConversationRow): boolean {
  return since !== null && (muted === 1 || last === null || last <= since)
}

/** A stranger's text is not previewed before the user accepted him. */
function previewOf(row: ConversationRow): string {
  return mayPreview(row) ? (row.last_file_name ?? row.last_text ?? '').replace(/\s+/g, ' ').trim() : ''
}

function mayPreview(row: ConversationRow): boolean {
  return row.policy === 'accepted' || row.peer === row.account || row.last_incoming === 0
}

function previewCallOf(row: ConversationRow): Pick<ConversationView, 'previewCall'> {
  const call = callRecord({
    call_outcome: row.last_call_outcome,
    call_video: row.last_call_video,
    call_duration: row.last_call_duration,
    call_readers: row.last_call_readers,
  })
  return call === null || !mayPreview(row) ? {} : { previewCall: call }
}

function directionOf(incoming: number | null): ConversationView['previewDirection'] {
  if (incoming === null) return 'none'
  return incoming === 1 ? 'incoming' : 'outgoing'
}

export function contactView(row: ConversationRow): ContactView {
  const name = row.name || row.peer_name
  const source = row.name === '' ? 'peer' : 'user'
  return {
    accountId: accountIdOf(row),
    aor: row.peer,
    name,
    nameSource: name === '' ? 'none' : source,
    note: row.note,
    trust: 'unverified',
    policy: row.policy,
    callPolicy: row.call_policy,
    addedAt: row.added_at ?? 0,
  }
}
