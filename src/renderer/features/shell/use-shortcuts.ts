import { useEffect } from 'react'
import { conversationsNow, splitRequests } from '#renderer/stores/conversation-store.ts'
import { askToLock } from '#renderer/stores/lock.ts'
import { mainViewNow, openConversation, openSettings, showDialog } from '#renderer/stores/screen-store.ts'
import { focusSearch, searchHere, toggleFilters } from '../search/search-focus.ts'

/** The element that takes the focus when a pane is entered: its marked one, else its first focusable one. */
function paneTarget(pane: Element): HTMLElement | undefined {
  const marked = pane.querySelector<HTMLElement>('[data-pane-focus]')
  const focusable = pane.querySelectorAll<HTMLElement>('input, textarea, button:not([disabled]), [tabindex="0"]')
  // What a narrow or wide window hides cannot take the focus.
  return [...(marked === null ? [] : [marked]), ...focusable].find((element) => element.getClientRects().length > 0)
}

/** Moves the focus to the next part of the window that is on screen. */
function cyclePanes(step: 1 | -1): void {
  const panes = [...document.querySelectorAll('[data-pane]')].filter((pane) => pane.getClientRects().length > 0)
  if (panes.length === 0) return
  const current = panes.findIndex((pane) => pane.contains(document.activeElement))
  const next = current < 0 ? 0 : (current + step + panes.length) % panes.length
  const pane = panes[next]
  if (pane !== undefined) paneTarget(pane)?.focus()
}

function stepConversation(step: 1 | -1): void {
  const { known, requests } = splitRequests(conversationsNow())
  const order = [...requests, ...known]
  const main = mainViewNow()
  const current = main.kind === 'conversation' ? order.findIndex((entry) => entry.id === main.id) : -1
  const next = current < 0 ? (step === 1 ? 0 : order.length - 1) : current + step
  const conversation = order[next]
  if (conversation !== undefined) openConversation(conversation.id)
}

const withControl: Readonly<Record<string, () => void>> = {
  k: focusSearch,
  f: searchHere,
  n: () => showDialog({ kind: 'new-conversation' }),
  ',': () => openSettings('accounts'),
  '/': () => showDialog({ kind: 'shortcuts' }),
  l: askToLock,
}

const withAlt: Readonly<Record<string, () => void>> = {
  ArrowUp: () => stepConversation(-1),
  ArrowDown: () => stepConversation(1),
}

const withControlShift: Readonly<Record<string, () => void>> = { f: toggleFilters }

function actionOf(event: KeyboardEvent): (() => void) | null {
  const control = event.ctrlKey || event.metaKey
  if (control && !event.altKey) {
    return (event.shiftKey ? withControlShift : withControl)[event.key.toLowerCase()] ?? null
  }
  if (event.altKey && !control) return withAlt[event.key] ?? null
  if (event.key === 'F6') return () => cyclePanes(event.shiftKey ? -1 : 1)
  return null
}

/** The shortcuts of the main window (docs/interface.md); none of them works behind a dialog. */
export function useShortcuts(): void {
  useEffect(() => {
    const handle = (event: KeyboardEvent): void => {
      if (document.querySelector('[role="dialog"], [role="alertdialog"]') !== null) return
      const action = actionOf(event)
      if (action === null) return
      event.preventDefault()
      action()
    }
    // Before the fields see the key: some of them keep every key to themselves.
    window.addEventListener('keydown', handle, true)
    return () => window.removeEventListener('keydown', handle, true)
  }, [])
}
