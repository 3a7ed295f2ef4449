/** What bringing the rows of one cluster up to date did. */
import { afterMoves, type Moves } from './places.ts'

/** A row that was not there before. */
export interface NewRow {
  readonly position: number
  /** It counts as unread until the user reads it. */
  readonly waitsToBeRead: boolean
}

export class ClusterChange {
  /** Positions of rows that are new or changed. */
  changed: number[] = []
  /** Of these, the ones that were not there before. */
  added: NewRow[] = []
  /** Of these, the incoming ones that were not there before. */
  newIncoming: number[] = []
  /** Rows that made room, one time after the other. */
  readonly moved: Moves[] = []
  /** Rows went away or moved: a list of changed rows cannot say it. */
  removed = false

  /** Rows made room; what was noted before stands where they stand now. */
  follow(moves: Moves): void {
    if (moves.size === 0) return
    const now = (position: number): number => afterMoves(position, [moves])
    this.changed = this.changed.map(now)
    this.added = this.added.map((row) => ({ ...row, position: now(row.position) }))
    this.newIncoming = this.newIncoming.map(now)
    this.moved.push(moves)
    this.removed = true
  }
}
