import { expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { collectAtRest } from './rest.ts'

const mib = 1024 * 1024

class FakeThread {
  readonly clock = new FakeClock()
  collections = 0
  garbage = 0
  #worked = 0

  usedBytes(): number {
    return 8 * mib + this.garbage
  }

  workedMs(): number {
    return this.#worked
  }

  collect(): void {
    this.collections += 1
    this.garbage = 0
    this.#worked += 40
  }

  /** Ten seconds in which the thread worked for `workMs` and left `garbage` behind. */
  async pass(workMs: number, garbage = 0): Promise<void> {
    this.#worked += workMs
    this.garbage += garbage
    await this.clock.advance(10_000)
  }
}

it('collects once the thread has nothing to do, and not again for nothing', async () => {
  const thread = new FakeThread()
  collectAtRest(thread, thread.clock)
  await thread.pass(900, 20 * mib)
  expect(thread.collections).toBe(0)
  await thread.pass(1)
  expect(thread.collections).toBe(1)
  for (let round = 0; round < 100; round += 1) await thread.pass(1)
  expect(thread.collections).toBe(1)
})

it('leaves a thread alone that people wait for, however even its memory looks', async () => {
  const thread = new FakeThread()
  collectAtRest(thread, thread.clock)
  await thread.pass(900, 20 * mib)
  for (let round = 0; round < 50; round += 1) await thread.pass(20)
  expect(thread.collections).toBe(0)
  await thread.pass(0)
  expect(thread.collections).toBe(1)
})

it('does nothing for the garbage of a few messages', async () => {
  const thread = new FakeThread()
  collectAtRest(thread, thread.clock)
  await thread.pass(1)
  expect(thread.collections).toBe(1)
  for (let round = 0; round < 5; round += 1) await thread.pass(4, mib / 2)
  expect(thread.collections).toBe(1)
})

it('stops', async () => {
  const thread = new FakeThread()
  const stop = collectAtRest(thread, thread.clock)
  stop()
  await thread.pass(0, 20 * mib)
  await thread.pass(0)
  expect(thread.collections).toBe(0)
})
