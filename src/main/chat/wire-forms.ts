/** What chat says over the wire, before and after it is bytes. The bytes are described in docs/messaging.md. */
import type { ContactBody, Hlc } from '#shared/model/entry.ts'
import type { Aor, DeviceId, EntryId, MessageId } from '#shared/model/ids.ts'

/** Namespace of our CPIM headers (RFC 3862 §3.4); the prefix is free. */
export const sottoNamespace = 'urn:x-sotto:chat:1'

/** What a line says. An edit, a delete and a reaction name the message they are about. */
export type LineContent =
  | { readonly kind: 'text'; readonly text: string }
  /** Messages shall disappear after so many seconds; 0 = no more. */
  | { readonly kind: 'timer'; readonly seconds: number }
  | { readonly kind: 'edit'; readonly target: MessageId; readonly text: string }
  /** With `gone`, only among own devices: nothing shall say that it was there; the position it had. */
  | { readonly kind: 'delete'; readonly target: MessageId; readonly gone?: number }
  /** All that the author answers a message with (RFC 9078), in place of what they answered before; none = taken back. */
  | {
      readonly kind: 'reaction'
      readonly target: MessageId
      /** Whose message it is: that of the line's author, or of its recipient. */
      readonly of: 'author' | 'recipient'
      readonly emojis: readonly string[]
    }

/** Direction of a line as the devices of one person tell it each other. */
export type CopyDirection = 'outgoing' | 'incoming'

/** Marks a body to the own address as a copy among own devices. */
export interface OwnCopy {
  readonly direction: CopyDirection
  /** The device that made the copy: it ignores what comes back to itself. */
  readonly device: DeviceId
}

/** Which receipts the author asks for (RFC 5438 §6.1). */
export interface WantedReceipts {
  readonly delivered: boolean
  readonly displayed: boolean
}

/** A line of a conversation. */
export interface Line {
  readonly author: Aor
  readonly recipient: Aor
  readonly messageId: MessageId
  /** Milliseconds since 1970, the author's word. */
  readonly sentAt: number
  readonly content: LineContent
  /** A text that disappears after so many seconds, as both ends agreed. */
  readonly expiresAfter: number | null
  /** The author's message before this one, so that a line that overtook it can wait. */
  readonly previous: MessageId | null
  readonly wanted: WantedReceipts
  readonly ownCopy: OwnCopy | null
}

/** What one's devices tell each other about a message besides its lines. */
export type MarkState = 'read' | 'delivered' | 'failed'

/** A state among own devices: the user read a message, or an own message got somewhere or nowhere. */
export interface Mark {
  readonly author: Aor
  readonly recipient: Aor
  readonly messageId: MessageId
  readonly target: MessageId
  readonly state: MarkState
  readonly at: number
  readonly ownCopy: OwnCopy
}

/** What the user said about a contact, as one own device tells the others: the entry itself, so that all merge the same. */
export interface ContactChange {
  /** The own address. */
  readonly author: Aor
  /** The contact. */
  readonly recipient: Aor
  readonly entryId: EntryId
  readonly hlc: Hlc
  readonly said: ContactSaid
  readonly ownCopy: OwnCopy
}

/** The fields a change may have. */
export type ContactSaid = Pick<ContactBody, 'name' | 'note' | 'muted' | 'pinned' | 'archived'> & {
  readonly policy?: 'accepted' | 'blocked'
}

/** A receipt for the author of a message. */
export interface Receipt {
  readonly author: Aor
  readonly recipient: Aor
  readonly messageId: MessageId
  readonly target: MessageId
  readonly state: 'delivered' | 'displayed'
  readonly at: number
}

/** What an incoming body turned out to be; addresses are what the body claims, null where it claims none. */
export type WireBody =
  | {
      readonly kind: 'line'
      readonly author: Aor | null
      readonly recipient: Aor | null
      readonly messageId: MessageId
      readonly sentAt: number | null
      readonly content: LineContent
      readonly expiresAfter: number | null
      readonly previous: MessageId | null
      readonly wanted: WantedReceipts
      readonly ownCopy: OwnCopy | null
      /** False for a body without the CPIM wrapper. */
      readonly wrapped: boolean
    }
  | {
      readonly kind: 'receipt'
      readonly author: Aor | null
      readonly target: MessageId
      /** Null = says nothing that changes a message. */
      readonly state: 'delivered' | 'displayed' | null
      readonly ownCopy: OwnCopy | null
    }
  | ({ readonly kind: 'mark' } & Omit<Mark, 'messageId' | 'at'>)
  | ({ readonly kind: 'contact' } & ContactChange)
  /** Something to be taken that changes nothing. */
  | { readonly kind: 'nothing'; readonly author: Aor | null; readonly ownCopy: OwnCopy | null }
  | {
      readonly kind: 'typing'
      readonly author: Aor | null
      readonly active: boolean
      readonly refreshSeconds: number | null
      readonly ownCopy: OwnCopy | null
    }

/** What stands in a withdrawal for programs that do not know the header. */
export const withdrawnText = 'This message was withdrawn.'
/** What a timer says for programs that do not know the header. */
export const timerText = (seconds: number): string =>
  seconds === 0
    ? 'Messages here shall stay from now on.'
    : `Messages here shall disappear after ${seconds} seconds, if both sides agree.`
/** What a reaction without emoji says for programs that do not know the header. */
export const takenBackText = 'The reaction was taken back.'
/** What an edit begins with for programs that do not know the header. */
export const editMark = '* '
