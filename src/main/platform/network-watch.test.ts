import { expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { watchNetwork } from './network-watch.ts'

it('tells of other addresses, soon enough for those who talk, and once', async () => {
  const clock = new FakeClock()
  let [addresses, isUrgent, changes] = ['192.0.2.1', false, 0]
  const stop = watchNetwork(clock, {
    changed: () => (changes += 1),
    isUrgent: () => isUrgent,
    read: () => addresses,
  })
  addresses = '192.0.2.2'
  await clock.advance(4_999)
  expect(changes).toBe(0)
  isUrgent = true
  await clock.advance(1)
  expect(changes).toBe(1)
  addresses = ''
  await clock.advance(500)
  expect(changes).toBe(2)
  await clock.advance(60_000)
  expect(changes).toBe(2)
  stop()
  addresses = '192.0.2.3'
  await clock.advance(60_000)
  expect(changes).toBe(2)
})
