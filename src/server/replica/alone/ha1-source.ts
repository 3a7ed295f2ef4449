import Database from 'better-sqlite3'
import { readFileSync } from 'node:fs'

/** Where the digest secrets of users are (RFC 7616 §3.4.2: SHA-256 of `user:domain:password`, hex). */
export interface Ha1Source {
  /** Null for a user who is not there. */
  ha1(user: string): Promise<string | null>
  close(): Promise<void>
}

const ha1Pattern = /^[0-9a-f]{64}$/i

/** The value of a row as digest takes it; a shorter one is of MD5, which opens nothing. */
export function usableHa1(value: unknown): string | null {
  return typeof value === 'string' && ha1Pattern.test(value.trim()) ? value.trim().toLowerCase() : null
}

/** Nobody signs in by password. */
export const noHa1: Ha1Source = { ha1: () => Promise.resolve(null), close: () => Promise.resolve() }

/** A file of lines `user:domain:HA1`, read anew for each question: people are added while the server runs. */
export function fileHa1(path: string, domain: string): Ha1Source {
  const find = (user: string): string | null => {
    const lines = readFileSync(path, 'utf8').split(/\r?\n/)
    const line = lines.map((each) => each.split(':')).find(([name, realm]) => name === user && realm === domain)
    return usableHa1(line?.[2])
  }
  return { ...noHa1, ha1: (user) => new Promise((resolve) => resolve(find(user))) }
}

/** Table `subscriber` of Kamailio (`docs/kamailio.md`) in SQLite. */
export function sqliteSubscribers(path: string, { domain, column }: SubscriberTable): Ha1Source {
  const file = new Database(path, { readonly: true, fileMustExist: true })
  const find = file.prepare<[string, string], { ha1: unknown }>(
    `SELECT ${columnName(column)} AS ha1 FROM subscriber WHERE username = ? AND domain = ?`,
  )
  return {
    ha1: (user) => new Promise((resolve) => resolve(usableHa1(find.get(user, domain)?.ha1))),
    close: () => Promise.resolve(void file.close()),
  }
}

export interface SubscriberTable {
  readonly domain: string
  /** Which column has the HA1: `ha1` with Sotto's recipe. */
  readonly column: string
}

/** A column's name as SQL takes it. @throws for anything but a plain word. */
export function columnName(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error('not the name of a column')
  return `"${name}"`
}
