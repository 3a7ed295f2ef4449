/** The list of conversations, who is typing in them, and the revision that tells whether an event was missed. */
import { create } from 'zustand'
import type { BridgeEvents } from '#shared/bridge/events.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import type { ConversationView } from '#shared/model/views.ts'
import { call } from '../bridge/client.ts'
import { applyHistory, forgetMessages, holdsSameText, refetchMessages } from './message-store.ts'

interface ConversationState {
  /** Pinned ones first, then the newest. */
  readonly conversations: readonly ConversationView[]
  readonly loaded: boolean
  readonly revision: number
  readonly typing: ReadonlySet<ConversationId>
}

const useStore = create<ConversationState>(() => ({ conversations: [], loaded: false, revision: 0, typing: new Set() }))

/** Everything in the list, pinned ones first, then the newest. */
export function useConversations(): readonly ConversationView[] {
  return useStore((state) => state.conversations)
}

/** Whether the list was read at least once. */
export function useConversationsLoaded(): boolean {
  return useStore((state) => state.loaded)
}

/** One conversation, or undefined while it is unknown. */
export function useConversation(id: ConversationId): ConversationView | undefined {
  return useStore((state) => state.conversations.find((conversation) => conversation.id === id))
}

/** The list, now. */
export function conversationsNow(): readonly ConversationView[] {
  return useStore.getState().conversations
}

/** Whether the other side of a conversation is typing. */
export function useTyping(id: ConversationId): boolean {
  return useStore((state) => state.typing.has(id))
}

function newestFirst(conversations: Iterable<ConversationView>): readonly ConversationView[] {
  return [...conversations].sort(
    (a, b) => Number(b.pinned) - Number(a.pinned) || b.lastAt - a.lastAt || (a.id < b.id ? -1 : 1),
  )
}

/** Strangers and what was put away apart from the rest. */
export function splitRequests(conversations: readonly ConversationView[]): {
  readonly known: readonly ConversationView[]
  readonly archived: readonly ConversationView[]
  readonly requests: readonly ConversationView[]
} {
  const requests = conversations.filter((conversation) => conversation.policy === 'pending')
  const others = conversations.filter((conversation) => conversation.policy !== 'pending')
  return {
    known: others.filter((conversation) => !conversation.archived),
    archived: others.filter((conversation) => conversation.archived),
    requests,
  }
}

/** Replaces changed conversations, adds new ones, drops removed ones; pure. */
export function mergeConversations(
  current: readonly ConversationView[],
  changed: readonly ConversationView[],
  removed: readonly ConversationId[],
): readonly ConversationView[] {
  const byId = new Map(current.map((conversation) => [conversation.id, conversation]))
  for (const conversation of changed) byId.set(conversation.id, conversation)
  for (const id of removed) byId.delete(id)
  return newestFirst(byId.values())
}

/** Reads the whole list again. */
export async function loadConversations(): Promise<void> {
  const reply = await call('conversations.list', {})
  if (!reply.ok) return
  const { conversations, revision } = reply.value
  useStore.setState({ conversations: newestFirst(conversations), revision, loaded: true })
}

/** Whether an event only moves marks: how far messages have come, and what has been read. */
export function marksOnly(event: BridgeEvents['history.appended']): boolean {
  if (event.bulk || event.removedConversations.length > 0) return false
  const known = conversationsNow()
  return (
    event.conversations.every((changed) => sameButMarks(changed, known)) &&
    event.messages.every((message) => holdsSameText(message))
  )
}

function sameButMarks(changed: ConversationView, known: readonly ConversationView[]): boolean {
  const before = known.find((conversation) => conversation.id === changed.id)
  return (
    before?.lastAt === changed.lastAt &&
    before.preview === changed.preview &&
    before.policy === changed.policy &&
    before.name === changed.name &&
    before.draft === changed.draft &&
    sameChoices(before, changed) &&
    before.unread >= changed.unread
  )
}

function sameChoices(before: ConversationView, changed: ConversationView): boolean {
  return (['muted', 'pinned', 'archived', 'keepDays'] as const).every((name) => before[name] === changed[name])
}

/** Applies one history event; a gap in the revisions or a bulk change leads to reading again. */
export async function handleHistory(event: BridgeEvents['history.appended']): Promise<void> {
  const { revision, loaded } = useStore.getState()
  if (!loaded || event.revision <= revision) return
  if (event.bulk || event.revision > revision + 1) {
    useStore.setState({ revision: event.revision })
    await Promise.all([loadConversations(), refetchMessages()])
    return
  }
  useStore.setState(({ conversations }) => ({
    revision: event.revision,
    conversations: mergeConversations(conversations, event.conversations, event.removedConversations),
  }))
  for (const id of event.removedConversations) forgetMessages(id)
  applyHistory(event.revision, event.messages)
}

/** Notes who is typing. */
export function handleTyping(event: BridgeEvents['chat.typing']): void {
  useStore.setState(({ typing }) => {
    const next = new Set(typing)
    if (event.active) next.add(event.conversationId)
    else next.delete(event.conversationId)
    return { typing: next }
  })
}
