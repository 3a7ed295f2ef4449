import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'

/** Longest time a program may take to stop, its start included, ms. */
export const stopDeadlineMs = 5_000

export interface ProgramEndPorts {
  readonly clock: ClockPort
  readonly log: LogPort
  /** Asks the host to quit again, now that nothing runs. */
  readonly quit: () => void
  /** Ends the process whatever still runs. */
  readonly exit: () => void
}

interface Stoppable {
  stop(): Promise<void>
}

/** Stops the program before the process ends, however far its start has come, and never waits for it forever. */
export class ProgramEnd {
  readonly #ports: ProgramEndPorts
  #starting: Promise<Stoppable> | null = null
  #isStopping = false
  #isOver = false

  constructor(ports: ProgramEndPorts) {
    this.#ports = ports
  }

  /** From now on there is something to stop; whoever starts it reports its failure. */
  watch(starting: Promise<Stoppable>): void {
    this.#starting = starting
  }

  /** The host wants to quit: true when it has to wait until it is asked again. */
  holds(): boolean {
    if (this.#starting === null || this.#isOver) return false
    if (!this.#isStopping) void this.#stop(this.#starting)
    return true
  }

  async #stop(starting: Promise<Stoppable>): Promise<void> {
    const { clock, log, quit, exit } = this.#ports
    this.#isStopping = true
    const deadline = clock.after(stopDeadlineMs, () => {
      this.#isOver = true
      log.error('program.stop-timed-out', { deadlineMs: stopDeadlineMs })
      exit()
    })
    const program = await starting.catch(() => null)
    await program?.stop().catch(() => log.error('program.stop-failed'))
    if (this.#isOver) return
    deadline.cancel()
    this.#isOver = true
    quit()
  }
}
