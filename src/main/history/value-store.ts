/** What the history keeps beside entries by a name: settings, secrets and numbers about itself. */
import type { Database } from 'better-sqlite3'

export class ValueStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** JSON of a feature; null removes it. */
  saveSetting(key: string, valueJson: string | null): void {
    if (valueJson === null) this.#db.prepare('DELETE FROM setting WHERE key = ?').run(key)
    else this.#db.prepare('INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)').run(key, valueJson)
  }

  saveSecret(name: string, value: Uint8Array | null): void {
    if (value === null) this.#db.prepare('DELETE FROM secret WHERE name = ?').run(name)
    else this.#db.prepare('INSERT OR REPLACE INTO secret (name, value) VALUES (?, ?)').run(name, value)
  }

  /** Number of the last transaction that changed something visible. */
  revision(): number {
    const row = this.#db.prepare("SELECT value FROM state WHERE name = 'revision'").pluck().get()
    return typeof row === 'number' ? row : 0
  }
}
