import { useEffect, useRef } from 'react'
import type { ConversationView } from '#shared/model/views.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { useLoaded } from '#renderer/stores/message-store.ts'

/** Messages that come in quick succession are marked together, this far apart at least, ms. */
const gatherMs = 250

/** Calls the function it is given at once, or as soon as the last call is long enough ago; the newest wins. */
class Gathering {
  #lastAt = Number.NEGATIVE_INFINITY
  #due: (() => void) | null = null
  #timer: ReturnType<typeof setTimeout> | null = null

  run(call: () => void): void {
    this.#due = call
    const wait = this.#lastAt + gatherMs - performance.now()
    if (wait <= 0) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), wait)
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const call = this.#due
    this.#due = null
    if (call === null) return
    this.#lastAt = performance.now()
    call()
  }
}

/** What is on screen in a focused window is read; strangers learn nothing. */
export function useMarkRead(conversation: ConversationView): void {
  const { window: loaded } = useLoaded(conversation.id)
  const position = loaded?.hasNewer === false ? loaded.messages.at(-1)?.position : undefined
  const { id, unread, policy } = conversation
  const gathering = useRef<Gathering | null>(null)
  useEffect(() => {
    const mine = new Gathering()
    gathering.current = mine
    // What was on screen has been seen, also when one goes on quickly.
    return () => mine.flush()
  }, [id])
  useEffect(() => {
    if (position === undefined || unread === 0 || policy === 'pending') return
    const mark = (): void => {
      if (!document.hasFocus()) return
      gathering.current?.run(() => void attempt('conversations.markRead', { conversationId: id, position }))
    }
    mark()
    window.addEventListener('focus', mark)
    return () => window.removeEventListener('focus', mark)
  }, [id, position, unread, policy])
}
