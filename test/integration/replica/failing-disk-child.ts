/**
 * The store whose disk fails: one life for each fault, in one process. Arguments: the folder of the disk, the control file of the library,
 * and the faults as JSON. Prints what each life showed, a line of JSON each.
 */
import { cpSync, rmSync } from 'node:fs'
import path from 'node:path'
import { SottoError } from '#shared/errors.ts'
import { DiskControl, type DiskFault } from '#test/fakes/disk-shim.ts'
import { PromisedBatches } from './promised-batches.ts'
import { ReplicaLife } from './replica-life.ts'

/** What one fault did. */
export interface StoreFaultReport {
  readonly fault: DiskFault
  /** Calls that failed. */
  readonly failed: number
  /** Code that whoever asked was told, or null where the store could do without the call. */
  readonly refusal: string | null
  readonly problems: readonly string[]
}

/** Rounds of a life: it makes more calls than any fault counts. */
const rounds = 12
/** Steps after the disk works again, and steps on a full disk before that. */
const [stepsAfter, stepsWhileFull] = [9, 2]

const [disk, controlFile, faults] = process.argv.slice(2)
if (disk === undefined || controlFile === undefined || faults === undefined)
  throw new Error('disk, control, faults wanted')
const control = new DiskControl(controlFile)
const directory = path.join(disk, 'replica')
type Step = () => Promise<void>

class FailingLife {
  readonly #promised = new PromisedBatches()
  readonly #problems: string[] = []
  readonly #fault: DiskFault
  #life: ReplicaLife | null = null
  #refusal: string | null = null
  #isMended = false
  #steps = 0

  constructor(fault: DiskFault) {
    this.#fault = fault
  }

  async run(): Promise<StoreFaultReport> {
    control.arm(this.#fault)
    for (const step of this.#all()) {
      await this.#take(step)
      if (this.#isMended && ++this.#steps > stepsAfter) break
    }
    const { failed } = control.counts()
    control.arm(null)
    await this.#life?.store.close()
    await this.#look('in the end', directory)
    return { fault: this.#fault, failed, refusal: this.#refusal, problems: this.#problems }
  }

  *#all(): Generator<Step> {
    const say = (...words: readonly (string | number)[]): void => this.#promised.note(words.join(' '))
    yield () => {
      this.#life = new ReplicaLife({ directory, name: 'life', say })
      return Promise.resolve()
    }
    if (this.#life !== null) yield* this.#life.rounds(rounds)
  }

  async #take(step: Step): Promise<void> {
    const refusal = await this.#attempt(step)
    if (this.#isMended || control.counts().failed === 0) {
      if (refusal !== null) this.#problems.push(`refused by a disk that works: ${refusal}`)
      return
    }
    this.#refusal = refusal
    // What could do without the call goes on; a full disk stays full for a while.
    if (refusal === null && this.#fault.kind === 'full' && ++this.#steps < stepsWhileFull) return
    await this.#lookAfterCrash()
    control.mend()
    this.#isMended = true
    this.#steps = 0
    const again = refusal === null ? null : await this.#attempt(step)
    if (again !== null) this.#problems.push(`refused again by a disk that works: ${again}`)
  }

  async #attempt(step: Step): Promise<string | null> {
    try {
      await step()
      return null
    } catch (error) {
      if (error instanceof SottoError && ['disk-full', 'disk-failed'].includes(error.code)) return error.code
      this.#problems.push(`said ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      return 'another'
    }
  }

  /** What the next start would find if the program died of it. */
  async #lookAfterCrash(): Promise<void> {
    const copy = `${disk}-copy`
    rmSync(copy, { recursive: true, force: true })
    cpSync(directory, copy, { recursive: true, filter: (file) => !file.endsWith('-shm') })
    await this.#look('after a crash', copy)
  }

  async #look(when: string, root: string): Promise<void> {
    try {
      for (const problem of await this.#promised.lookAgain(root)) this.#problems.push(`${when}: ${problem}`)
    } catch (error) {
      this.#problems.push(`${when}: ${String(error)}`)
    }
  }
}

for (const fault of JSON.parse(faults) as readonly DiskFault[]) {
  process.stdout.write(`${JSON.stringify(await new FailingLife(fault).run())}\n`)
  rmSync(directory, { recursive: true, force: true })
}
