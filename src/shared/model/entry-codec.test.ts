import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../errors.ts'
import { decodeEntry, decodeStoredEntry, encodeEntry } from './entry-codec.ts'
import type { Entry } from './entry.ts'
import { arbitraryEntry } from '#test/fixtures/arbitrary-entry.ts'

interface Vectors {
  readonly known: readonly { readonly name: string; readonly entry: Entry; readonly hex: string }[]
  readonly newer: readonly { readonly name: string; readonly kind: string; readonly hex: string }[]
  readonly malformed: readonly { readonly name: string; readonly code: string; readonly hex: string }[]
}
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/entries/entries.json', import.meta.url), 'utf8'),
  // Bytes stand there in hexadecimal.
  (name, value: unknown) => (name === 'key' && typeof value === 'string' ? bytesOf(value) : value),
) as Vectors

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('golden vectors', () => {
  it.each(vectors.known)('$name', ({ entry, hex }) => {
    expect(hexOf(encodeEntry(entry))).toBe(hex)
    expect(decodeEntry(bytesOf(hex))).toEqual(entry)
  })

  it.each(vectors.newer)('from a newer version: $name', ({ kind, hex }) => {
    const entry = decodeEntry(bytesOf(hex))
    expect(entry.body.kind).toBe(kind)
    expect(hexOf(encodeEntry(entry))).toBe(hex)
  })

  it.each(vectors.malformed)('refused: $name', ({ code, hex }) => {
    expect(() => decodeEntry(bytesOf(hex))).toThrow(expect.objectContaining({ code }))
  })
})

describe('properties', () => {
  it('decode inverts encode', () => {
    fc.assert(
      fc.property(arbitraryEntry(), (entry) => {
        const bytes = encodeEntry(entry)
        expect(decodeEntry(bytes)).toEqual(entry)
        expect(decodeStoredEntry(bytes)).toEqual(entry)
      }),
    )
  })

  const refusedOrCanonical = (bytes: Uint8Array) => {
    try {
      expect(hexOf(encodeEntry(decodeEntry(bytes)))).toBe(hexOf(bytes))
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError)
    }
  }

  it('takes garbage or refuses it with a ProtocolError', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), refusedOrCanonical), { numRuns: 2000 })
  })

  it('takes flipped and truncated entries only if they are canonical', () => {
    fc.assert(
      fc.property(arbitraryEntry(), fc.nat(), fc.nat(255), fc.boolean(), (entry, at, flip, cut) => {
        const bytes = encodeEntry(entry)
        const place = at % bytes.length
        bytes[place] = (bytes[place] ?? 0) ^ flip
        refusedOrCanonical(cut ? bytes.subarray(0, place) : bytes)
      }),
      { numRuns: 2000 },
    )
  })

  it('survives hostile nesting and claimed lengths', () => {
    for (const byte of [0x81, 0xa1, 0x9a, 0x5b, 0xbb]) refusedOrCanonical(new Uint8Array(1_000_000).fill(byte))
    expect(() => decodeEntry(new Uint8Array(5_000_000))).toThrow(expect.objectContaining({ code: 'entry-too-large' }))
  })

  it('refuses to encode what breaks a limit', () => {
    const entry = vectors.known[0]!.entry
    const long = { ...entry, body: { ...entry.body, text: 'x'.repeat(1_000_001) } } as Entry
    expect(() => encodeEntry(long)).toThrow(ProtocolError)
    expect(() => encodeEntry({ ...entry, head: { ...entry.head, observedAt: -1 } })).toThrow(ProtocolError)
  })
})
