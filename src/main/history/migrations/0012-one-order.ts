import type { Database } from 'better-sqlite3'
import { maxUnread } from '#shared/model/limits.ts'
import { comparePlaces, type PlaceKey } from '../places.ts'
import type { Migration } from './migrations.ts'

type Row = PlaceKey & { readonly position: number }

/** Rows of one conversation between these positions push each other from their places. */
interface Crowd {
  readonly conversation: number
  readonly from: number
  to: number
}

/** Rows of one instant stand where every device has them (docs/history.md); they stood as they had come. */
export const oneOrder: Migration = {
  version: 12,
  sql: '',
  run: (db) => {
    db.pragma('defer_foreign_keys = ON')
    const moved = new Set<number>()
    for (const crowd of crowdsIn(db)) if (putInOrder(db, crowd)) moved.add(crowd.conversation)
    if (moved.size === 0) return
    for (const conversation of moved) countAgain(db, conversation)
    // What is indexed by position is indexed again.
    db.prepare("DELETE FROM state WHERE name = 'search_text_version'").run()
  },
}

/** Where nobody stands beside its base, everybody stands in order. Who stands beside it crowds all from there to where it stands. */
function crowdsIn(db: Database): readonly Crowd[] {
  const displaced = db.prepare<[], Pick<Row, 'base' | 'position'> & { readonly conversation: number }>(
    'SELECT conversation, base, position FROM message WHERE position <> base ORDER BY conversation, base',
  )
  const crowds: Crowd[] = []
  for (const { conversation, base, position } of displaced.all()) {
    const last = crowds.at(-1)
    if (last?.conversation === conversation && base <= last.to) last.to = Math.max(last.to, position)
    else crowds.push({ conversation, from: base, to: position })
  }
  return crowds
}

function putInOrder(db: Database, { conversation, from: first, to: last }: Crowd): boolean {
  const rows = db
    .prepare<[number, number, number], Row>(
      `SELECT position, base, sent_at, author, message_id, variant FROM message
       WHERE conversation = ? AND position BETWEEN ? AND ? ORDER BY position`,
    )
    .all(conversation, first, last)
  const ordered = rows.toSorted(comparePlaces)
  const moves = ordered
    .map((row, index) => ({ from: row.position, to: rows[index]?.position ?? row.position }))
    .filter(({ from, to }) => from !== to)
  // Out of the way first: two rows never stand in one place.
  for (const { from } of moves) move(db, from, -1 - from)
  for (const { from, to } of moves) move(db, -1 - from, to)
  return moves.length > 0
}

function move(db: Database, from: number, to: number): void {
  db.prepare('UPDATE message SET position = ? WHERE position = ?').run(to, from)
  db.prepare('UPDATE reaction SET position = ? WHERE position = ?').run(to, from)
}

function countAgain(db: Database, conversation: number): void {
  db.prepare(
    `UPDATE conversation SET
       read_position = max(read_floor,
         coalesce((SELECT max(position) FROM message WHERE conversation = :conversation AND read_mark = 1), -1)),
       last_position = (SELECT max(position) FROM message WHERE conversation = :conversation)
     WHERE ref = :conversation`,
  ).run({ conversation })
  db.prepare(
    `UPDATE conversation SET unread = (SELECT count(*) FROM (SELECT 1 FROM message
       WHERE conversation = :conversation AND position > conversation.read_position
         AND incoming = 1 AND deleted = 0 AND quiet = 0 LIMIT ${maxUnread})) WHERE ref = :conversation`,
  ).run({ conversation })
}
