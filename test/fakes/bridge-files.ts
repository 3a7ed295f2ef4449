/** Files of the fake bridge: saving one stops in the middle until it is told to finish. */
import type { BridgeArgs } from '#shared/bridge/table.ts'
import { isSameRow, type RowRef, type SavingView } from '#shared/model/saving.ts'

type Ref = BridgeArgs<'files.save'>

export class FakeFiles {
  readonly #emit: (saving: readonly SavingView[]) => void
  #saving: readonly SavingView[] = []

  constructor(emit: (saving: readonly SavingView[]) => void) {
    this.#emit = emit
  }

  readonly rows = {
    'files.save': (ref: Ref) =>
      this.#put([...this.#saving, { ...(ref as RowRef), done: 300_000, total: 482_113, saved: false }]),
    'files.cancelSaving': (ref: Ref) => this.#put(this.#saving.filter((each) => !isSameRow(each, ref as RowRef))),
    'files.reveal': () => null as never,
  }

  /** Everything that is being saved is there. */
  finish(): void {
    this.#put(this.#saving.map((each) => ({ ...each, done: each.total, saved: true })))
  }

  #put(saving: readonly SavingView[]): never {
    this.#saving = saving
    this.#emit(saving)
    return null as never
  }
}
