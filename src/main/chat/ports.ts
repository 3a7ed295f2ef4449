import type { EntryFactory } from '#shared/model/entry-factory.ts'
import type { AccountId, Aor, ConversationId, DeviceId } from '#shared/model/ids.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { HistoryReaderPort, HistoryWriterPort } from '#main/history/port.ts'
import type { SignallingPort } from '#main/accounts/signalling-port.ts'
import type { MessageCipher } from './message-cipher.ts'

/** What chat needs to know of an account. */
export interface ChatAccount {
  readonly id: AccountId
  readonly aor: Aor
  readonly displayName: string
  readonly deviceId: DeviceId
  readonly sendReceipts: boolean
  readonly sendTyping: boolean
}

/** The accounts of this profile, as they are now. */
export interface ChatAccountsPort {
  byId(id: AccountId): ChatAccount | null
}

/** Tells the user about a message; the title is the contact's name, the body null where previews are off. */
export interface NotificationPort {
  show(notification: {
    readonly conversationId: ConversationId
    readonly title: string
    readonly body: string | null
  }): void
  /** Somebody answered an own message with these emoji; quietly. Null where previews are off. */
  showReaction(notification: {
    readonly conversationId: ConversationId
    readonly title: string
    readonly emojis: string | null
  }): void
  /** The user read it elsewhere or here. */
  withdraw(conversationId: ConversationId): void
}

/** Facts for the screen. */
export interface ChatScreenPort {
  typing(conversationId: ConversationId, active: boolean): void
  /** Something the user asked for failed later on, without a message that could show it. */
  notice(code: ErrorCode): void
}

/** What of the settings chat obeys, as they are now. */
export interface ChatSettingsPort {
  notifications(): { readonly enabled: boolean; readonly preview: boolean }
}

export interface ChatPorts {
  readonly writer: HistoryWriterPort
  readonly reader: HistoryReaderPort
  readonly signalling: SignallingPort
  readonly accounts: ChatAccountsPort
  readonly notifications: NotificationPort
  readonly screen: ChatScreenPort
  readonly settings: ChatSettingsPort
  readonly cipher: MessageCipher
  readonly entries: EntryFactory
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
}
