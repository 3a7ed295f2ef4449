import { describe, expect, it } from 'vitest'
import { placeBatch, type StoredPlace } from './place-batch.ts'
import type { BatchToStore, StoredHead } from './replica-store.ts'

const device = new Uint8Array(16)
const hashOf = (seq: number, branch = 0): Uint8Array =>
  seq === 0 ? new Uint8Array(32) : new Uint8Array(32).fill(seq).with(0, branch)
/** Of a device that wrote one chain, with the numbers of its envelopes as hashes. */
const batch = (first: number, last: number, branch = 0): BatchToStore => ({
  ...{ device, first, last, begins: false, bytes: new Uint8Array() },
  ...{ previous: hashOf(first - 1, branch), hash: hashOf(last, branch) },
})
const head: StoredHead = { device, seq: 9, hash: hashOf(9), day: 30 }
const place = (first: number, last: number): StoredPlace => ({ first, last, hash: hashOf(last), day: 20 })
const said = (one: BatchToStore, reaching: StoredPlace | null = null): string => {
  const answer = placeBatch(one, { head, reaching })
  if (answer === 'next') return answer
  return 'day' in answer ? `${answer.kind} ${answer.day}` : answer.kind
}

describe('a batch', () => {
  it('comes first of all only with nothing before it', () => {
    const nothing = { head: null, reaching: null }
    expect(placeBatch(batch(1, 4), nothing)).toBe('next')
    expect(placeBatch({ ...batch(1, 4), previous: hashOf(3) }, nothing)).toEqual({ kind: 'fork', head: null })
    expect(placeBatch(batch(2, 4), nothing)).toEqual({ kind: 'gap', head: null })
  })

  it('may begin later where its writer keeps nothing older, but not around a head', () => {
    const begins = { ...batch(5, 6), begins: true }
    expect(placeBatch(begins, { head: null, reaching: null })).toBe('next')
    expect(said({ ...batch(12, 13), begins: true })).toBe('gap')
    expect(said({ ...batch(10, 13, 1), begins: true })).toBe('fork')
  })

  it('is the next behind the head, and on no other chain', () => {
    expect(said(batch(10, 12))).toBe('next')
    expect(said(batch(10, 12, 1))).toBe('fork')
    expect(said(batch(11, 12))).toBe('gap')
  })

  it('is repeated only as it was', () => {
    expect(said(batch(4, 6), place(4, 6))).toBe('repeated 20')
    expect(said(batch(4, 6, 1), place(4, 6))).toBe('fork')
    for (const [first, last] of [
      [4, 5],
      [4, 7],
      [5, 6],
      [5, 12],
      [3, 4],
      [6, 6],
    ] as const)
      expect(said(batch(first, last), place(4, 6)), `${first}–${last}`).toBe('fork')
  })

  it('is behind where nothing is kept, but for what the head says', () => {
    expect(said(batch(1, 3), place(4, 6))).toBe('behind')
    expect(said(batch(1, 3))).toBe('behind')
    expect(said(batch(7, 9))).toBe('repeated 30')
    expect(said(batch(7, 9, 1))).toBe('fork')
    expect(said(batch(7, 11))).toBe('fork')
  })
})
