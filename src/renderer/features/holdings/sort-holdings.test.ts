import { expect, it } from 'vitest'
import type { ConversationHolding } from '#shared/model/holdings.ts'
import { holdingName, sortHoldings } from './sort-holdings.ts'

const holding = (name: string, bytes: number, fileBytes = 0): ConversationHolding =>
  ({ name, peer: `sip:${name || 'nameless'}@a.example`, bytes, fileBytes }) as ConversationHolding
const all = [holding('Bob', 5), holding('åsa', 1, 100), holding('', 50), holding('Zoe', 7)]
const names = (by: 'name' | 'size', reversed: boolean) => sortHoldings(all, { by, reversed }).map(holdingName)

it('puts what takes most, files included, first', () => {
  expect(names('size', false)).toEqual(['åsa', 'nameless@a.example', 'Zoe', 'Bob'])
  expect(names('size', true)).toEqual(['Bob', 'Zoe', 'nameless@a.example', 'åsa'])
})

it('sorts by the name that is shown, and leaves the list as it was', () => {
  const before = [...all]
  expect(names('name', false)).toEqual(['åsa', 'Bob', 'nameless@a.example', 'Zoe'])
  expect(all).toEqual(before)
})
