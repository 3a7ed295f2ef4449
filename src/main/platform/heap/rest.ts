import type { ClockPort, Timer } from '#shared/ports/clock.ts'

/** The garbage-collected memory of one thread. */
export interface HeapPort {
  /** Bytes that are used, garbage included. */
  usedBytes(): number
  /** Processor time of the thread so far, ms. */
  workedMs(): number
  /** Collects all garbage; the thread does nothing else meanwhile. */
  collect(): void
}

/** How often the thread is looked at, ms. */
const lookMs = 10_000
/** A thread that works no more than this between two looks has nobody waiting, ms. */
const restMs = 8
/** Less garbage than this is not worth the work, bytes. */
const worthBytes = 3 * 1024 * 1024

/**
 * Collects what a busy time left behind once the thread has nothing to do: V8 itself waits until a heap is several times
 * what it needs, however long nothing happens. Returns what stops it.
 */
export function collectAtRest(heap: HeapPort, clock: ClockPort): () => void {
  let worked = heap.workedMs()
  let collected = 0
  let timer: Timer
  const look = (): void => {
    const now = heap.workedMs()
    const isAtRest = now - worked <= restMs
    worked = now
    if (isAtRest && heap.usedBytes() - collected >= worthBytes) {
      heap.collect()
      collected = heap.usedBytes()
      worked = heap.workedMs()
    }
    timer = clock.after(lookMs, look)
  }
  timer = clock.after(lookMs, look)
  return () => timer.cancel()
}
