/**
 * The program whose disk fails: one life of a profile for each fault, in one process. Arguments: the folder of the disk, the
 * control file of the library, and the faults as JSON. Prints what each life showed, a line of JSON each.
 */
import { cpSync, existsSync, globSync, mkdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { SottoError } from '#shared/errors.ts'
import { DiskControl, type DiskFault } from '#test/fakes/disk-shim.ts'
import { ProfileLife, type LifeStep } from './profile-life.ts'
import { Promised, startAgain } from './promised.ts'

/** What one fault did. */
export interface FaultReport {
  readonly fault: DiskFault
  /** Calls that the disk saw; the fault was met if there were so many. */
  readonly calls: number
  readonly failed: number
  /** Code that the program was told, or null where it could do without the call. */
  readonly refusal: string | null
  readonly problems: readonly string[]
}

/** Rounds of a life: it makes more calls than any fault counts. */
const rounds = 40
/** Steps after the disk works again. */
const stepsAfter = 3
/** Steps on a full disk before there is space again. */
const stepsWhileFull = 2

const [disk, controlFile, faults] = process.argv.slice(2)
if (disk === undefined || controlFile === undefined || faults === undefined)
  throw new Error('disk, control, faults wanted')
const control = new DiskControl(controlFile)

/** One life of a profile on a disk that fails once. */
class FailingLife {
  readonly #root: string
  readonly #fault: DiskFault
  readonly #promised = new Promised()
  readonly #problems: string[] = []
  #refusal: string | null = null
  #isMended = false
  #after = 0

  constructor(root: string, fault: DiskFault) {
    this.#root = root
    this.#fault = fault
  }

  async run(): Promise<FaultReport> {
    mkdirSync(this.#root)
    const life = new ProfileLife({
      root: this.#root,
      say: (mark, subject) => this.#promised.note(`${mark} ${subject}`),
    })
    control.arm(this.#fault)
    for (const step of life.steps(rounds)) {
      await this.#take(step)
      if (this.#isMended && ++this.#after > stepsAfter) break
    }
    const { calls, failed } = control.counts()
    control.arm(null)
    await life.end()
    await this.#look('in the end', this.#root)
    return { fault: this.#fault, calls, failed, refusal: this.#refusal, problems: this.#problems }
  }

  async #take(step: LifeStep): Promise<void> {
    const refusal = await this.#attempt(step)
    if (this.#isMended || control.counts().failed === 0) {
      if (refusal !== null) this.#problems.push(`refused by a disk that works: ${refusal}`)
      return
    }
    this.#refusal = refusal
    // What could do without the call goes on; a full disk stays full for a while.
    if (refusal === null && this.#fault.kind === 'full' && ++this.#after < stepsWhileFull) return
    await this.#lookAfterCrash()
    this.#mend()
    const again = refusal === null ? null : await this.#attempt(step)
    if (again !== null) this.#problems.push(`refused again by a disk that works: ${again}`)
  }

  #mend(): void {
    control.mend()
    this.#isMended = true
    this.#after = 0
  }

  async #attempt(step: LifeStep): Promise<string | null> {
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
    cpSync(this.#root, copy, { recursive: true, filter: (file) => !file.endsWith('-shm') })
    await this.#look('after a crash', copy)
  }

  async #look(when: string, root: string): Promise<void> {
    try {
      for (const problem of await startAgain(root, this.#promised)) this.#problems.push(`${when}: ${problem}`)
    } catch (error) {
      this.#problems.push(`${when}: ${String(error)}`)
    }
    const halves = globSync('profiles/*/{attachments/*.part,*.new}', { cwd: root })
    if (when === 'in the end' && halves.length > 0) this.#problems.push(`left behind: ${halves.join()}`)
  }
}

for (const fault of JSON.parse(faults) as readonly DiskFault[]) {
  const root = path.join(disk, 'life')
  const report = await new FailingLife(root, fault).run()
  process.stdout.write(`${JSON.stringify(report)}\n`)
  rmSync(root, { recursive: true, force: true })
  if (existsSync(root) && statSync(root).isDirectory()) throw new Error('the disk is not empty')
}
