/** Which place a new row takes: rows of one instant stand in an order that every device comes to, whatever came first. */
import type { Database, Statement } from 'better-sqlite3'
import { compareText } from '#shared/model/merge-order.ts'
import type { MessageRow } from './views.ts'

/** Messages of one instant that are put in order, and looked at one by one: devices make few of them, only a file can hold many. */
const maxNeighbours = 16

/** What rows of a conversation are ordered by. */
export type PlaceKey = Pick<MessageRow, 'base' | 'sent_at' | 'author' | 'message_id' | 'variant'>

type Neighbour = PlaceKey & Pick<MessageRow, 'position'>

/** Rows that make room, by where they stand: where they go. In this order each goes where nobody stands. */
export type Moves = ReadonlyMap<number, number>

export interface Place {
  readonly position: number
  /** What has to be done before. */
  readonly moves: Moves
}

/** Where a row stands after all `steps`, one after the other. */
export function afterMoves(position: number, steps: readonly Moves[]): number {
  return steps.reduce((at, moves) => moves.get(at) ?? at, position)
}

const none: Moves = new Map()

export class Places {
  readonly #any: Statement<[number, number], number>
  readonly #near: Statement<[number, number, number], Neighbour>
  readonly #from: Statement<[number], number>

  constructor(db: Database) {
    this.#any = db
      .prepare<[number, number], number>('SELECT position FROM message WHERE position >= ? AND position < ? LIMIT 1')
      .pluck()
    this.#near = db.prepare(
      `SELECT position, base, sent_at, author, message_id, variant FROM message
       WHERE conversation = ? AND position >= ? AND position < ? ORDER BY position`,
    )
    this.#from = db
      .prepare<[number], number>('SELECT position FROM message WHERE position >= ? ORDER BY position')
      .pluck()
  }

  /** The place of a row that is not there yet; positions are unique among all conversations, and none is below its base. */
  of(conversation: number, key: PlaceKey): Place {
    const end = key.base + maxNeighbours
    // Nearly always.
    if (this.#any.get(key.base, end) === undefined) return { position: key.base, moves: none }
    const near = this.#near.all(conversation, key.base, end)
    const before = near.findLast((row) => comparePlaces(row, key) < 0)?.position ?? key.base - 1
    const free = this.#freeFrom(before + 1)
    if (free - before > maxNeighbours) return { position: free, moves: none }
    // Whoever stands between moves up by one place of this conversation; the first makes room.
    const inTheWay = near.map((row) => row.position).filter((position) => position > before && position < free)
    const moves = inTheWay.map((from, index) => [from, inTheWay[index + 1] ?? free] as const)
    return { position: inTheWay[0] ?? free, moves: new Map(moves.reverse()) }
  }

  #freeFrom(first: number): number {
    let position = first
    for (const taken of this.#from.iterate(first)) {
      if (taken !== position) return position
      position += 1
      if (position - first >= maxNeighbours) break
    }
    return position - first < maxNeighbours ? position : this.#freeAfter(position - 1)
  }

  /** A free position right after a taken one, somewhere after `taken`: a million messages of one instant are not walked through. */
  #freeAfter(taken: number): number {
    let [low, step] = [taken, 1]
    while (this.#isTaken(low + step)) {
      low += step
      step *= 2
    }
    let high = low + step
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.#isTaken(middle)) low = middle
      else high = middle
    }
    return high
  }

  #isTaken(position: number): boolean {
    return this.#from.get(position) === position
  }
}

/** Earliest observation first, then by what the author's clock said; the rest only has to be the same everywhere. */
export function comparePlaces(a: PlaceKey, b: PlaceKey): number {
  return (
    a.base - b.base ||
    a.sent_at - b.sent_at ||
    compareText(a.author, b.author) ||
    compareText(a.message_id, b.message_id) ||
    a.variant - b.variant
  )
}
