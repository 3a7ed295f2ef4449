import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { headFields, kinds } from '#shared/model/entry-fields.ts'

const page = readFileSync(new URL('../../docs/export.md', import.meta.url), 'utf8')

/** Required and optional fields of each kind, as the page's table names them. */
function documented(): Readonly<Record<string, readonly [string[], string[]]>> {
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| ([^|]*) \| ([^|]*?) ?\|$/gm)]
  const names = (cell: string | undefined): string[] =>
    (cell ?? '')
      .split(', ')
      .map((name) => name.trim())
      .filter(Boolean)
      .sort()
  return Object.fromEntries(
    rows.map(([, kind = '', required, optional]) => [kind, [names(required), names(optional)]] as const),
  )
}

describe('docs/export.md', () => {
  it('names every kind of entry with its fields', () => {
    const { unknown: _, ...rows } = documented()
    const expected = Object.entries(kinds).map(([kind, { required, optional }]) => [
      kind,
      [[...required].sort(), [...optional].sort()],
    ])
    expect(rows).toEqual(Object.fromEntries(expected))
  })

  it('shows every field of the head', () => {
    for (const name of Object.keys(headFields)) expect(page).toContain(`"${name}":`)
  })
})
