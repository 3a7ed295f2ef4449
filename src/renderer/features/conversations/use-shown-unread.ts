import { useSyncExternalStore } from 'react'
import type { ConversationView } from '#shared/model/views.ts'
import { useLoaded } from '#renderer/stores/message-store.ts'

function watchFocus(changed: () => void): () => void {
  window.addEventListener('focus', changed)
  window.addEventListener('blur', changed)
  return () => {
    window.removeEventListener('focus', changed)
    window.removeEventListener('blur', changed)
  }
}

/** What the list counts as unread: what arrives before the user's eyes is being marked already, and would only flash. */
export function useShownUnread({ id, policy, unread }: ConversationView, current: boolean): number {
  const focused = useSyncExternalStore(watchFocus, () => document.hasFocus())
  const { window: loaded } = useLoaded(id)
  const seen = current && focused && policy !== 'pending' && loaded?.hasNewer === false
  return seen ? 0 : unread
}
