/** Rows of blobs, in a transaction that holds the account. */
import { createHash } from 'node:crypto'
import type { ClientBase } from 'pg'
import type { BlobAnswer, BlobPart } from '../blob-store.ts'

/** A part, for an account with a quota, by the clock of the server. */
export interface PartToAdd extends BlobPart {
  readonly account: string
  readonly clockDay: number
  readonly quota: number
}

interface BlobRow {
  readonly day: number
  readonly size: string
  readonly received: string
  readonly whole: boolean
}

const key = 'account = $1 AND hash = $2'

/** Waits for whoever adds to this account's blobs or erases some, and keeps others waiting. */
export async function lockBlobs(client: ClientBase, account: string): Promise<void> {
  await client.query('INSERT INTO blob_account VALUES ($1) ON CONFLICT DO NOTHING', [account])
  await client.query('SELECT 1 FROM blob_account WHERE account = $1 FOR UPDATE', [account])
}

/** `later`: the day has to be opened first. */
export async function addPart(client: ClientBase, part: PartToAdd): Promise<BlobAnswer | 'later'> {
  const { account, hash, size } = part
  await lockBlobs(client, account)
  const values = [account, Buffer.from(hash)]
  const found = await client.query<BlobRow>(`SELECT day, size, received, whole FROM blob WHERE ${key}`, values)
  const row = found.rows[0] ?? null
  if (row?.whole === true) return { kind: 'repeated', day: row.day }
  if (row === null || Number(row.size) === size) return addBehind(client, part, row)
  await eraseRows(client, account, [hash])
  return addBehind(client, part, null)
}

/** `row` = what is here of it. */
async function addBehind(client: ClientBase, part: PartToAdd, row: BlobRow | null): Promise<BlobAnswer | 'later'> {
  const { account, hash, size, at, bytes } = part
  const next = Number(row?.received ?? 0)
  if (at !== next) return { kind: 'part', next }
  const day = row?.day ?? (await beginBlob(client, part))
  if (day === 'later') return day
  if (day === 'quota') return { kind: day }
  const place = [account, Buffer.from(hash), day]
  const insert = 'INSERT INTO blob_part (account, hash, day, at, bytes) VALUES ($1, $2, $3, $4, $5)'
  await client.query(insert, [...place, at, Buffer.from(bytes)])
  await client.query(`UPDATE blob SET received = $4 WHERE ${key} AND day = $3`, [...place, at + bytes.length])
  return at + bytes.length < size ? { kind: 'part', next: at + bytes.length } : endBlob(client, part, day)
}

/** The day on which it begins. */
async function beginBlob(client: ClientBase, part: PartToAdd): Promise<number | 'later' | 'quota'> {
  const { account, hash, size, clockDay, quota } = part
  const { rows } = await client.query<{ day: number; bytes: string }>(
    'SELECT day, (SELECT coalesce(sum(size), 0) FROM blob WHERE account = $1) AS bytes FROM receipt',
    [account],
  )
  const { day, bytes } = rows[0] ?? { day: 0, bytes: '0' }
  if (clockDay > day) return 'later'
  if (Number(bytes) + size > quota) return 'quota'
  await client.query('INSERT INTO blob (account, hash, day, size, received, whole) VALUES ($1, $2, $3, $4, 0, false)', [
    ...[account, Buffer.from(hash), day, size],
  ])
  return day
}

async function endBlob(client: ClientBase, { account, hash, size }: PartToAdd, day: number): Promise<BlobAnswer> {
  const found = createHash('sha256')
  for (let at = 0; at < size;) {
    const bytes = await partFrom(client, { account, hash, at })
    if (bytes.length === 0) break
    found.update(bytes)
    at += bytes.length
  }
  if (!found.digest().equals(hash)) {
    await eraseRows(client, account, [hash])
    return { kind: 'wrong-hash' }
  }
  await client.query(`UPDATE blob SET whole = true WHERE ${key} AND day = $3`, [account, Buffer.from(hash), day])
  return { kind: 'stored', day }
}

/** Bytes from `at` to the end of the part that this place is in. */
export async function partFrom(
  client: Pick<ClientBase, 'query'>,
  { account, hash, at }: { readonly account: string; readonly hash: Uint8Array; readonly at: number },
): Promise<Uint8Array> {
  const { rows } = await client.query<{ bytes: Buffer }>({ text: partText, values: [account, Buffer.from(hash), at] })
  return rows[0]?.bytes ?? new Uint8Array()
}

export const partText = `
SELECT substr(bytes, ($3 - at + 1)::integer) AS bytes FROM blob_part WHERE ${key} AND at <= $3 ORDER BY at DESC LIMIT 1`

/** Erases blobs; returns their days, one for each. */
export async function eraseRows(
  client: ClientBase,
  account: string,
  hashes: readonly Uint8Array[],
): Promise<readonly number[]> {
  const values = [account, hashes.map((hash) => Buffer.from(hash))]
  const where = 'WHERE account = $1 AND hash = ANY ($2::bytea[])'
  const { rows } = await client.query<{ day: number }>(`DELETE FROM blob ${where} RETURNING day`, values)
  await client.query(`DELETE FROM blob_part ${where}`, values)
  return rows.map(({ day }) => day)
}

/** Erases all blobs of an account; returns their days. */
export async function eraseAllRows(client: ClientBase, account: string): Promise<readonly number[]> {
  const { rows } = await client.query<{ day: number }>('DELETE FROM blob WHERE account = $1 RETURNING day', [account])
  await client.query('DELETE FROM blob_part WHERE account = $1', [account])
  await client.query('DELETE FROM blob_account WHERE account = $1', [account])
  return rows.map(({ day }) => day)
}
