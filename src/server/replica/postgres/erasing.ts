/** Erasing rows, and bodies out of rows, in a transaction that holds the account. */
import type { ClientBase } from 'pg'
import { toHex } from '#shared/bytes/bytes.ts'
import type { BodyToErase } from '../replica-store.ts'
import { withoutBodies } from '../without-bodies.ts'
import * as statements from './statements.ts'

/** Erases the rows of an account; returns the days they were of. */
export async function eraseAccountRows(client: ClientBase, account: string): Promise<readonly number[]> {
  await client.query(statements.lockText, [account])
  const { rows } = await client.query<{ day: number }>(statements.daysText, [account])
  for (const text of statements.eraseTexts) await client.query(text, [account])
  return rows.map(({ day }) => day)
}

interface Row {
  readonly device: Buffer
  readonly seq: string
  readonly day: number
  readonly last: string
}

/**
 * Takes bodies out of their batches, and remembers those that are still to come; returns how many were there, and the days of those
 * batches. The day has to be open.
 */
export async function eraseBodyRows(
  client: ClientBase,
  account: string,
  bodies: readonly BodyToErase[],
): Promise<{ readonly taken: number; readonly days: readonly number[] }> {
  if (bodies.length === 0) return { taken: 0, days: [] }
  await client.query(statements.makeAccountText, [account])
  await client.query(statements.lockText, [account])
  const asked = [bodies.map(({ device }) => Buffer.from(device)), bodies.map(({ seq }) => seq)]
  const hashes = bodies.map(({ bodyHash }) => Buffer.from(bodyHash))
  const { rowCount } = await client.query(statements.rememberText, [account, ...asked, hashes])
  if (rowCount !== 0) await client.query(statements.lookForTombstonesText, [account])
  const { rows } = await client.query<Row>(statements.placesText, [account, ...asked])
  const days = new Set<number>()
  let taken = 0
  for (const row of new Map(rows.map((row) => [`${row.device.toString('hex')} ${row.last}`, row])).values()) {
    const device = toHex(row.device)
    const here = bodies.filter((body) => toHex(body.device) === device)
    const count = await eraseInBatch(client, account, row, here)
    if (count > 0) days.add(row.day)
    taken += count
  }
  return { taken, days: [...days] }
}

async function eraseInBatch(
  client: ClientBase,
  account: string,
  row: Row,
  bodies: readonly BodyToErase[],
): Promise<number> {
  const key = [account, row.device, row.day, row.last]
  const { rows } = await client.query<{ bytes: Buffer }>(statements.bytesText, key)
  const bytes = rows[0]?.bytes
  if (bytes === undefined) return 0
  const rest = withoutBodies(bytes, bodies)
  if (rest === null) return 0
  const fewer = bytes.length - rest.bytes.length
  await client.query(statements.replaceText, [...key, Buffer.from(rest.bytes)])
  await client.query(statements.shrinkSpanText, [account, row.device, row.day, fewer])
  await client.query(statements.shrinkAccountText, [account, fewer])
  return rest.erased
}
