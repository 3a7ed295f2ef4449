import { expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { collectAtRest } from './rest.ts'

const mib = 1024 * 1024

class FakeHeap {
  collections = 0
  needed = 8 * mib
  garbage = 0

  usedBytes(): number {
    return this.needed + this.garbage
  }

  collect(): void {
    this.collections += 1
    this.garbage = 0
  }
}

it('collects once nothing happens any more, and not again for nothing', async () => {
  const [heap, clock] = [new FakeHeap(), new FakeClock()]
  collectAtRest(heap, clock)
  heap.garbage = 20 * mib
  await clock.advance(10_000)
  expect(heap.collections).toBe(0)
  await clock.advance(10_000)
  expect(heap.collections).toBe(1)
  await clock.advance(3_600_000)
  expect(heap.collections).toBe(1)
})

it('leaves a thread that works alone', async () => {
  const [heap, clock] = [new FakeHeap(), new FakeClock()]
  collectAtRest(heap, clock)
  for (let round = 0; round < 50; round++) {
    heap.garbage += mib
    await clock.advance(10_000)
  }
  expect(heap.collections).toBe(0)
  await clock.advance(10_000)
  expect(heap.collections).toBe(1)
})

it('does nothing for the garbage of a few messages', async () => {
  const [heap, clock] = [new FakeHeap(), new FakeClock()]
  collectAtRest(heap, clock)
  await clock.advance(10_000)
  const first = heap.collections
  heap.garbage = 2 * mib
  await clock.advance(60_000)
  expect(heap.collections).toBe(first)
})

it('stops', async () => {
  const [heap, clock] = [new FakeHeap(), new FakeClock()]
  const stop = collectAtRest(heap, clock)
  heap.garbage = 20 * mib
  stop()
  await clock.advance(60_000)
  expect(heap.collections).toBe(0)
})
