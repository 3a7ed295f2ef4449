import type { ConversationView } from '#shared/model/views.ts'
import { useLoaded } from '#renderer/stores/message-store.ts'
import { useWindowFocused } from '#renderer/ui/use-window-focused.ts'

/** What the list counts as unread: what arrives before the user's eyes is being marked already, and would only flash. */
export function useShownUnread({ id, policy, unread }: ConversationView, current: boolean): number {
  const focused = useWindowFocused()
  const { window: loaded } = useLoaded(id)
  const seen = current && focused && policy !== 'pending' && loaded?.hasNewer === false
  return seen ? 0 : unread
}
