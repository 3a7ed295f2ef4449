import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import type { ConversationId } from '#shared/model/ids.ts'
import { type JumpTarget, loadNewer, loadNewest, loadOlder } from '#renderer/stores/message-store.ts'
import type { MessageWindow } from '#renderer/stores/message-window.ts'
import { topHeight } from './list-top.ts'
import { loadPlace, type Place, savePlace } from './scroll-places.ts'
import type { TimelineItem } from './timeline.ts'
import { useUserScrolling } from './use-user-scrolling.ts'

/** Closer to an end than this, the next page is fetched, px. */
const fetchMargin = 900
/** Closer to the newest end than this counts as being there, px. */
const endMargin = 60
/** After the list was placed, pages wait this long, so that they cannot move what is being placed, ms. */
const settleMs = 350
/** A pinned item is let go of once no row changed its height for this long, ms. */
const quietMs = 150
/** How long a message that was jumped to is marked, ms. */
const landedMs = 2200

/** What the list holds on to while its rows are measured: the newest end, or an item at a place of the viewport. */
type Pin =
  | { readonly kind: 'end' }
  | { readonly kind: 'item'; readonly key: string; readonly align: 'start' | 'center'; readonly offset: number }

/** What {@link useMessageScroll} needs to know. */
export interface ScrollInput {
  readonly id: ConversationId
  readonly handle: RefObject<VirtualizerHandle | null>
  readonly scroller: RefObject<HTMLElement | null>
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

function currentPlace(handle: VirtualizerHandle, items: readonly TimelineItem[]): Place {
  const index = handle.findItemIndex(handle.scrollOffset)
  const key = items[index]?.key
  if (key === undefined) return { kind: 'end' }
  // Items count from the first row, the scroll offset from the top of the list.
  return { kind: 'item', key, offset: handle.scrollOffset - topHeight - handle.getItemOffset(index) }
}

function distanceBelow(list: VirtualizerHandle): number {
  return list.scrollSize - list.scrollOffset - list.viewportSize
}

/** What the list holds on to after it scrolled: the user lets go of a pin, reaching the newest message makes one. */
function nextPin(
  pin: Pin | null,
  now: { atNewest: boolean; settled: boolean; byUser: boolean; byOther: boolean },
): Pin | null {
  const letGo = now.byUser || (pin?.kind === 'end' ? now.byOther : now.settled)
  const kept = letGo ? null : pin
  return kept ?? (now.atNewest ? { kind: 'end' } : null)
}

/**
 * While these are what they were when the list stood at its end, no layout explains that it stands elsewhere: something
 * else scrolled, such as a screen reader or the browser's search.
 */
function heightsOf(scroller: HTMLElement): string {
  return `${scroller.scrollHeight} ${scroller.clientHeight}`
}

/** Whether the element itself stands elsewhere: the list's own figures lag behind it while rows are measured. */
function leftEnd(scroller: HTMLElement): boolean {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight >= endMargin
}

function fetchNear(id: ConversationId, list: VirtualizerHandle, messages: MessageWindow): void {
  if (list.scrollOffset < fetchMargin && messages.hasOlder) void loadOlder(id)
  if (distanceBelow(list) < fetchMargin && messages.hasNewer) void loadNewer(id)
}

/** Where a conversation opens: where the user left it, else the first unread message, else the newest. */
function firstPin({ id, items, target }: ScrollInput): Pin {
  const place = loadPlace(id)
  if (target !== null) return { kind: 'end' }
  if (place?.kind === 'item' && items.some((item) => item.key === place.key)) {
    return { kind: 'item', key: place.key, align: 'start', offset: place.offset }
  }
  if (place === undefined && items.some((item) => item.kind === 'unread')) {
    return { kind: 'item', key: 'unread', align: 'start', offset: -60 }
  }
  return { kind: 'end' }
}

/** Keeps the list where the user expects it. */
export function useMessageScroll(input: ScrollInput): ScrollState {
  const { id, handle, scroller, items, messages } = input
  const pinRef = useRef<Pin | null>(null)
  const settlesAtRef = useRef(0)
  const endedAtRef = useRef<string | null>(null)
  const userScrolling = useUserScrolling(scroller)
  const [away, setAway] = useState(false)
  const [seen, setSeen] = useState<number | null>(null)
  const lastPosition = messages.messages.at(-1)?.position ?? -1
  if (seen === null) setSeen(lastPosition)

  // The refs are stable; the compiler's rule would have them listed.
  // eslint-disable-next-line react-hooks/preserve-manual-memoization -- see above
  const applyPin = useCallback(() => {
    const pin = pinRef.current
    if (pin?.kind === 'end' && scroller.current !== null) {
      scroller.current.scrollTo({ top: scroller.current.scrollHeight, behavior: 'instant' })
      endedAtRef.current = heightsOf(scroller.current)
    }
    if (pin?.kind !== 'item') return
    const index = items.findIndex((item) => item.key === pin.key)
    if (index >= 0) handle.current?.scrollToIndex(index, { align: pin.align, offset: pin.offset })
  }, [handle, scroller, items])

  // eslint-disable-next-line react-hooks/preserve-manual-memoization -- as above
  const onScroll = useCallback(() => {
    const list = handle.current
    if (list === null) return
    const settled = performance.now() > settlesAtRef.current
    const atNewest = distanceBelow(list) < endMargin && !messages.hasNewer
    const byUser = userScrolling()
    const element = scroller.current
    const byOther = element !== null && leftEnd(element) && heightsOf(element) === endedAtRef.current
    pinRef.current = nextPin(pinRef.current, { atNewest, settled, byUser, byOther })
    const atEnd = pinRef.current?.kind === 'end'
    // Pinned elsewhere, the newest message may still be in sight: a short conversation fits.
    const newestInSight = atEnd || atNewest
    setAway(!newestInSight)
    if (newestInSight) setSeen(lastPosition)
    if (settled || byUser) savePlace(id, atEnd ? { kind: 'end' } : currentPlace(list, items))
    if (settled) fetchNear(id, list, messages)
  }, [handle, id, items, messages, lastPosition, scroller, userScrolling])

  const pinTo = useCallback((pin: Pin) => {
    pinRef.current = pin
    settlesAtRef.current = performance.now() + settleMs
  }, [])

  const onResize = useCallback(() => {
    // On a slow machine rows are measured late: the pin holds until they have been quiet for a while.
    if (pinRef.current?.kind === 'item')
      settlesAtRef.current = Math.max(settlesAtRef.current, performance.now() + quietMs)
    applyPin()
  }, [applyPin])
  useResizePin(scroller, onResize)

  const landedKey = useLandedMark(input, pinTo)

  useLayoutEffect(() => {
    if (pinRef.current === null && settlesAtRef.current === 0) pinTo(firstPin(input))
    // A message that arrives while the user is at the end, or one they sent, is brought into view.
    applyPin()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the rest of the input matters on opening only
  }, [applyPin, pinTo, lastPosition, landedKey])

  useAfterSettling(onScroll, landedKey)

  const toNewest = useCallback(() => {
    pinTo({ kind: 'end' })
    setAway(false)
    if (messages.hasNewer) void loadNewest(id)
    else applyPin()
  }, [applyPin, id, messages.hasNewer, pinTo])

  const newBelow = messages.messages.filter(
    (message) => seen !== null && message.position > seen && message.direction === 'incoming',
  ).length
  return { onScroll, away, newBelow: away ? newBelow : 0, toNewest, landedKey }
}

/** Rows are measured after they are drawn, and the composer grows: what is pinned goes back to its place each time. */
function useResizePin(scroller: RefObject<HTMLElement | null>, applyPin: () => void): void {
  const applyRef = useRef(applyPin)
  useLayoutEffect(() => {
    applyRef.current = applyPin
  }, [applyPin])
  useEffect(() => {
    const element = scroller.current
    const content = element?.querySelector('[data-content]') ?? null
    if (element === null || content === null) return
    const observer = new ResizeObserver(() => applyRef.current())
    observer.observe(element)
    observer.observe(content)
    return () => observer.disconnect()
  }, [scroller])
}

/** Looks once more at where the list stands when placing it is over: pages may be due. */
function useAfterSettling(onScroll: () => void, landedKey: string | null): void {
  const checkRef = useRef(onScroll)
  useEffect(() => {
    checkRef.current = onScroll
  }, [onScroll])
  useEffect(() => {
    const timer = setTimeout(() => checkRef.current(), settleMs + 50)
    return () => clearTimeout(timer)
  }, [landedKey])
}

/** Follows jumps: pins the message to the middle, gives it the focus and marks it for a moment. */
function useLandedMark({ items, target }: ScrollInput, pinTo: (pin: Pin) => void): string | null {
  const [followed, setFollowed] = useState(0)
  const [landed, setLanded] = useState<string | null>(null)
  const found = items.find(
    (item) => item.kind === 'message' && target !== null && item.message.position >= target.position,
  )
  if (target !== null && target.serial !== followed && found !== undefined) {
    setFollowed(target.serial)
    setLanded(found.key)
  }
  useLayoutEffect(() => {
    if (landed !== null) pinTo({ kind: 'item', key: landed, align: 'center', offset: 0 })
  }, [landed, followed, pinTo])
  useEffect(() => {
    if (landed === null) return
    // The row appears once the list has scrolled to it, and may be replaced while rows are measured: the body has the focus then.
    let left = document.activeElement
    const focus = setInterval(() => {
      const row = document.querySelector<HTMLElement>(`[data-message="${CSS.escape(landed)}"]`)
      // Whoever has moved on meanwhile keeps the focus where it is.
      if (row === null || (document.activeElement !== left && document.activeElement !== document.body)) return
      row.focus({ preventScroll: true })
      left = row
    }, 40)
    const stop = setTimeout(() => clearInterval(focus), settleMs * 2)
    const clear = setTimeout(() => setLanded(null), landedMs)
    return () => {
      clearInterval(focus)
      clearTimeout(stop)
      clearTimeout(clear)
    }
  }, [landed, followed])
  return landed
}
