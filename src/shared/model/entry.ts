/**
 * An entry is one device's observation (design §6), immutable, with a random 128-bit id. What the screen shows is a view
 * computed from the set of entries by a pure, order-free merge.
 *
 * Rules for evolving: fields may be added as optional only; the bytes of old entries stay identical; kinds and field
 * names are never reused; no floats. Unknown kinds and fields are kept as bytes and applied after an update.
 */
import type { ErrorCode } from '../errors.ts'
import type { CallPolicy, CallRecordView } from './calls.ts'
import type { Aor, AttachmentId, ConversationId, DeviceId, EntryId, MessageId, SearchId } from './ids.ts'
import type { AuthenticatedBy, ContactPolicy, HideAddress, MessagePath } from './views.ts'

/** Hybrid logical clock: wall milliseconds, then a counter; clamped to receipt time (design §6). */
export interface Hlc {
  readonly wallMs: number
  readonly counter: number
}

export interface EntryHead {
  readonly id: EntryId
  /** AOR of the account it belongs to. */
  readonly account: Aor
  /** Device that observed it. */
  readonly device: DeviceId
  readonly hlc: Hlc
  /** Wall time at which this device saw it, ms. */
  readonly observedAt: number
  readonly authenticatedBy: AuthenticatedBy
  /** Whether the keys behind `authenticatedBy` were verified by the user. */
  readonly verified: boolean
}

interface ByAuthor {
  readonly conversation: ConversationId
  readonly peer: Aor
  readonly author: Aor
}

export interface MessageBody extends ByAuthor {
  readonly kind: 'message'
  readonly messageId: MessageId
  readonly contentType: 'text/plain'
  readonly text: string
  /** The author's claim, ms. */
  readonly sentAt: number
  readonly path?: MessagePath
  /** The author asked to be told when this is displayed (RFC 5438 §6.1). */
  readonly displayReceipt?: true
  /** Both ends agreed that it disappears: seconds, counted from sending or from reading. */
  readonly expiresAfter?: number
}
/** A file that was sent or received; its bytes are in the attachment store of this device, if it holds them. */
export interface FileBody extends ByAuthor {
  readonly kind: 'file'
  readonly messageId: MessageId
  readonly fileName: string
  /** What the author says it is, e.g. `image/png`; a claim, never a reason to open it. */
  readonly mediaType: string
  /** Plain size, bytes. */
  readonly size: number
  readonly attachment?: AttachmentId
  /** 32 bytes; present with `attachment`. */
  readonly attachmentKey?: Uint8Array
  readonly sentAt: number
  readonly path?: MessagePath
  readonly displayReceipt?: true
  readonly expiresAfter?: number
}
/** Its author wants messages of this conversation to disappear after so many seconds; 0 = no more. A line of its own. */
export interface TimerBody extends ByAuthor {
  readonly kind: 'timer'
  readonly messageId: MessageId
  readonly expiresAfter: number
  readonly sentAt: number
}
/** Replaces the text of `target`; applies only from the same author, at least as strongly authenticated. */
export interface EditBody extends ByAuthor {
  readonly kind: 'edit'
  readonly messageId: MessageId
  readonly target: MessageId
  readonly text: string
  readonly sentAt: number
}
/** Retracts `target`: its text and earlier edits go from views, search and disk. */
export interface DeleteBody extends ByAuthor {
  readonly kind: 'delete'
  readonly messageId: MessageId
  readonly target: MessageId
  readonly sentAt: number
  /** Nothing is left to say that it was there: the user removed it from the own devices, or its time was up. */
  readonly gone?: true
  /** With `gone`: the position of the row, so that what was read before it stays read. */
  readonly place?: number
}
/** All that `author` answers `target` with, in place of what they answered before; `emojis` is empty when it is taken back. */
export interface ReactionBody extends ByAuthor {
  readonly kind: 'reaction'
  readonly messageId: MessageId
  readonly target: MessageId
  readonly targetAuthor: Aor
  /** Emoji with one space between two (RFC 9078 §2); what is none is not shown. */
  readonly emojis: string
  readonly sentAt: number
}
/**
 * What became of an outgoing message, said by transport or by the recipient's IMDN (`author` = who says it).
 * `queued` = the user retries a failed message. `delivered` and `displayed` never go back; of `queued`, `sent` and
 * `failed` the newest counts.
 */
export interface DeliveryBody extends ByAuthor {
  readonly kind: 'delivery'
  readonly target: MessageId
  readonly state: 'queued' | 'sent' | 'delivered' | 'displayed' | 'failed'
  readonly path?: MessagePath
  readonly failure?: ErrorCode
  readonly at: number
}
/**
 * A call as one own device saw it; `author` called. Every own device that saw the call names it by the same `messageId`, and
 * says how it ended there; a device may say it again as the call goes on.
 */
export interface CallBody extends ByAuthor, CallRecordView {
  readonly kind: 'call'
  readonly messageId: MessageId
  /** When it began, ms. */
  readonly sentAt: number
}
/** The user has read incoming messages up to and including `target`. */
export interface ReadBody {
  readonly kind: 'read'
  readonly conversation: ConversationId
  readonly peer: Aor
  readonly target: MessageId
  readonly targetAuthor: Aor
  readonly at: number
}
/** The user's own data about a peer; the newest per field wins. */
export interface ContactBody {
  readonly kind: 'contact'
  readonly conversation: ConversationId
  readonly peer: Aor
  readonly name?: string
  readonly note?: string
  readonly policy?: ContactPolicy
  readonly muted?: boolean
  /** `account` = whatever the account has. Counts only from an own device: a server must not weaken it. */
  readonly callPolicy?: CallPolicy | 'account'
  /** Out of the list until something new comes. */
  readonly archived?: boolean
  /** At the top of the list. */
  readonly pinned?: boolean
  /** Messages are kept so many days; 0 = for ever, absent = whatever the settings say. Counts only from an own device. */
  readonly keepDays?: number
}
/** The user put a bookmark on a message, or took it off. */
export interface BookmarkBody {
  readonly kind: 'bookmark'
  readonly conversation: ConversationId
  readonly peer: Aor
  readonly target: MessageId
  readonly targetAuthor: Aor
  readonly marked: boolean
  readonly at: number
}
/** A search the user wants to find again; without `query` it is removed. */
export interface SavedSearchBody {
  readonly kind: 'saved-search'
  readonly searchId: SearchId
  readonly name: string
  /** JSON of a `SearchFilter`. */
  readonly query?: string
  readonly at: number
}
/**
 * The user compared a key of a peer on this device, or the comparison does not hold any more. It vouches for this key alone, as this
 * device saw it, and for none that comes in its place. Counts only from an own device.
 */
export interface MarkBody {
  readonly kind: 'mark'
  readonly conversation: ConversationId
  readonly peer: Aor
  /** `zrtp`: the letters of a call (RFC 6189 §7); `key` is the ZID of the peer's device. */
  readonly way: 'zrtp'
  /** What was compared, 1 to 64 bytes. */
  readonly key: Uint8Array
  readonly holds: boolean
  /** The name the user gave the peer's device. */
  readonly name?: string
  readonly at: number
}
/** What the user set for an account on all own devices; the newest per field wins. Counts only from an own device. */
export interface AccountSettingsBody {
  readonly kind: 'account-settings'
  /** The name that others see. */
  readonly name?: string
  readonly sendReceipts?: boolean
  readonly sendTyping?: boolean
  readonly callPolicy?: CallPolicy
  readonly hideAddress?: HideAddress
  readonly at: number
}
/** The name a peer gives itself in SIP; cleaned before it gets here. */
export interface PeerNameBody {
  readonly kind: 'peer-name'
  readonly conversation: ConversationId
  readonly peer: Aor
  readonly name: string
}
/** A kind, or a known kind with a value, from a newer version: kept whole, applied after an update. */
export interface UnknownBody {
  readonly kind: 'unknown'
  /** The body as canonical CBOR. */
  readonly bytes: Uint8Array
}

export type EntryBody =
  | MessageBody
  | FileBody
  | TimerBody
  | EditBody
  | DeleteBody
  | ReactionBody
  | DeliveryBody
  | ReadBody
  | ContactBody
  | PeerNameBody
  | CallBody
  | BookmarkBody
  | SavedSearchBody
  | MarkBody
  | AccountSettingsBody
  | UnknownBody

export interface Entry {
  readonly head: EntryHead
  readonly body: EntryBody
  /** Fields from a newer version, canonical CBOR `[head fields, body fields]`; written back unchanged by the codec. */
  readonly extra?: Uint8Array
}
