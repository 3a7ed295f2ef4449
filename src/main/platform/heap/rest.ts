import type { ClockPort, Timer } from '#shared/ports/clock.ts'

/** The garbage-collected memory of one thread. */
export interface HeapPort {
  /** Bytes that are used, garbage included. */
  usedBytes(): number
  /** Collects all garbage; the thread does nothing else meanwhile. */
  collect(): void
}

/** How often the heap is looked at, ms. */
const lookMs = 10_000
/** A thread that uses no more than this between two looks does nothing worth waiting for, bytes. */
const restBytes = 512 * 1024
/** Less garbage than this is not worth the work, bytes. */
const worthBytes = 3 * 1024 * 1024

/**
 * Collects what a busy time left behind once the thread has nothing to do: V8 itself waits until a heap is several times
 * what it needs, however long nothing happens. Returns what stops it.
 */
export function collectAtRest(heap: HeapPort, clock: ClockPort): () => void {
  let before = heap.usedBytes()
  let afterCollection = 0
  let timer: Timer
  const look = (): void => {
    const now = heap.usedBytes()
    if (Math.abs(now - before) <= restBytes && now - afterCollection >= worthBytes) {
      heap.collect()
      afterCollection = heap.usedBytes()
      before = afterCollection
    } else before = now
    timer = clock.after(lookMs, look)
  }
  timer = clock.after(lookMs, look)
  return () => timer.cancel()
}
