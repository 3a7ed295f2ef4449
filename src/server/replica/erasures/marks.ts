/** What a store remembers of erasures, so that one which went back to a backup is told from one that did not. */

/** An erasure as the list has it (`erasure-list.ts`). */
export interface ErasureMark {
  readonly name: string
  /** Milliseconds since 1970; grows with each line of the list. */
  readonly at: number
}

export interface ErasureMarks {
  /** By name, the newest erasure that was done in this store. */
  marks(): Promise<ReadonlyMap<string, number>>
  mark(mark: ErasureMark): Promise<void>
  /** Forgets those that are older. */
  dropMarksBefore(at: number): Promise<void>
  /** Some accounts of which something is held, behind `after` in an order that stays. */
  accounts(after: string, most: number): Promise<readonly string[]>
}
