import { Pool } from 'pg'
import { columnName, usableHa1, type Ha1Source, type SubscriberTable } from '../alone/ha1-source.ts'

const patience = { connectionTimeoutMillis: 5_000, query_timeout: 5_000, statement_timeout: 5_000 } as const

/** Table `subscriber` of Kamailio (`docs/kamailio.md`) in PostgreSQL, read only. */
export function postgresSubscribers(url: string, { domain, column }: SubscriberTable): Ha1Source {
  const pool = new Pool({ ...patience, connectionString: url, max: 2, application_name: 'sotto-replica-subscribers' })
  // An idle connection that is lost is replaced when the next one is needed.
  pool.on('error', () => undefined)
  const text = `SELECT ${columnName(column)} AS ha1 FROM subscriber WHERE username = $1 AND domain = $2`
  return {
    ha1: async (user) => {
      const { rows } = await pool.query<{ ha1: unknown }>({ name: 'ha1', text, values: [user, domain] })
      return usableHa1(rows[0]?.ha1)
    },
    close: () => pool.end(),
  }
}
