import type { Database } from 'better-sqlite3'
import { formatDay } from '../data-dir/day.ts'
import { messageOf, type MessageRow } from './message-row.ts'
import type { ExportReply, MeReply } from '#shared/home/api.ts'

type Counted = MeReply['mailbox']

/** Number and bytes of messages that wait for `user`. */
export function countMailbox(sql: Database, user: string): Counted {
  return count(sql, 'recipient', user)
}

/** Number and bytes of messages `aor` sent that still wait for others. */
export function countSent(sql: Database, aor: string): Counted {
  return count(sql, 'sender', aor)
}

/** The user's devices as the server knows them, with how many messages wait for each. */
export function listDevices(sql: Database, user: string): MeReply['devices'] {
  return sql
    .prepare<[string, string], { instance: string; day: number; waiting: number }>(
      `SELECT instance, last_seen_day AS day,
         (SELECT count(*) FROM delivery d JOIN message m ON m.seq = d.message
          WHERE m.recipient = ? AND d.instance = device.instance) AS waiting
       FROM device WHERE user = ? ORDER BY instance`,
    )
    .all(user, user)
    .map(({ instance, day, waiting }) => ({ instance, lastSeenDay: formatDay(day), waiting }))
}

/** Every message that waits for `user` and every one that `aor` sent and that still waits, with its content. */
export function listMessages(sql: Database, user: string, aor: string): ExportReply['messages'] {
  const waitsFor = sql.prepare<[number], { instance: string }>('SELECT instance FROM delivery WHERE message = ?')
  return sql
    .prepare<[string, string], MessageRow>('SELECT * FROM message WHERE recipient = ? OR sender = ? ORDER BY seq')
    .all(user, aor)
    .map((row) => {
      const message = messageOf(row)
      return {
        from: message.fromHeader,
        to: message.to,
        storedAt: message.receivedAt,
        callId: message.callId,
        headers: [...message.headers],
        bodyBase64: Buffer.from(message.body).toString('base64'),
        // Devices of others are not the sender's to know.
        waitsFor: row.recipient === user ? waitsFor.all(row.seq).map(({ instance }) => instance) : [],
      }
    })
}

function count(sql: Database, column: 'recipient' | 'sender', value: string): Counted {
  const row = sql
    .prepare<[string], Counted>(
      `SELECT count(*) AS messages, coalesce(sum(size), 0) AS bytes FROM message WHERE ${column} = ?`,
    )
    .get(value)
  return row ?? { messages: 0, bytes: 0 }
}
