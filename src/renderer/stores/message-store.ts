/** Loaded messages per conversation, in pages, kept current by `history.appended`. */
import { create } from 'zustand'
import type { BridgeArgs } from '#shared/bridge/table.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import type { MessagePage, MessageView } from '#shared/model/views.ts'
import { call } from '../bridge/client.ts'
import {
  appendPage,
  applyChanges,
  fromPage,
  type MessageWindow,
  pageSize,
  prependPage,
  trimWindow,
} from './message-window.ts'

/** A message to bring into view. */
export interface JumpTarget {
  readonly position: number
  /** Grows with every jump, so that jumping twice to one message works. */
  readonly serial: number
}

export interface LoadedConversation {
  readonly window: MessageWindow | null
  readonly loading: 'first' | 'older' | 'newer' | null
  readonly failure: ErrorCode | null
  readonly target: JumpTarget | null
}

interface MessageState {
  readonly loaded: Readonly<Record<ConversationId, LoadedConversation | undefined>>
}

type Anchor = BridgeArgs<'messages.page'>['anchor']

/** Conversations whose messages stay in memory. */
const keepConversations = 6
/** Event changes remembered, to bring a page up to date that was read before them. */
const rememberedEvents = 100

const nothingLoaded: LoadedConversation = { window: null, loading: null, failure: null, target: null }
const useStore = create<MessageState>(() => ({ loaded: {} }))
const used: ConversationId[] = []
const recent: { readonly revision: number; readonly messages: readonly MessageView[] }[] = []
let serial = 0

/** What is loaded of a conversation; the component renders again when it changes. */
export function useLoaded(id: ConversationId): LoadedConversation {
  return useStore((state) => state.loaded[id] ?? nothingLoaded)
}

/** What is loaded of a conversation, now. */
export function loadedNow(id: ConversationId): LoadedConversation {
  return useStore.getState().loaded[id] ?? nothingLoaded
}

function patch(id: ConversationId, change: Partial<LoadedConversation>): void {
  useStore.setState(({ loaded }) => ({ loaded: { ...loaded, [id]: { ...(loaded[id] ?? nothingLoaded), ...change } } }))
}

function touch(id: ConversationId): void {
  const at = used.indexOf(id)
  if (at >= 0) used.splice(at, 1)
  used.push(id)
  if (used.length <= keepConversations) return
  const dropped = new Set(used.splice(0, used.length - keepConversations))
  useStore.setState(({ loaded }) => ({
    loaded: Object.fromEntries(Object.entries(loaded).filter(([key]) => !dropped.has(key as ConversationId))),
  }))
}

async function fetchPage(id: ConversationId, anchor: Anchor, limit = pageSize): Promise<MessagePage | ErrorCode> {
  const reply = await call('messages.page', { conversationId: id, anchor, limit })
  return reply.ok ? reply.value : reply.code
}

/** Events may overtake a page that was read before them. */
function withLaterEvents(window: MessageWindow, page: MessagePage): MessageWindow {
  const changes = recent
    .filter((event) => event.revision > page.revision)
    .flatMap((event) => event.messages)
    .filter((message) => message.conversationId === page.conversationId)
  return changes.length === 0 ? window : { ...applyChanges(window, changes), shifted: window.shifted }
}

async function loadFresh(id: ConversationId, anchor: Anchor, target: JumpTarget | null): Promise<void> {
  touch(id)
  const current = loadedNow(id)
  patch(id, { loading: 'first', failure: null, window: target === null ? current.window : null })
  const page = await fetchPage(id, anchor)
  if (typeof page === 'string') {
    patch(id, { loading: null, failure: page })
    return
  }
  patch(id, { loading: null, window: withLaterEvents(fromPage(page), page), target })
}

/** Loads the newest page unless something is loaded already. */
export async function openMessages(id: ConversationId): Promise<void> {
  touch(id)
  if (loadedNow(id).window !== null || loadedNow(id).loading !== null) return
  await loadFresh(id, { at: 'newest' }, null)
}

/** Loads the newest page whatever is loaded. */
export async function loadNewest(id: ConversationId): Promise<void> {
  await loadFresh(id, { at: 'newest' }, null)
}

/** Brings the message at `position` into view, loading the messages around it where needed. */
export async function jumpTo(id: ConversationId, position: number): Promise<void> {
  serial += 1
  const target = { position, serial }
  const window = loadedNow(id).window
  if (window?.messages.some((message) => message.position === position) === true) {
    touch(id)
    patch(id, { target })
    return
  }
  await loadFresh(id, { at: 'around', position }, target)
}

/** Loads the page before the window. */
export async function loadOlder(id: ConversationId): Promise<void> {
  const { window, loading } = loadedNow(id)
  const first = window?.messages[0]
  if (first === undefined || window?.hasOlder !== true || loading !== null) return
  patch(id, { loading: 'older' })
  const page = await fetchPage(id, { at: 'before', position: first.position })
  const now = loadedNow(id).window
  if (typeof page === 'string' || now === null) {
    patch(id, { loading: null, failure: typeof page === 'string' ? page : null })
    return
  }
  patch(id, { loading: null, window: prependPage(now, page) })
  // Two steps, because the list can follow a change at one end at a time.
  setTimeout(() => trim(id, 'older'), 0)
}

/** Loads the page after the window. */
export async function loadNewer(id: ConversationId): Promise<void> {
  const { window, loading } = loadedNow(id)
  const last = window?.messages.at(-1)
  if (last === undefined || window?.hasNewer !== true || loading !== null) return
  patch(id, { loading: 'newer' })
  const page = await fetchPage(id, { at: 'after', position: last.position })
  const now = loadedNow(id).window
  if (typeof page === 'string' || now === null) {
    patch(id, { loading: null, failure: typeof page === 'string' ? page : null })
    return
  }
  patch(id, { loading: null, window: withLaterEvents(appendPage(now, page), page) })
  setTimeout(() => trim(id, 'newer'), 0)
}

function trim(id: ConversationId, keep: 'older' | 'newer'): void {
  const { window } = loadedNow(id)
  if (window === null) return
  const trimmed = trimWindow(window, keep)
  if (trimmed !== window) patch(id, { window: trimmed })
}

/** Whether the message is loaded already and reads the same; one of a conversation that is not loaded is nowhere to see. */
export function holdsSameText(message: MessageView): boolean {
  const { window } = loadedNow(message.conversationId)
  if (window === null) return true
  const held = window.messages.findLast((candidate) => candidate.key === message.key)
  return held?.text === message.text && held.deleted === message.deleted
}

/** Applies the messages of one `history.appended` event. */
export function applyHistory(revision: number, messages: readonly MessageView[]): void {
  recent.push({ revision, messages })
  if (recent.length > rememberedEvents) recent.shift()
  for (const [id, changes] of Map.groupBy(messages, (message) => message.conversationId)) {
    const { window } = loadedNow(id)
    if (window !== null) patch(id, { window: applyChanges(window, changes) })
  }
}

/** After a gap or a bulk change: what is loaded is fetched again, around where it was. */
export async function refetchMessages(): Promise<void> {
  recent.length = 0
  const { loaded } = useStore.getState()
  const jobs = Object.entries(loaded).map(async ([key, entry]) => {
    const id = key as ConversationId
    if (entry?.window === null || entry === undefined) return
    const middle = entry.window.messages[Math.floor(entry.window.messages.length / 2)]
    const anchor: Anchor =
      entry.window.hasNewer && middle !== undefined ? { at: 'around', position: middle.position } : { at: 'newest' }
    const page = await fetchPage(id, anchor, Math.min(200, Math.max(pageSize, entry.window.messages.length)))
    if (typeof page !== 'string') patch(id, { window: withLaterEvents(fromPage(page), page) })
  })
  await Promise.all(jobs)
}

/** Forgets a conversation that is gone. */
export function forgetMessages(id: ConversationId): void {
  const at = used.indexOf(id)
  if (at >= 0) used.splice(at, 1)
  patch(id, nothingLoaded)
}
