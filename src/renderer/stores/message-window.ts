/** The part of a conversation that is loaded: a run of messages without holes, and what is known around it. */
import type { MessagePage, MessageView } from '#shared/model/views.ts'

/** Messages fetched at a time. */
export const pageSize = 60
/** Most messages kept for one conversation; the far end is dropped beyond it. */
export const windowLimit = 600

export interface MessageWindow {
  /** Oldest first, strictly increasing positions. */
  readonly messages: readonly MessageView[]
  readonly hasOlder: boolean
  readonly hasNewer: boolean
  readonly total: number
  /** True when the last change added or removed at the old end: the list keeps its place from the new end. */
  readonly shifted: boolean
}

/** A window that holds exactly one page. */
export function fromPage(page: MessagePage): MessageWindow {
  const { messages, hasOlder, hasNewer, total } = page
  return { messages, hasOlder, hasNewer, total, shifted: false }
}

/** Adds a page that ends before the window. */
export function prependPage(window: MessageWindow, page: MessagePage): MessageWindow {
  const first = window.messages[0]?.position ?? Number.MAX_SAFE_INTEGER
  const older = page.messages.filter((message) => message.position < first)
  return {
    ...window,
    messages: [...older, ...window.messages],
    hasOlder: page.hasOlder,
    total: page.total,
    shifted: true,
  }
}

/** Adds a page that starts after the window. */
export function appendPage(window: MessageWindow, page: MessagePage): MessageWindow {
  const last = window.messages.at(-1)?.position ?? -1
  const newer = page.messages.filter((message) => message.position > last)
  return {
    ...window,
    messages: [...window.messages, ...newer],
    hasNewer: page.hasNewer,
    total: page.total,
    shifted: false,
  }
}

/** Drops what is beyond {@link windowLimit}, at the end away from where the user is. */
export function trimWindow(window: MessageWindow, keep: 'older' | 'newer'): MessageWindow {
  if (window.messages.length <= windowLimit) return window
  if (keep === 'older') {
    return { ...window, messages: window.messages.slice(0, windowLimit), hasNewer: true, shifted: false }
  }
  return { ...window, messages: window.messages.slice(-windowLimit), hasOlder: true, shifted: true }
}

/** Applies views that changed or appeared; those outside the window only count. */
export function applyChanges(window: MessageWindow, changes: readonly MessageView[]): MessageWindow {
  let result: MessageWindow = { ...window, shifted: false }
  for (const change of changes) result = applyChange(result, change)
  return result
}

function applyChange(window: MessageWindow, change: MessageView): MessageWindow {
  const { messages } = window
  const known = messages.findIndex((message) => message.key === change.key)
  if (known >= 0) return { ...window, messages: messages.with(known, change) }
  const last = messages.at(-1)
  if (last === undefined || change.position > last.position) {
    if (window.hasNewer) return window
    return { ...window, messages: [...messages, change], total: window.total + 1 }
  }
  const at = messages.findIndex((message) => message.position >= change.position)
  // A change of something older than the window: it is fetched with its page when the user gets there.
  if (at <= 0 && window.hasOlder) return window
  if (messages[at]?.position === change.position) return { ...window, messages: messages.with(at, change) }
  return { ...window, messages: messages.toSpliced(at, 0, change), total: window.total + 1 }
}

/** The oldest of the last `unread` incoming messages, where the divider stands; null when nothing is unread. */
export function firstUnreadKey(messages: readonly MessageView[], unread: number): string | null {
  let left = unread
  let key: string | null = null
  for (let index = messages.length - 1; index >= 0 && left > 0; index -= 1) {
    const message = messages[index]
    if (message?.direction !== 'incoming') continue
    key = message.key
    left -= 1
  }
  return key
}
