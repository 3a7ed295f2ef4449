import type { CertificateProblem } from '../ports/sockets.ts'
import type { AccountId, ConversationId } from '../model/ids.ts'
import type { CallView, MediaCommand } from '../model/calls.ts'
import type { AccountView, AppView, ContactView, ConversationView, MessageView, SettingsView } from '../model/views.ts'
import type { ArchiveActivity } from '../model/archive-views.ts'
import type { HistoryTransferView, LinkingView } from '../model/linking-views.ts'
import type { ReplicationView } from '../model/replication-views.ts'
import type { SavingView } from '../model/saving.ts'
import type { ErrorCode } from '../errors.ts'

/**
 * Facts that main announces. History events carry a revision that grows by one per event: after a gap or a reload the
 * store refetches instead of guessing.
 */
export interface BridgeEvents {
  'app.changed': AppView
  'accounts.changed': readonly AccountView[]
  'contacts.changed': readonly ContactView[]
  'settings.changed': SettingsView
  /** Views that changed or appeared since the last event, coalesced; `bulk` = too many to list: refetch. */
  'history.appended': {
    readonly revision: number
    readonly conversations: readonly ConversationView[]
    readonly removedConversations: readonly ConversationId[]
    readonly messages: readonly MessageView[]
    readonly bulk: boolean
  }
  'chat.typing': { readonly conversationId: ConversationId; readonly active: boolean }
  'accounts.certificateProblem': { readonly accountId: AccountId; readonly problem: CertificateProblem }
  'notice.error': { readonly code: ErrorCode; readonly params: Readonly<Record<string, string | number>> }
  /** All calls that run or rang just now, newest first. */
  'calls.changed': { readonly revision: number; readonly calls: readonly CallView[] }
  'media.command': MediaCommand
  /** What runs of an export or import; null = nothing. */
  'archive.changed': ArchiveActivity | null
  /** Files that are being saved or were since Sotto was unlocked, newest last. */
  'files.saving': readonly SavingView[]
  /** What is being linked (null = nothing), and histories on their way. */
  'linking.changed': { readonly linking: LinkingView | null; readonly transfers: readonly HistoryTransferView[] }
  /** Every account's replication. */
  'replication.changed': readonly ReplicationView[]
  /** Main asks the screen to show a conversation (notification clicked). */
  'navigate.conversation': { readonly conversationId: ConversationId; readonly position?: number }
}

export type BridgeEventName = keyof BridgeEvents
/** Every event name, for preload's allow list. */
export const bridgeEventNames = [
  'app.changed',
  'accounts.changed',
  'contacts.changed',
  'settings.changed',
  'history.appended',
  'chat.typing',
  'accounts.certificateProblem',
  'notice.error',
  'calls.changed',
  'media.command',
  'archive.changed',
  'files.saving',
  'linking.changed',
  'replication.changed',
  'navigate.conversation',
] as const satisfies readonly BridgeEventName[]
