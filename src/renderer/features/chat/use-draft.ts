import { useCallback, useEffect, useRef, useState } from 'react'
import type { ConversationId } from '#shared/model/ids.ts'
import type { MessageView } from '#shared/model/views.ts'
import { attempt } from '#renderer/stores/actions.ts'

/** A draft is kept this long after the last key, ms. */
const draftDelayMs = 400
/** The typing notice is repeated at most this often, ms. */
const typingEveryMs = 4000
/** Without a key for this long one is not typing any more, ms. */
const typingIdleMs = 6000

/** Replaces the composer's text, or changes what stands there now. */
export type SetText = (text: string | ((now: string) => string)) => void

/** The text in the composer: kept as the conversation's draft, or the text of the message being edited. */
export function useDraft(
  id: ConversationId,
  initialDraft: string,
  editing: MessageView | null,
): readonly [string, SetText] {
  const [draft, setDraft] = useState(initialDraft)
  const [edited, setEdited] = useState<{ readonly of: MessageView; readonly text: string } | null>(null)
  const kept = useRef(initialDraft)
  const latest = useRef(initialDraft)
  const typing = useTypingNotice(id)

  const keep = useCallback(() => {
    if (kept.current === latest.current) return
    kept.current = latest.current
    void attempt('conversations.setDraft', { conversationId: id, draft: latest.current })
  }, [id])

  useEffect(() => {
    const timer = setTimeout(keep, draftDelayMs)
    return () => clearTimeout(timer)
  }, [draft, keep])

  useEffect(() => {
    window.addEventListener('blur', keep)
    window.addEventListener('pagehide', keep)
    return () => {
      window.removeEventListener('blur', keep)
      window.removeEventListener('pagehide', keep)
      keep()
    }
  }, [keep])

  if (editing !== null) {
    const text = edited?.of.key === editing.key ? edited.text : editing.text
    return [text, (next) => setEdited({ of: editing, text: typeof next === 'function' ? next(text) : next })]
  }
  if (edited !== null) setEdited(null)
  return [
    draft,
    (next) => {
      latest.current = typeof next === 'function' ? next(latest.current) : next
      setDraft(latest.current)
      typing(latest.current !== '')
    },
  ]
}

/** Tells main that one types, seldom enough, and that one stopped. */
function useTypingNotice(id: ConversationId): (active: boolean) => void {
  const toldAt = useRef<number | null>(null)
  const idle = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const stop = useCallback(() => {
    clearTimeout(idle.current)
    if (toldAt.current === null) return
    toldAt.current = null
    void attempt('messages.typing', { conversationId: id, active: false })
  }, [id])
  useEffect(() => stop, [stop])
  return useCallback(
    (active) => {
      if (!active) {
        stop()
        return
      }
      clearTimeout(idle.current)
      idle.current = setTimeout(stop, typingIdleMs)
      const now = performance.now()
      if (toldAt.current !== null && now - toldAt.current < typingEveryMs) return
      toldAt.current = now
      void attempt('messages.typing', { conversationId: id, active: true })
    },
    [id, stop],
  )
}
