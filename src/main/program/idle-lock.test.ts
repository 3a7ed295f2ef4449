import { expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { lockWhenIdle } from './idle-lock.ts'

it('locks once nobody was there for as long as was set, and never where nothing was set', async () => {
  const clock = new FakeClock()
  const settings = { minutes: 0 }
  let idle = 0
  let locks = 0
  const stop = lockWhenIdle({
    clock,
    idleSeconds: () => idle,
    lockAfterMinutes: () => settings.minutes,
    lock: () => (locks += 1),
  })
  idle = 100_000
  await clock.advance(60_000)
  expect(locks).toBe(0)
  settings.minutes = 5
  idle = 299
  await clock.advance(15_000)
  expect(locks).toBe(0)
  idle = 300
  await clock.advance(15_000)
  expect(locks).toBe(1)
  stop()
  await clock.advance(60_000)
  expect(locks).toBe(1)
})
