import type { Connections } from './connections.ts'

/** Up to here a table is rewritten within a moment; nobody can use it meanwhile. */
const rewrittenUpTo = 64 * 1_048_576

/**
 * Takes erased rows out of the files of their tables. A small table is rewritten without them; of a large one the place is only freed, and
 * what is written next covers it (docs/scaling.md).
 */
export class Tidying {
  readonly #connections: Connections
  readonly #waiting = new Set<string>()
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null

  constructor(connections: Connections) {
    this.#connections = connections
  }

  /** Those who ask while others are served are served together. */
  tidy(tables: readonly string[]): Promise<void> {
    for (const table of tables) this.#waiting.add(table)
    if (tables.length === 0) return Promise.resolve()
    this.#next ??= this.#after(this.#running)
    return this.#next
  }

  async #after(before: Promise<void>): Promise<void> {
    await before.catch(() => undefined)
    const tables = [...this.#waiting]
    this.#waiting.clear()
    this.#running = this.#next ?? before
    this.#next = null
    await this.#connections.maintain(async (client) => {
      for (const table of tables) {
        // A day may have been dropped meanwhile: then it has no size.
        const found = await client.query<{ size: string | null }>(sizeText, [table])
        const size = found.rows[0]?.size ?? null
        if (size !== null) await client.query(`VACUUM ${Number(size) <= rewrittenUpTo ? '(FULL) ' : ''}${table}`)
      }
    })
  }
}

/** With Citus the rows are on other machines, and the size is not to be seen here: large. */
const sizeText = `
SELECT CASE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AND to_regclass($1) IS NOT NULL THEN 'Infinity'
  ELSE pg_total_relation_size(to_regclass($1))::text END AS size`

/** The tables that hold what was received on these days, named as `partition_name` of the schema has it. */
export function tablesOfDays(
  days: readonly number[],
  kinds: readonly ('batch' | 'span' | 'tombstone' | 'blob' | 'blob_part')[],
): readonly string[] {
  return days.flatMap((day) => {
    const date = new Date(day * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '_')
    return kinds.map((kind) => `${kind}_${date}`)
  })
}
