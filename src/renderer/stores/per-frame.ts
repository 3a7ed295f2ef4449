/** A window that is not drawn gets what was gathered after this long, ms. */
const hiddenMs = 100
/** What can wait is drawn with what comes within this time, ms: too short to notice, long enough for a run of marks. */
const gatherMs = 100

/**
 * Gathers what comes between two frames and applies it at once, so that a burst is drawn once; `canWait` tells what is not
 * worth a frame of its own. The order is kept.
 */
export function perFrame<T>(
  apply: (items: readonly T[]) => void,
  canWait: (item: T) => boolean = () => false,
): (item: T) => void {
  let gathered: T[] = []
  let frame = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  function flush(): void {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    frame = 0
    timer = undefined
    const items = gathered
    gathered = []
    apply(items)
  }
  return (item) => {
    gathered.push(item)
    if (frame !== 0) return
    if (canWait(item)) {
      timer ??= setTimeout(flush, gatherMs)
      return
    }
    clearTimeout(timer)
    frame = requestAnimationFrame(flush)
    // Frames stop while the window is hidden.
    timer = setTimeout(flush, hiddenMs)
  }
}
