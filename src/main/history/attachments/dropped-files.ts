/** Files of attachments that no entry names any more: erased in the very transaction that finds them so. */
import { existsSync, rmSync } from 'node:fs'
import type { Database, Statement } from 'better-sqlite3'
import { SottoError } from '#shared/errors.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import { syncDirectoryNow } from '#main/platform/atomic-file.ts'
import type { HistoryCommit } from '../port.ts'
import { attachmentFile } from './attachment-store.ts'

export class DroppedFiles {
  readonly #folder: string | undefined
  readonly #hold: Statement<[string]>
  readonly #release: Statement<[]>
  readonly #isHeld: Statement<[string], number>
  readonly #isOrphan: Statement<[string, string], number>
  readonly #forget: Statement<[string]>
  readonly #any: Statement<[], number>

  /** `folder` is that of the attachment store; without it no file can be erased. */
  constructor(db: Database, folder: string | undefined) {
    this.#folder = folder
    // Of this connection alone, in memory: an import that crashed holds nothing.
    db.exec('CREATE TEMP TABLE held_attachment (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID')
    this.#hold = db.prepare('INSERT OR IGNORE INTO held_attachment (id) VALUES (?)')
    this.#release = db.prepare('DELETE FROM held_attachment')
    this.#isHeld = db.prepare<[string], number>('SELECT 1 FROM held_attachment WHERE id = ?').pluck()
    this.#isOrphan = db
      .prepare<[string, string], number>(
        `SELECT 1 FROM dropped_attachment WHERE id = ? AND NOT EXISTS (SELECT 1 FROM attachment WHERE id = ?)`,
      )
      .pluck()
    this.#forget = db.prepare('DELETE FROM dropped_attachment WHERE id = ?')
    this.#any = db
      .prepare<[], number>(
        'SELECT EXISTS (SELECT 1 FROM dropped_attachment WHERE id NOT IN (SELECT id FROM held_attachment))',
      )
      .pluck()
  }

  /** Whether there is anything to erase. */
  any(): boolean {
    return this.#any.get() === 1
  }

  /** What a commit asks of files; returns whether what was dropped meanwhile waits to be erased. @throws the system's error. */
  apply({ holdAttachments, eraseDropped, releaseAttachments }: HistoryCommit): boolean {
    for (const id of holdAttachments ?? []) this.#hold.run(id)
    if (eraseDropped !== undefined) this.#erase(eraseDropped)
    if (releaseAttachments !== true) return false
    this.#release.run()
    return this.any()
  }

  /** The file goes first, then the note that it has to: after a crash in between it is tried again. */
  #erase(ids: readonly AttachmentId[]): void {
    const free = ids.filter((id) => this.#isHeld.get(id) === undefined)
    this.#remove(free.filter((id) => this.#isOrphan.get(id, id) === 1))
    for (const id of free) this.#forget.run(id)
  }

  #remove(ids: readonly AttachmentId[]): void {
    if (ids.length === 0) return
    if (this.#folder === undefined) throw new SottoError('invalid-argument')
    if (!existsSync(this.#folder)) return
    for (const id of ids) rmSync(attachmentFile(this.#folder, id), { force: true })
    syncDirectoryNow(this.#folder)
  }
}
