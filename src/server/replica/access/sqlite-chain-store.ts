import { join } from 'node:path'
import type {
  AccessStore,
  BoxAnswer,
  BoxRecipient,
  ChainMark,
  EpochBox,
  LinkToStore,
  StoredChain,
} from './chain-store.ts'
import { maxBoxBytes } from './chain-store.ts'
import type { AccessLimits } from './limits.ts'
import { erasedAccountTable, SqliteErasureMarks } from './sqlite-erasure-marks.ts'
import { erasureRequestTable, SqliteErasureRequests } from './sqlite-erasure-requests.ts'
import type { ErasureMark } from '../erasures/marks.ts'
import { SqliteFile } from '../../home/data-dir/sqlite-file.ts'
import { copyOf, equalBytes, utf8 } from '#shared/bytes/bytes.ts'

/** Steps are never edited once released. */
const migrations: readonly string[] = [
  `
  CREATE TABLE chain_link (
    account TEXT NOT NULL,
    place INTEGER NOT NULL,
    hash TEXT NOT NULL,
    link BLOB NOT NULL,
    PRIMARY KEY (account, place),
    UNIQUE (account, hash)
  ) STRICT;
  CREATE TABLE epoch_box (
    account TEXT NOT NULL,
    recipient BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    box BLOB NOT NULL CHECK (length(box) <= 1024),
    PRIMARY KEY (account, recipient, epoch)
  ) STRICT;
  `,
  erasureRequestTable,
  erasedAccountTable,
]

interface Last {
  readonly place: number
  readonly hash: string
}

/** Device chains, epoch boxes and what was asked about them in one plain SQLite file. */
export class SqliteChainStore implements AccessStore {
  readonly #file: SqliteFile
  readonly #limits: Pick<AccessLimits, 'boxes'>
  readonly erasures: SqliteErasureRequests
  readonly marks: SqliteErasureMarks

  constructor(directory: string, limits: Pick<AccessLimits, 'boxes'>) {
    this.#file = new SqliteFile(join(directory, 'access.db'), migrations)
    this.#limits = limits
    this.erasures = new SqliteErasureRequests(this.#file)
    this.marks = new SqliteErasureMarks(this.#file)
  }

  mark(account: string): Promise<ChainMark | null> {
    return this.#run(() => markOf(this.#last(account)))
  }

  links(account: string): Promise<StoredChain | null> {
    return this.#inTransaction(() => {
      const mark = markOf(this.#last(account))
      if (mark === null) return null
      const rows = this.#file.sql
        .prepare<[string], { link: Uint8Array }>('SELECT link FROM chain_link WHERE account = ? ORDER BY place')
        .all(account)
      return { mark, links: rows.map(({ link }) => copyOf(link)) }
    })
  }

  append(account: string, { hash, bytes }: LinkToStore, after: ChainMark | null): Promise<boolean> {
    return this.#inTransaction(() => {
      const last = this.#last(account)
      if (markOf(last) !== after) return false
      this.#insert(account, (last?.place ?? -1) + 1, { hash, bytes })
      return true
    })
  }

  begin(account: string, links: readonly LinkToStore[]): Promise<boolean> {
    return this.#inTransaction(() => {
      if (markOf(this.#last(account)) !== null) return false
      for (const [place, link] of links.entries()) this.#insert(account, place, link)
      return true
    })
  }

  #insert(account: string, place: number, { hash, bytes }: LinkToStore): void {
    this.#file.sql
      .prepare('INSERT INTO chain_link (account, place, hash, link) VALUES (?, ?, ?, ?)')
      .run(account, place, hash, bytes)
  }

  putBoxes(account: string, boxes: readonly EpochBox[]): Promise<readonly BoxAnswer[] | 'quota'> {
    return this.#inTransaction(() => {
      if (boxes.some(({ box }) => box.length > maxBoxBytes)) return 'quota'
      const found = boxes.map((box) => this.#compare(account, box))
      const fresh = found.filter((answer) => answer === 'stored').length
      if (fresh > 0 && this.#countBoxes(account) + fresh > this.#limits.boxes) return 'quota'
      return boxes.map((box) => this.#put(account, box))
    })
  }

  boxes(account: string, recipient: BoxRecipient): Promise<readonly Pick<EpochBox, 'epoch' | 'box'>[]> {
    return this.#run(() =>
      this.#file.sql
        .prepare<[string, Uint8Array], { epoch: number; box: Uint8Array }>(
          'SELECT epoch, box FROM epoch_box WHERE account = ? AND recipient = ? ORDER BY epoch',
        )
        .all(account, recipientKey(recipient))
        .map(({ epoch, box }) => ({ epoch, box: copyOf(box) })),
    )
  }

  dropBoxesBefore(account: string, epoch: number): Promise<number> {
    return this.#erase(
      () => this.#file.sql.prepare('DELETE FROM epoch_box WHERE account = ? AND epoch < ?').run(account, epoch).changes,
    )
  }

  async eraseAccount(account: string, mark?: ErasureMark): Promise<void> {
    await this.#erase(() => {
      if (mark !== undefined) this.marks.markNow(mark)
      for (const table of ['chain_link', 'epoch_box', 'erasure_request'])
        this.#file.sql.prepare(`DELETE FROM ${table} WHERE account = ?`).run(account)
    })
  }

  close(): Promise<void> {
    return this.#run(() => this.#file.close())
  }

  #last(account: string): Last | undefined {
    return this.#file.sql
      .prepare<[string], Last>('SELECT place, hash FROM chain_link WHERE account = ? ORDER BY place DESC LIMIT 1')
      .get(account)
  }

  #compare(account: string, { recipient, epoch, box }: EpochBox): BoxAnswer {
    const row = this.#file.sql
      .prepare<[string, Uint8Array, number], { box: Uint8Array }>(
        'SELECT box FROM epoch_box WHERE account = ? AND recipient = ? AND epoch = ?',
      )
      .get(account, recipientKey(recipient), epoch)
    if (row === undefined) return 'stored'
    return equalBytes(row.box, box) ? 'repeated' : 'taken'
  }

  /** Compared anew: the same box may stand twice in one request. */
  #put(account: string, box: EpochBox): BoxAnswer {
    const answer = this.#compare(account, box)
    if (answer === 'stored')
      this.#file.sql
        .prepare('INSERT INTO epoch_box (account, recipient, epoch, box) VALUES (?, ?, ?, ?)')
        .run(account, recipientKey(box.recipient), box.epoch, box.box)
    return answer
  }

  /** At most as many rows as the quota has, and only when a box is new. */
  #countBoxes(account: string): number {
    const row = this.#file.sql
      .prepare<[string], { boxes: number }>('SELECT count(*) AS boxes FROM epoch_box WHERE account = ?')
      .get(account)
    return row?.boxes ?? 0
  }

  #erase<T>(run: () => T): Promise<T> {
    return this.#run(() => {
      const done = this.#file.sql.transaction(run)()
      this.#file.markErased()
      this.#file.purge()
      return done
    })
  }

  #inTransaction<T>(run: () => T): Promise<T> {
    return this.#run(() => this.#file.sql.transaction(run).immediate())
  }

  /** What SQLite throws comes as a rejection. */
  #run<T>(run: () => T): Promise<T> {
    return new Promise((resolve) => resolve(run()))
  }
}

function markOf(last: Last | undefined): ChainMark | null {
  return last === undefined ? null : `${last.place} ${last.hash}`
}

/** Device ids are 16 bytes: the word cannot be one. */
function recipientKey(recipient: BoxRecipient): Uint8Array {
  return recipient === 'paper' ? utf8('paper') : recipient
}
