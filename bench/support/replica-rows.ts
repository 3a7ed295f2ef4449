/** Fills the tables of the PostgreSQL store with histories that nobody sent, faster than by appending. */
import type { PostgresServer } from '#test/integration/replica/postgres-server.ts'

export interface HistoryRows {
  readonly account: string
  /** In all, of two devices in turns. */
  readonly rows: number
  /** Received on `days` days up to this one, as many on each. */
  readonly lastDay: number
  readonly days: number
}

const bodyBytes = 300
/** Id of a filled device. */
export const filledDevice = (index: number): Uint8Array => new Uint8Array(16).fill(0xa0 + index)
const deviceSql = (index: number): string => `decode('${Buffer.from(filledDevice(index)).toString('hex')}', 'hex')`
const hashSql = 'sha256(seq::text::bytea)'

/** Makes the partitions, too. Rows of one account per device: seq 1 … rows / 2. */
export async function fillHistory(server: PostgresServer, schema: string, history: HistoryRows): Promise<void> {
  const { account, rows, lastDay, days } = history
  const perDay = Math.ceil(rows / days / 2)
  for (let day = lastDay - days + 1; day <= lastDay; day++) {
    const from = (day - (lastDay - days + 1)) * perDay + 1
    const to = from + perDay - 1
    await server.sql(`SELECT open_day(${day})`, schema)
    for (const index of [0, 1]) {
      await server.sql(
        `INSERT INTO batch (account, device, day, first, last, position, hash, size, bytes)
           SELECT '${account}', ${deviceSql(index)}, ${day}, seq, seq, seq * 2 + ${index}, ${hashSql}, ${bodyBytes},
             substring(decode(repeat(md5(seq::text), 19), 'hex') FROM 1 FOR ${bodyBytes})
           FROM generate_series(${from}, ${to}) AS seq`,
        schema,
      )
      await server.sql(
        `INSERT INTO span VALUES ('${account}', ${deviceSql(index)}, ${day}, ${from}, ${to}, ${perDay}, ${perDay * bodyBytes})`,
        schema,
      )
    }
  }
  await server.sql(
    `INSERT INTO head SELECT '${account}', device, ${perDay * days}, sha256('${perDay * days}'::bytea), ${lastDay}
       FROM unnest(ARRAY[${deviceSql(0)}, ${deviceSql(1)}]) AS device`,
    schema,
  )
  await server.sql(
    `INSERT INTO account SELECT '${account}', ${perDay * days * 2 + 2}, ${perDay * days * 2 * bodyBytes}, drops FROM receipt`,
    schema,
  )
}

/** Makes all batches what they are after weeks: tidied and written down. They stay in memory, where dropping them costs most. */
export async function makeOld(server: PostgresServer, schema: string): Promise<void> {
  await server.sql('VACUUM (ANALYZE)', schema)
  await server.sql('CHECKPOINT')
}
