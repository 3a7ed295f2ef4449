import type { AccountId, ConversationId, JobId } from '#shared/model/ids.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { HistoryCommit, HistoryReaderPort, HistoryWriterPort, OutboxJob } from '#main/history/port.ts'
import type { SendFailure, SendOutcome, SignallingPort } from '#main/accounts/signalling-port.ts'
import { retryDelayMs } from './back-off.ts'
import { Clearing } from './clearing.ts'
import { Lanes, type Lane, type WaitingJob } from './lanes.ts'
import { firstRetryDelayMs, maxLoadedJobs, maxParallelLanes } from './limits.ts'

/** How a job ended for good. */
export type JobEnd =
  | { readonly kind: 'sent'; readonly outcome: SendOutcome }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly status: number | null }

/** What the end of a job means: committed together with the job's removal. */
export interface Settlement {
  readonly entries?: HistoryCommit['entries']
  readonly addJobs?: readonly OutboxJob[]
  /** Takes the job's place in its lane, e.g. the same text in a form the peer understands. */
  readonly replacement?: OutboxJob
  /** Runs after the commit. */
  readonly afterwards?: () => void
}

export interface OutboxPorts {
  readonly writer: HistoryWriterPort
  readonly reader: HistoryReaderPort
  readonly signalling: SignallingPort
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  /** Decides what an ended job leaves behind. */
  readonly settle: (job: OutboxJob, end: JobEnd) => Settlement
}

/**
 * Sends what the history holds for others. Invariants:
 * 1. A job leaves the history only in the commit that records how it ended, or later where there is nothing to record; a
 *    crash at any point only repeats an attempt.
 * 2. In a lane the next job starts only after the one before it has ended, so that messages arrive in order.
 * 3. Lanes run side by side; a peer that does not answer holds up nobody else.
 */
export class Outbox {
  readonly #ports: OutboxPorts
  readonly #lanes = new Lanes()
  readonly #offline = new Set<AccountId>()
  readonly #attempts = new Set<Promise<void>>()
  readonly #clearing: Clearing
  /** Made in this run and never attempted. What an earlier run left may have been sent whatever its count says. */
  readonly #untried = new Set<JobId>()
  /** Jobs committed while older ones are being loaded. */
  #arrived: OutboxJob[] = []
  /** `partial`: the history holds more jobs than were loaded, so newer ones wait there too. */
  #state: 'loading' | 'running' | 'partial' | 'stopped' = 'loading'

  constructor(ports: OutboxPorts) {
    this.#ports = ports
    this.#clearing = new Clearing(ports)
  }

  /** Takes up what an earlier run left. */
  async start(): Promise<void> {
    await this.#load()
  }

  /** Starts nothing more. Attempts under way are not waited for: without their outcome they are repeated after a start. */
  stop(): void {
    this.#state = 'stopped'
    for (const lane of this.#lanes.all()) lane.timer?.cancel()
    this.#clearing.stop()
  }

  /** Takes over jobs that are committed for the first time. */
  enqueue(jobs: readonly OutboxJob[]): void {
    for (const { id } of jobs) this.#untried.add(id)
    this.takeBack(jobs)
  }

  /** False when a job may have reached its destination, even if nothing came back. */
  hasNeverLeft(id: JobId): boolean {
    return this.#untried.has(id)
  }

  /** Takes jobs that were withdrawn and stay in the history after all. */
  takeBack(jobs: readonly OutboxJob[]): void {
    if (this.#state === 'loading') this.#arrived.push(...jobs)
    if (this.#state !== 'running') return
    for (const job of jobs) this.#lanes.add(job)
    this.#pump()
  }

  /** Before jobs are removed from the history: false for those that are being sent right now. */
  withdraw(id: JobId): boolean {
    this.#arrived = this.#arrived.filter((job) => job.id !== id)
    return this.#lanes.remove(id)
  }

  /** Before a conversation is erased: nothing of it is sent any more, but for what is being sent right now. */
  withdrawAll(conversation: ConversationId): void {
    this.#arrived = this.#arrived.filter((job) => job.conversation !== conversation)
    this.#lanes.removeAll(conversation)
  }

  /** Without a connection nothing is attempted; with a new one everything is, at once. */
  setConnected(accountId: AccountId, connected: boolean): void {
    if (!connected) {
      this.#offline.add(accountId)
      return
    }
    this.#offline.delete(accountId)
    for (const lane of this.#lanes.all()) if (lane.accountId === accountId) this.#hurry(lane)
    this.#pump()
  }

  /** The peer just showed that it can be reached. */
  peerReachable(accountId: AccountId, destination: string): void {
    for (const lane of this.#lanes.all())
      if (lane.accountId === accountId && lane.destination === destination) this.#hurry(lane)
    this.#pump()
  }

  #hurry(lane: Lane): void {
    const first = lane.jobs[0]
    if (first !== undefined && !lane.running) first.job = { ...first.job, nextAttemptAt: 0 }
  }

  async #load(): Promise<void> {
    const jobs = await this.#ports.reader.dueJobs(Number.MAX_SAFE_INTEGER, maxLoadedJobs)
    if (this.#state === 'stopped') return
    for (const job of jobs) if (!this.#clearing.has(job.id)) this.#lanes.add(job)
    const arrived = this.#arrived
    this.#arrived = []
    this.#state = jobs.length === maxLoadedJobs ? 'partial' : 'running'
    this.takeBack(arrived)
    this.#pump()
  }

  #pump(): void {
    if (this.#state !== 'running' && this.#state !== 'partial') return
    for (const lane of this.#lanes.all()) {
      if (lane.running || this.#attempts.size >= maxParallelLanes) continue
      this.#startOrWait(lane)
    }
    if (this.#state === 'partial' && this.#lanes.size === 0) {
      this.#state = 'loading'
      this.#load().catch(() => this.#ports.log.error('outbox.load-failed'))
    }
  }

  #startOrWait(lane: Lane): void {
    lane.timer?.cancel()
    lane.timer = null
    const first = lane.jobs[0]
    if (first === undefined) return
    const at = this.#offline.has(lane.accountId)
      ? first.job.expiresAt
      : Math.min(first.job.nextAttemptAt, first.job.expiresAt)
    const delayMs = at - this.#ports.clock.now()
    if (delayMs > 0) lane.timer = this.#ports.clock.after(delayMs, () => this.#pump())
    else this.#run(lane, first)
  }

  #run(lane: Lane, first: WaitingJob): void {
    lane.running = true
    const attempt = this.#attempt(lane, first)
      .catch(() => {
        // The commit failed (disk full, locked): the job is still there, the attempt is repeated later.
        this.#ports.log.warn('outbox.commit-failed', { kind: first.job.kind })
        first.job = { ...first.job, nextAttemptAt: this.#ports.clock.now() + firstRetryDelayMs }
      })
      .finally(() => {
        lane.running = false
        this.#attempts.delete(attempt)
        this.#pump()
      })
    this.#attempts.add(attempt)
  }

  async #attempt(lane: Lane, first: WaitingJob): Promise<void> {
    const job = await this.#wholeJob(first)
    if (job === null) {
      this.#untried.delete(first.job.id)
      this.#lanes.removeFirst(lane)
      return
    }
    if (job.expiresAt <= this.#ports.clock.now()) {
      this.#untried.delete(job.id)
      await this.#end(lane, job, { kind: 'failed', code: 'send-timed-out', status: null })
      return
    }
    this.#untried.delete(job.id)
    const result = await this.#send(job)
    if (result.ok) await this.#end(lane, job, { kind: 'sent', outcome: result.value })
    else if (result.error.retry) await this.#again(first)
    else {
      const { code, status } = result.error
      await this.#end(lane, job, { kind: 'failed', code, status: status ?? null })
    }
  }

  async #send(job: OutboxJob): ReturnType<SignallingPort['send']> {
    try {
      return await this.#ports.signalling.send({
        accountId: job.accountId,
        to: job.destination,
        body: { contentType: job.contentType, payload: job.payload },
        prefer: job.kind === 'receipt' || job.kind === 'own-copy' ? 'message' : 'msrp',
        messageId: job.messageId,
      })
    } catch {
      // The worker ended under it: whether the message got out is unknown, and repeating it is safe.
      const error: SendFailure = { code: 'internal', retry: true }
      return { ok: false, error }
    }
  }

  /** Null when the history no longer has it. */
  async #wholeJob({ job, payload }: WaitingJob): Promise<OutboxJob | null> {
    if (payload !== null) return { ...job, payload }
    const jobs = await this.#ports.reader.jobsOf(job.conversation, job.target)
    return jobs.find(({ id }) => id === job.id) ?? null
  }

  async #again(first: WaitingJob): Promise<void> {
    const { id, attempts } = first.job
    const delayMs = retryDelayMs(attempts + 1, this.#ports.random)
    const nextAttemptAt = this.#ports.clock.now() + delayMs
    first.job = { ...first.job, attempts: attempts + 1, nextAttemptAt }
    await this.#ports.writer.commit({ rescheduleJobs: [{ id, attempts: attempts + 1, nextAttemptAt }] })
  }

  async #end(lane: Lane, job: OutboxJob, end: JobEnd): Promise<void> {
    const { entries = [], addJobs = [], replacement, afterwards } = this.#ports.settle(job, end)
    const added = replacement === undefined ? addJobs : [replacement, ...addJobs]
    if (entries.length + added.length === 0) this.#clearing.add(job.id)
    else await this.#ports.writer.commit({ whileJob: job.id, entries, addJobs: added, removeJobs: [job.id] })
    if (replacement === undefined) this.#lanes.removeFirst(lane)
    else this.#lanes.replaceFirst(lane, replacement)
    this.enqueue(addJobs)
    afterwards?.()
  }
}
