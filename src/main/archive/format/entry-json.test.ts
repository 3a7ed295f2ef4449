import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '#shared/errors.ts'
import { encodeEntry, decodeEntry } from '#shared/model/entry-codec.ts'
import { arbitraryEntry } from '#test/fixtures/arbitrary-entry.ts'
import { entryFromLine, entryToLine } from './entry-json.ts'

const anyEntry = arbitraryEntry()
const sample = fc.sample(anyEntry, { numRuns: 1, seed: 7 })[0]!

describe('an entry as a line', () => {
  it('comes back with the same bytes', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const line = entryToLine(entry)
        expect(line).not.toContain('\n')
        const back = entryFromLine(line)
        expect(back === null ? null : encodeEntry(back)).toEqual(encodeEntry(entry))
      }),
      { numRuns: 500 },
    )
  })

  it('keeps what this version does not know', () => {
    const unknown = { ...sample, body: { kind: 'unknown', bytes: Uint8Array.of(0xa1, 0x00, 0x18, 0x63) } } as const
    const back = entryFromLine(entryToLine(unknown))
    expect(encodeEntry(back!)).toEqual(encodeEntry(unknown))
    expect(decodeEntry(encodeEntry(back!)).body.kind).toBe('unknown')
  })

  it('leaves out what a later version wrote, and refuses what nobody wrote', () => {
    const value = JSON.parse(entryToLine(sample)) as { body: Record<string, unknown> }
    const changed = (body: Record<string, unknown>) => JSON.stringify({ ...value, body: { ...value.body, ...body } })
    expect(entryFromLine(changed({ kind: 'hologram' }))).toBeNull()
    expect(entryFromLine(changed({ smell: 'lavender' }))).toBeNull()
    expect(entryFromLine(JSON.stringify({ ...value, authenticatedBy: 'oracle' }))).toBeNull()
    for (const bad of [
      '',
      '[]',
      '{',
      '{"id":1}',
      changed({ kind: 7 }),
      JSON.stringify({ ...value, id: 'short' }),
      '['.repeat(200_000),
    ])
      expect(() => entryFromLine(bad)).toThrow(ProtocolError)
  })
})
