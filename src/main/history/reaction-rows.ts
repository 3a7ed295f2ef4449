/** The `reaction` table: one row for each side that answered a row with emoji. */
import type { Database, Statement } from 'better-sqlite3'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import { kinds } from '#shared/model/entry-fields.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { Subject } from '#shared/model/merge.ts'
import { lastChosenAt } from '#shared/model/merge-reactions.ts'
import { writeReaction, type Reaction } from '#shared/model/reactions.ts'

/** All reactions of the row in one text: a line each, the author and the emoji with spaces between; null for none. */
export const reactionsColumn = `(SELECT group_concat(reaction.author || ' ' || reaction.emojis, char(10) ORDER BY reaction.author)
  FROM reaction WHERE reaction.position = message.position) AS reactions`

/** The text of {@link reactionsColumn}. */
export function reactionsText(reactions: readonly Reaction[]): string | null {
  if (reactions.length === 0) return null
  return reactions.map(({ author, emojis }) => `${author} ${writeReaction(emojis)}`).join('\n')
}

/** What the text of {@link reactionsColumn} says. */
export function reactionsOf(text: string): readonly Reaction[] {
  return text.split('\n').map((line) => {
    const [author = '', ...emojis] = line.split(' ')
    return { author: author as Aor, emojis }
  })
}

export class ReactionRows {
  readonly #insert: Statement<[number, string, string]>
  readonly #clear: Statement<[number]>

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT INTO reaction (position, author, emojis) VALUES (?, ?, ?)')
    this.#clear = db.prepare('DELETE FROM reaction WHERE position = ?')
  }

  add(position: number, reactions: readonly Reaction[]): void {
    for (const { author, emojis } of reactions) this.#insert.run(position, author, writeReaction(emojis))
  }

  replace(position: number, reactions: readonly Reaction[]): void {
    this.#clear.run(position)
    this.add(position, reactions)
  }
}

/** As {@link HistoryReaderPort.lastReaction}. */
export function readLastReaction(
  db: Database,
  { conversation, author, messageId }: Pick<Subject, 'conversation' | 'author' | 'messageId'>,
  by: Aor,
): number | null {
  const found = db.prepare<[string, string, string], Uint8Array>(
    `SELECT bytes FROM entry WHERE conversation = (SELECT ref FROM conversation WHERE id = ?) AND subject = ? AND author = ?
       AND kind = ${kinds.reaction.number}`,
  )
  return lastChosenAt(found.pluck().all(conversation, messageId, author).map(decodeStoredEntry), by)
}
