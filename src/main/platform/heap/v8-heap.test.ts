import { expect, it } from 'vitest'
import { v8Heap } from './v8-heap.ts'

const mib = 1024 * 1024

/** Makes some megabytes of objects and keeps none. */
function litter(): number {
  return Array.from({ length: 200_000 }, (_, index) => ({ index })).length
}

it('gives back what nobody holds any more', () => {
  const heap = v8Heap()
  heap.collect()
  const before = heap.usedBytes()
  expect(litter()).toBe(200_000)
  expect(heap.usedBytes() - before).toBeGreaterThan(4 * mib)
  heap.collect()
  expect(heap.usedBytes() - before).toBeLessThan(mib)
})
