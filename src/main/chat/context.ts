import { createHash } from 'node:crypto'
import { SottoError } from '#shared/errors.ts'
import { conversationIdOf } from '#shared/model/derive-ids.ts'
import type { Aor, ConversationId } from '#shared/model/ids.ts'
import type { EntryOrigin } from '#shared/model/entry-factory.ts'
import type { ContactPolicy, ConversationView } from '#shared/model/views.ts'
import type { CommitReceipt, HistoryCommit, HistoryReaderPort } from '#main/history/port.ts'
import type { JobFactory } from './job-factory.ts'
import type { Outbox } from './outbox.ts'
import type { PlainTextPeers } from './plain-text-peers.ts'
import type { ChatAccount, ChatAccountsPort, ChatPorts } from './ports.ts'
import type { KeyedTurns } from '#shared/turns.ts'

/** What the parts of chat share: the ports, and the few things that all of them must use the same one of. */
export interface ChatContext extends ChatPorts {
  readonly outbox: Outbox
  readonly jobs: JobFactory
  readonly plainText: PlainTextPeers
  /** Changes of one conversation happen one after the other: each looks at the history before it writes. */
  readonly turns: KeyedTurns<ConversationId>
}

/** A conversation with both its ends. */
export interface Conversation {
  readonly id: ConversationId
  readonly account: ChatAccount
  readonly peer: Aor
  /** Null before anything of it is in the history. */
  readonly view: ConversationView | null
  readonly policy: ContactPolicy | 'self'
}

/** Id of the conversation of two addresses. */
export function conversationOf(account: Aor, peer: Aor): ConversationId {
  return conversationIdOf((bytes) => createHash('sha256').update(bytes).digest(), account, peer)
}

/** Looks a conversation up by its ends. */
export async function findConversation(
  reader: HistoryReaderPort,
  account: ChatAccount,
  peer: Aor,
): Promise<Conversation> {
  const id = conversationOf(account.aor, peer)
  const view = await reader.conversation(id)
  return { id, account, peer, view, policy: peer === account.aor ? 'self' : (view?.policy ?? 'none') }
}

/** @throws SottoError `not-found` for an id without conversation or account. */
export async function requireConversation(
  ports: { readonly reader: HistoryReaderPort; readonly accounts: ChatAccountsPort },
  id: ConversationId,
): Promise<Conversation> {
  const view = await ports.reader.conversation(id)
  const account = view === null ? null : ports.accounts.byId(view.accountId)
  if (view === null || account === null) throw new SottoError('not-found')
  const { peer } = view
  return { id, account, peer, view, policy: peer === account.aor ? 'self' : view.policy }
}

/** Commits and hands new jobs to the outbox, unless nothing of the commit was wanted. */
export async function commitAndSend(context: ChatContext, commit: HistoryCommit): Promise<CommitReceipt> {
  const receipt = await context.writer.commit(commit)
  if (!receipt.held) context.outbox.enqueue(commit.addJobs ?? [])
  return receipt
}

/** Origin of what this device itself says or saw. */
export function ownOrigin(account: ChatAccount): EntryOrigin {
  return { account: account.aor, device: account.deviceId, authenticatedBy: 'own-device', verified: true }
}

/**
 * Origin of a line that travels without a cipher, whoever wrote it: the servers could have put other words into it. Own
 * lines too, or an edit made on another own device, which the servers carry, would not apply here.
 */
export function serverOrigin(account: ChatAccount): EntryOrigin {
  return { account: account.aor, device: account.deviceId, authenticatedBy: 'server', verified: false }
}
