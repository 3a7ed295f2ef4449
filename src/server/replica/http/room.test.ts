import { expect, test } from 'vitest'
import { Room } from './room.ts'

test('has places for all and for each, and takes them back once', () => {
  const room = new Room(3, 2)
  const [a1, a2] = [room.enter('a'), room.enter('a')]
  expect(room.enter('a')).toBeNull()
  expect(room.enter('b')).not.toBeNull()
  expect([room.isFull, room.enter('c')]).toEqual([true, null])
  a1?.()
  a1?.()
  expect(room.taken).toBe(2)
  expect(room.enter('a')).not.toBeNull()
  a2?.()
  expect(room.taken).toBe(2)
})

test('says when it is empty', async () => {
  const room = new Room(2, 2)
  await room.emptied()
  const leave = room.enter('a')
  let isEmpty = false
  const emptied = room.emptied().then(() => (isEmpty = true))
  await Promise.resolve()
  expect(isEmpty).toBe(false)
  leave?.()
  await emptied
  expect(isEmpty).toBe(true)
})
