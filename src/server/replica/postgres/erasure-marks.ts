import type { Connections } from './connections.ts'
import type { ErasureMark, ErasureMarks } from '../erasures/marks.ts'

/** Which erasures of accounts were done in a database, beside its histories and blobs. */
export class PostgresErasureMarks implements ErasureMarks {
  readonly #connections: Connections

  constructor(connections: Connections) {
    this.#connections = connections
  }

  async marks(): Promise<ReadonlyMap<string, number>> {
    const text = 'SELECT name, at FROM erased_account'
    const rows = await this.#connections.query<{ name: string; at: string }>({ text })
    return new Map(rows.map(({ name, at }) => [name, Number(at)]))
  }

  async mark({ name, at }: ErasureMark): Promise<void> {
    const text = 'INSERT INTO erased_account VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET at = excluded.at'
    await this.#connections.query({ text, values: [name, at] })
  }

  async dropMarksBefore(at: number): Promise<void> {
    await this.#connections.query({ text: 'DELETE FROM erased_account WHERE at < $1', values: [at] })
  }

  async accounts(after: string, most: number): Promise<readonly string[]> {
    const rows = await this.#connections.query<{ account: string }>({ text: accountsText, values: [after, most] })
    return rows.map(({ account }) => account)
  }
}

/** An order of bytes, which is the same wherever it is asked for. */
const accountsText = `
SELECT account FROM (SELECT account FROM account UNION SELECT account FROM blob_account) AS held
  WHERE account COLLATE "C" > $1 ORDER BY account COLLATE "C" LIMIT $2`
