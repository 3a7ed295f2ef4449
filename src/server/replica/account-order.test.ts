import { expect, test } from 'vitest'
import { AccountOrder } from './account-order.ts'

test('runs what is asked for one account in order, whatever becomes of it, and others meanwhile', async () => {
  const order = new AccountOrder()
  const did: string[] = []
  let letGo = (): void => undefined
  const first = order.run('a', async () => {
    did.push('a1 begins')
    await new Promise<void>((resolve) => (letGo = resolve))
    did.push('a1 ends')
    throw new Error('a1 failed')
  })
  const second = order.run('a', () => Promise.resolve(did.push('a2')))
  await order.run('b', () => Promise.resolve(did.push('b1')))
  expect(did).toEqual(['a1 begins', 'b1'])
  letGo()
  await expect(first).rejects.toThrow('a1 failed')
  await second
  expect(did).toEqual(['a1 begins', 'b1', 'a1 ends', 'a2'])
})

test('is idle when nothing runs, also what was asked for while it waited', async () => {
  const order = new AccountOrder()
  const did: number[] = []
  void order.run('a', async () => {
    await Promise.resolve()
    void order.run('a', () => Promise.resolve(did.push(2)))
    did.push(1)
  })
  await order.idle()
  expect(did).toEqual([1, 2])
})
