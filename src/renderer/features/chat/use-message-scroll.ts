import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import type { ConversationId } from '#shared/model/ids.ts'
import { type JumpTarget, loadNewer, loadNewest, loadOlder } from '#renderer/stores/message-store.ts'
import type { MessageWindow } from '#renderer/stores/message-window.ts'
import { loadPlace, type Place, savePlace } from './scroll-places.ts'
import type { TimelineItem } from './timeline.ts'

/** Closer to an end than this, the next page is fetched, px. */
const fetchMargin = 900
/** Closer to the newest end than this counts as being there, px. */
const endMargin = 60
/** After the list was placed, pages wait this long, so that they cannot move what is being placed, ms. */
const settleMs = 250
/** How long a message that was jumped to is marked, ms. */
const landedMs = 2200

/** What {@link useMessageScroll} needs to know. */
export interface ScrollInput {
  readonly id: ConversationId
  readonly handle: RefObject<VirtualizerHandle | null>
  readonly items: readonly TimelineItem[]
  readonly messages: MessageWindow
  readonly target: JumpTarget | null
  readonly unreadKey: string | null
}

/** Where the list stands and what moves it: opening, new messages, jumps, and pages fetched while scrolling. */
export interface ScrollState {
  readonly onScroll: () => void
  /** Whether the newest message is out of sight. */
  readonly away: boolean
  readonly newBelow: number
  readonly toNewest: () => void
  readonly landedKey: string | null
}

function indexOfPosition(items: readonly TimelineItem[], position: number): number {
  return items.findIndex((item) => item.kind === 'message' && item.message.position >= position)
}

function currentPlace(handle: VirtualizerHandle, items: readonly TimelineItem[], atEnd: boolean): Place {
  if (atEnd) return { kind: 'end' }
  const index = handle.findItemIndex(handle.scrollOffset)
  const key = items[index]?.key
  return key === undefined
    ? { kind: 'end' }
    : { kind: 'item', key, offset: handle.scrollOffset - handle.getItemOffset(index) }
}

/** Keeps the list where the user expects it. */
export function useMessageScroll(input: ScrollInput): ScrollState {
  const { id, handle, items, messages } = input
  const atEndRef = useRef(true)
  const heldRef = useRef(true)
  const [away, setAway] = useState(false)
  const [seen, setSeen] = useState<number | null>(null)
  const landed = useLandedMark(input)
  const lastPosition = messages.messages.at(-1)?.position ?? -1

  const onScroll = useCallback(() => {
    const list = handle.current
    if (list === null) return
    const below = list.scrollSize - list.scrollOffset - list.viewportSize
    atEndRef.current = below < endMargin && !messages.hasNewer
    setAway(!atEndRef.current)
    if (atEndRef.current) setSeen(lastPosition)
    savePlace(id, currentPlace(list, items, atEndRef.current))
    if (heldRef.current) return
    if (list.scrollOffset < fetchMargin && messages.hasOlder) void loadOlder(id)
    if (below < fetchMargin && messages.hasNewer) void loadNewer(id)
  }, [handle, id, items, messages.hasNewer, messages.hasOlder, lastPosition])

  useFirstPlace(input, atEndRef)
  useHold(heldRef, landed, onScroll)

  useLayoutEffect(() => {
    // A message that arrives while the user is at the end, or one they sent, is brought into view.
    if (!atEndRef.current || messages.hasNewer) return
    handle.current?.scrollToIndex(items.length - 1, { align: 'end' })
  }, [handle, items.length, lastPosition, messages.hasNewer])

  if (seen === null) setSeen(lastPosition)

  const toNewest = useCallback(() => {
    atEndRef.current = true
    if (messages.hasNewer) void loadNewest(id)
    else handle.current?.scrollToIndex(items.length - 1, { align: 'end' })
  }, [handle, id, items.length, messages.hasNewer])

  const newBelow = messages.messages.filter(
    (message) => seen !== null && message.position > seen && message.direction === 'incoming',
  ).length
  return { onScroll, away, newBelow: away ? newBelow : 0, toNewest, landedKey: landed }
}

/** Keeps pages back while the list is being placed: on opening and after a jump. */
function useHold(heldRef: RefObject<boolean>, landed: string | null, onScroll: () => void): void {
  const checkRef = useRef(onScroll)
  useEffect(() => {
    checkRef.current = onScroll
  }, [onScroll])
  useLayoutEffect(() => {
    heldRef.current = true
    const timer = setTimeout(() => {
      heldRef.current = false
      checkRef.current()
    }, settleMs)
    return () => clearTimeout(timer)
  }, [heldRef, landed])
}

/** On opening: where the user left it, else the first unread message, else the newest. */
function useFirstPlace({ id, handle, items, target, unreadKey }: ScrollInput, atEndRef: RefObject<boolean>): void {
  const placed = useRef(false)
  useLayoutEffect(() => {
    const list = handle.current
    if (placed.current || list === null || items.length === 0 || target !== null) return
    placed.current = true
    const place = loadPlace(id)
    const left = place?.kind === 'item' ? items.findIndex((item) => item.key === place.key) : -1
    const unread = unreadKey === null ? -1 : items.findIndex((item) => item.kind === 'unread')
    if (place?.kind === 'item' && left >= 0) {
      atEndRef.current = false
      list.scrollToIndex(left, { align: 'start', offset: place.offset })
    } else if (unread >= 0) {
      atEndRef.current = false
      list.scrollToIndex(unread, { align: 'start', offset: -60 })
    } else list.scrollToIndex(items.length - 1, { align: 'end' })
  }, [id, handle, items, target, unreadKey, atEndRef])
}

/** Follows jumps: scrolls to the message, gives it the focus and marks it for a moment. */
function useLandedMark({ handle, items, target }: ScrollInput): string | null {
  const [followed, setFollowed] = useState(0)
  const [landed, setLanded] = useState<string | null>(null)
  const index = target === null ? -1 : indexOfPosition(items, target.position)
  const key = items[index]?.key
  if (target !== null && target.serial !== followed && key !== undefined) {
    setFollowed(target.serial)
    setLanded(key)
  }
  useLayoutEffect(() => {
    if (landed === null) return
    const at = items.findIndex((item) => item.key === landed)
    if (at >= 0) handle.current?.scrollToIndex(at, { align: 'center' })
    // Once per jump: what is loaded later must not pull the user back.
    // eslint-disable-next-line react-hooks/exhaustive-deps -- see above
  }, [landed, followed])
  useEffect(() => {
    if (landed === null) return
    // The row appears once the list has scrolled to it.
    const focus = setInterval(() => {
      const row = document.querySelector<HTMLElement>(`[data-message="${CSS.escape(landed)}"]`)
      row?.focus({ preventScroll: true })
      if (row !== null) clearInterval(focus)
    }, 40)
    const clear = setTimeout(() => setLanded(null), landedMs)
    return () => {
      clearInterval(focus)
      clearTimeout(clear)
    }
  }, [landed, followed])
  return landed
}
