import { describe, expect, it } from 'vitest'
import { encodeClone } from '../inject/codec.ts'
import { decodeFrame } from './page-session.ts'

describe('frames from a page', () => {
  it('are objects with a kind, and nothing else is', () => {
    expect(decodeFrame(encodeClone({ k: 'h' }))).toEqual({ k: 'h' })
    for (const hostile of [null, 0, 'k', true, [], {}, { k: 1 }, { k: null }, new Map([['k', 'h']]), undefined])
      expect(decodeFrame(encodeClone(hostile))).toBeNull()
  })

  it('are refused without a throw when they are no JSON, or JSON without end', () => {
    for (const hostile of ['', '{', 'null', '[[[[', '['.repeat(200_000), '{"$":"m","v":1}', '{"$":"x"}', '"\ud800"'])
      expect(decodeFrame(hostile)).toBeNull()
  })
})
