import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { callMessageIdOf } from './derive-ids.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()

it('a call has one id wherever it rings, fit for a Message-ID, and tells nothing of its Call-ID', () => {
  const id = callMessageIdOf(sha256, 'a84b4c76e66710@pc33.atlanta.example.com')
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(callMessageIdOf(sha256, 'a84b4c76e66710@pc33.atlanta.example.com')).toBe(id)
  expect(callMessageIdOf(sha256, 'a84b4c76e66711@pc33.atlanta.example.com')).not.toBe(id)
})
