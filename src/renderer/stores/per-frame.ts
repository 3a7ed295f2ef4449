/** A window that is not drawn gets what was gathered after this long, ms. */
const hiddenMs = 100

/** Gathers what comes between two frames and applies it at once, so that a burst is drawn once. */
export function perFrame<T>(apply: (items: readonly T[]) => void): (item: T) => void {
  let gathered: T[] = []
  let frame = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  function flush(): void {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    timer = undefined
    const items = gathered
    gathered = []
    apply(items)
  }
  return (item) => {
    gathered.push(item)
    if (gathered.length > 1) return
    frame = requestAnimationFrame(flush)
    // Frames stop while the window is hidden.
    timer = setTimeout(flush, hiddenMs)
  }
}
