/** The `account` table, and erasing everything about one account. */
import type { Database, Statement } from 'better-sqlite3'
import type { AccountId, Aor, ConversationId } from '#shared/model/ids.ts'
import type { Touched } from './apply-entry.ts'
import type { CallKeyStore } from './call-key-store.ts'
import type { RowEraser } from './row-eraser.ts'

interface Conversation {
  readonly ref: number
  readonly id: ConversationId
}

export class AccountStore {
  readonly #db: Database
  readonly #rows: RowEraser
  readonly #callKeys: CallKeyStore
  readonly #name: Statement<[string, string]>
  readonly #conversations: Statement<[string], Conversation>

  constructor(db: Database, rows: RowEraser, callKeys: CallKeyStore) {
    this.#db = db
    this.#rows = rows
    this.#callKeys = callKeys
    this.#name = db.prepare('INSERT OR REPLACE INTO account (aor, id) VALUES (?, ?)')
    this.#conversations = db.prepare('SELECT ref, id FROM conversation WHERE account = ?')
  }

  /** Says which account id stands for an address; its conversations are shown under it from now on. */
  name(aor: Aor, id: AccountId, touched: Touched): void {
    const known = this.#db.prepare('SELECT id FROM account WHERE aor = ?').pluck().get(aor)
    if (known === id) return
    this.#name.run(aor, id)
    for (const { ref } of this.#conversations.all(aor)) touched.conversations.add(ref)
  }

  erase(aor: Aor, touched: Touched): void {
    for (const { id } of this.#conversations.all(aor)) this.#rows.conversation(id, touched)
    this.#db.prepare('DELETE FROM entry WHERE account = ?').run(aor)
    this.#db.prepare('DELETE FROM job WHERE account_id = (SELECT id FROM account WHERE aor = ?)').run(aor)
    this.#db.prepare('DELETE FROM saved_search WHERE account = ?').run(aor)
    this.#callKeys.erase(aor)
    this.#db.prepare('DELETE FROM account WHERE aor = ?').run(aor)
    this.#db.prepare('DELETE FROM replica WHERE account = ?').run(aor)
    touched.incomplete = true
  }
}
