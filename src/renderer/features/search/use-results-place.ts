import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react'
import { useMainView } from '#renderer/stores/screen-store.ts'
import { keepSearchPlace, loadMoreHits, searchNow } from '#renderer/stores/search-store.ts'

/** Older hits are read when less than this is left below, px. */
const nearEnd = 800

/** Keeps the place among the results, and reads more of them near their end. Returns what to do while scrolling. */
export function useResultsPlace(container: RefObject<HTMLElement | null>, hits: number): () => void {
  useLayoutEffect(() => {
    container.current?.scrollTo({ top: searchNow().scrollTop })
  }, [container])
  const readOn = (): void => {
    const list = container.current
    // Hidden behind a conversation it has no height, and no place to keep.
    if (list === null || list.clientHeight === 0) return
    if (list.scrollHeight - list.scrollTop - list.clientHeight < nearEnd) void loadMoreHits()
  }
  // Fewer hits than fill the list leave nothing to scroll.
  useEffect(readOn, [container, hits])
  useFocusBack(container)
  return () => {
    const list = container.current
    if (list === null || list.clientHeight === 0) return
    keepSearchPlace({ scrollTop: list.scrollTop })
    readOn()
  }
}

/** Coming back from a hit in a narrow window, the results are where they were and the hit has the focus. */
function useFocusBack(container: RefObject<HTMLElement | null>): void {
  const main = useMainView()
  const before = useRef(main.kind)
  useLayoutEffect(() => {
    const came = before.current === 'conversation' && main.kind === 'empty'
    before.current = main.kind
    const { openedKey, scrollTop } = searchNow()
    const list = container.current
    if (!came || openedKey === null || list === null) return
    list.scrollTo({ top: scrollTop })
    list.querySelector<HTMLElement>(`[data-hit="${CSS.escape(openedKey)}"]`)?.focus({ preventScroll: true })
  }, [container, main.kind])
}
