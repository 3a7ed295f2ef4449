/** The tables and functions of `resources/postgres`, brought to the newest version. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientBase } from 'pg'
import { PostgresStoreError } from './errors.ts'

/** Two servers that start at once take turns; any number will do that no one else uses. */
const migrationLock = 0x50770

/**
 * Runs the steps that this database has not had; they are numbered from 1 and never edited once released.
 * @throws PostgresStoreError `too-new`.
 */
export async function migrate(client: ClientBase, directory: string): Promise<void> {
  const steps = readSteps(directory)
  await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
  await client.query('CREATE TABLE IF NOT EXISTS schema_step (step integer PRIMARY KEY)')
  const { rows } = await client.query<{ step: number }>('SELECT coalesce(max(step), 0) AS step FROM schema_step')
  const had = rows[0]?.step ?? 0
  if (had > steps.length) throw new PostgresStoreError('too-new', 'this database is from a newer version')
  for (const [index, step] of steps.entries()) {
    if (index < had) continue
    await client.query(step)
    await client.query('INSERT INTO schema_step VALUES ($1)', [index + 1])
  }
}

function readSteps(directory: string): readonly string[] {
  const names = readdirSync(directory).filter((name) => /^\d{4}-.*\.sql$/.test(name))
  return names.toSorted().map((name) => readFileSync(join(directory, name), 'utf8'))
}
