import { expect, it } from 'vitest'
import type { DbusConnection } from '../dbus/connection.ts'
import { IdleTime } from './idle.ts'

/** A desktop whose idle monitor says `idleMs`; null = it has none. */
function desktop(idle: { ms: number | null }): DbusConnection {
  const fake = {
    hasOwner: () => Promise.resolve(idle.ms !== null),
    call: () => Promise.resolve([BigInt(idle.ms ?? 0)]),
  }
  return fake as unknown as DbusConnection
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('counts from the last input in our windows where the desktop tells nothing', () => {
  let now = 1000
  const idle = new IdleTime({ bus: () => null, now: () => now })
  now += 90_000
  expect(idle.seconds()).toBe(90)
  idle.noteInput()
  now += 5_900
  expect(idle.seconds()).toBe(5)
})

it('takes what the desktop knows of the whole computer, never more than it is', async () => {
  let now = 0
  const said = { ms: 20_000 as number | null }
  const bus = desktop(said)
  const idle = new IdleTime({ bus: () => bus, now: () => now })
  now = 600_000
  expect(idle.seconds()).toBe(600)
  await settled()
  expect(idle.seconds()).toBe(20)
  said.ms = 35_000
  await settled()
  idle.seconds()
  await settled()
  expect(idle.seconds()).toBe(35)
  idle.noteInput()
  expect(idle.seconds()).toBe(0)
})
