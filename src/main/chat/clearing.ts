import type { JobId } from '#shared/model/ids.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { HistoryWriterPort } from '#main/history/port.ts'
import { clearingMs, firstRetryDelayMs } from './limits.ts'

/** What {@link Clearing} works with. */
export interface ClearingPorts {
  readonly writer: HistoryWriterPort
  readonly clock: ClockPort
  readonly log: LogPort
}

/**
 * Takes ended jobs that leave nothing behind out of the history, many in one commit: one each would keep the disk from
 * what people wait for. After a crash such a job is attempted once more, and its Message-ID makes that harmless.
 */
export class Clearing {
  readonly #ports: ClearingPorts
  /** Ended and still in the history. */
  readonly #ended = new Set<JobId>()
  #timer: Timer | null = null
  #stopped = false

  constructor(ports: ClearingPorts) {
    this.#ports = ports
  }

  add(id: JobId): void {
    this.#ended.add(id)
    this.#timer ??= this.#ports.clock.after(clearingMs, () => void this.#clear())
  }

  /** Whether a job that the history still holds has ended. */
  has(id: JobId): boolean {
    return this.#ended.has(id)
  }

  /** Hands over what is left; the history finishes it when it closes. */
  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    void this.#clear()
  }

  /** Never rejects. */
  async #clear(): Promise<void> {
    const removeJobs = [...this.#ended]
    this.#timer = null
    if (removeJobs.length === 0) return
    try {
      await this.#ports.writer.commit({ removeJobs })
      for (const id of removeJobs) this.#ended.delete(id)
    } catch {
      // The disk is full or the history closes: the jobs are still there.
      this.#ports.log.warn('outbox.clearing-failed', { jobs: removeJobs.length })
      if (this.#stopped) return
      this.#timer ??= this.#ports.clock.after(firstRetryDelayMs, () => void this.#clear())
    }
  }
}
