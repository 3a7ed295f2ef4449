import { type RefObject, useCallback, useEffect, useRef } from 'react'

/** A wheel, key or touch explains the scrolling that follows within this time, ms. */
const explainsMs = 400

/** Tells scrolling by the user from scrolling that follows from layout. */
export function useUserScrolling(scroller: RefObject<HTMLElement | null>): () => boolean {
  const lastInputRef = useRef(Number.NEGATIVE_INFINITY)
  const pressedRef = useRef(false)
  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const note = (): void => {
      lastInputRef.current = performance.now()
    }
    const press = (event: PointerEvent): void => {
      // Only the scrollbar belongs to the element itself; a press on a message does not scroll.
      pressedRef.current = event.target === element
    }
    const release = (): void => {
      if (pressedRef.current) note()
      pressedRef.current = false
    }
    for (const kind of ['wheel', 'touchmove', 'keydown'] as const)
      element.addEventListener(kind, note, { passive: true })
    element.addEventListener('pointerdown', press)
    window.addEventListener('pointerup', release)
    return () => {
      for (const kind of ['wheel', 'touchmove', 'keydown'] as const) element.removeEventListener(kind, note)
      element.removeEventListener('pointerdown', press)
      window.removeEventListener('pointerup', release)
    }
  }, [scroller])
  return useCallback(() => pressedRef.current || performance.now() - lastInputRef.current < explainsMs, [])
}
