import type { AccountId, ConversationId, JobId } from '#shared/model/ids.ts'
import type { Timer } from '#shared/ports/clock.ts'
import type { JobKind, OutboxJob, WaitingJob as StoredJob } from '#main/history/port.ts'
import { maxKeptPayloadBytes } from './limits.ts'

/** A job waiting in memory; the payload of older ones stays in the history until they run. */
export interface WaitingJob {
  job: StoredJob
  payload: Uint8Array | null
}

/** Jobs that must arrive one after the other. */
export interface Lane {
  readonly key: string
  readonly accountId: AccountId
  readonly destination: string
  readonly jobs: WaitingJob[]
  running: boolean
  timer: Timer | null
}

/** Receipts and own copies never wait for a message that does not get through, and the other way round. */
const laneOfKind: Readonly<Record<JobKind, string>> = {
  message: 'text',
  edit: 'text',
  delete: 'text',
  reaction: 'text',
  receipt: 'receipt',
  'own-copy': 'own-copy',
}

/** The queues of the outbox: one per account, destination and class of job, in the order of creation. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  readonly #ids = new Set<JobId>()
  #keptBytes = 0

  /** All lanes that hold jobs. */
  all(): readonly Lane[] {
    return [...this.#lanes.values()]
  }

  get size(): number {
    return this.#ids.size
  }

  /** Puts a job at the end of its lane unless it is there already. */
  add(job: OutboxJob | StoredJob): void {
    if (this.#ids.has(job.id)) return
    this.#laneOf(job).jobs.push(this.#waiting(job))
    this.#ids.add(job.id)
  }

  /** Puts another job in the place of the lane's first. */
  replaceFirst(lane: Lane, job: OutboxJob): void {
    this.removeFirst(lane)
    lane.jobs.unshift(this.#waiting(job))
    this.#ids.add(job.id)
    this.#lanes.set(lane.key, lane)
  }

  removeFirst(lane: Lane): void {
    const first = lane.jobs[0]
    if (first !== undefined) this.#removeAt(lane, 0)
  }

  /** Takes a job out wherever it waits, unless it is being sent right now; says whether it did or knew none. */
  remove(id: JobId): boolean {
    for (const lane of this.#lanes.values()) {
      const at = lane.jobs.findIndex(({ job }) => job.id === id)
      if (at === -1) continue
      if (at === 0 && lane.running) return false
      this.#removeAt(lane, at)
      return true
    }
    return true
  }

  /** Takes out everything of a conversation that is not being sent right now. */
  removeAll(conversation: ConversationId): void {
    const of = [...this.#lanes.values()].flatMap(({ jobs }) =>
      jobs.filter(({ job }) => job.conversation === conversation),
    )
    for (const { job } of of) this.remove(job.id)
  }

  #removeAt(lane: Lane, at: number): void {
    const [gone] = lane.jobs.splice(at, 1)
    if (gone === undefined) return
    this.#ids.delete(gone.job.id)
    this.#keptBytes -= gone.payload?.length ?? 0
    if (lane.jobs.length > 0) return
    lane.timer?.cancel()
    this.#lanes.delete(lane.key)
  }

  #waiting(job: OutboxJob | StoredJob): WaitingJob {
    if (!('payload' in job)) return { job, payload: null }
    const { payload, ...rest } = job
    const keep = this.#keptBytes + payload.length <= maxKeptPayloadBytes
    if (keep) this.#keptBytes += payload.length
    return { job: rest, payload: keep ? payload : null }
  }

  #laneOf(job: StoredJob): Lane {
    const key = `${job.accountId} ${laneOfKind[job.kind]} ${job.destination}`
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const { accountId, destination } = job
    const lane: Lane = { key, accountId, destination, jobs: [], running: false, timer: null }
    this.#lanes.set(key, lane)
    return lane
  }
}
