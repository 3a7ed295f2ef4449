import { expect, test } from 'vitest'
import { Admission } from './admission.ts'
import { ManualClock, testLimits } from '#test/fakes/home-server.ts'

const limits = { ...testLimits, connections: 5, connectionsPerAddress: 3, connectBurst: 4, connectsPerSecond: 1 }

test('bounds connections in all, per address and per second, and forgets addresses', () => {
  const clock = new ManualClock()
  const admission = new Admission({ limits, clock })
  const places = [admission.admit('a'), admission.admit('a'), admission.admit('a')]
  expect(places).not.toContain(null)
  expect(admission.admit('a')).toBeNull()
  places[0]?.()
  places[0]?.()
  expect(admission.open).toBe(2)
  expect(admission.admit('a')).not.toBeNull()
  places[1]?.()
  expect(admission.admit('a'), 'burst of four is used').toBeNull()
  clock.advance(1_000)
  expect(admission.admit('a')).not.toBeNull()
  expect(admission.admit('b')).not.toBeNull()
  expect(admission.admit('b')).not.toBeNull()
  expect(admission.admit('c'), 'five in all').toBeNull()
  clock.advance(10_000)
  admission.sweep()
  expect(admission.open).toBe(5)
})
