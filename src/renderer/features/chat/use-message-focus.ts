import { type FocusEvent, type KeyboardEvent, type RefObject, useRef, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import type { TimelineItem } from './timeline.ts'

/** Rows passed over by Page Up and Page Down. */
const pageRows = 10
/** A row that was scrolled to is drawn, measured and shown within this many frames. */
const framesToShow = 60

/** What {@link useMessageFocus} needs to know. */
export interface FocusInput {
  readonly scroller: RefObject<HTMLElement | null>
  readonly handle: RefObject<VirtualizerHandle | null>
  readonly items: readonly TimelineItem[]
}

/** Gives the row the focus as soon as it takes it: until a row is measured it is hidden and takes none. */
function focusWhenShown(row: () => HTMLElement | null | undefined, wanted: () => boolean, frames = framesToShow): void {
  requestAnimationFrame(() => {
    if (!wanted()) return
    const found = row()
    found?.focus({ preventScroll: true })
    if (document.activeElement !== found && frames > 0) focusWhenShown(row, wanted, frames - 1)
  })
}

/** One message at a time can be tabbed to; arrows move between them. */
export function useMessageFocus({ scroller, handle, items }: FocusInput): {
  readonly focusKey: string | null
  readonly keepMounted: readonly number[]
  readonly onKeyDown: (event: KeyboardEvent) => void
  readonly onFocus: (event: FocusEvent) => void
} {
  const [chosen, setChosen] = useState<string | null>(null)
  const [focused, setFocused] = useState<string | null>(null)
  const moveRef = useRef(0)
  const lastMessage = items.findLast((item) => item.kind === 'message')
  const chosenIndex = chosen === null ? -1 : items.findIndex((item) => item.key === chosen)
  const focusKey = chosenIndex >= 0 ? chosen : (lastMessage?.key ?? null)
  const index = items.findIndex((item) => item.key === focusKey)
  // While the focus moves to a row that is not shown yet, the row that has it stays.
  const focusedIndex = focused === null || focused === focusKey ? -1 : items.findIndex((item) => item.key === focused)

  function moveTo(target: number, step: 1 | -1): void {
    let next = Math.max(0, Math.min(items.length - 1, target))
    while (items[next] !== undefined && items[next]?.kind !== 'message') next += step
    const key = items[next]?.key
    if (key === undefined) return
    setChosen(key)
    handle.current?.scrollToIndex(next, { align: 'nearest' })
    const move = (moveRef.current += 1)
    const from = document.activeElement
    focusWhenShown(
      () => scroller.current?.querySelector<HTMLElement>(`[data-message="${CSS.escape(key)}"]`),
      () => moveRef.current === move && (document.activeElement === from || document.activeElement === document.body),
    )
  }

  return {
    focusKey,
    keepMounted: [index, focusedIndex].filter((kept) => kept >= 0).sort((a, b) => a - b),
    onFocus: (event) => {
      const key = event.target.closest<HTMLElement>('[data-message]')?.dataset.message
      if (key === undefined) return
      setChosen(key)
      setFocused(key)
    },
    onKeyDown: (event) => {
      if (!(event.target instanceof HTMLElement) || event.target.dataset.message === undefined) return
      if (event.altKey || event.ctrlKey || event.metaKey) return
      const move = moveOf(event.key, index, items.length)
      if (move === null) return
      event.preventDefault()
      moveTo(...move)
    },
  }
}

function moveOf(key: string, index: number, count: number): readonly [number, 1 | -1] | null {
  switch (key) {
    case 'ArrowUp':
      return [index - 1, -1]
    case 'ArrowDown':
      return [index + 1, 1]
    case 'PageUp':
      return [index - pageRows, 1]
    case 'PageDown':
      return [index + pageRows, -1]
    case 'Home':
      return [0, 1]
    case 'End':
      return [count - 1, -1]
    default:
      return null
  }
}
