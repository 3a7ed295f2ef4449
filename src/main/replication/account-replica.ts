/** Replicates one account while the history is open: joins, keeps keys, exchanges, tries again; says how it stands. */
import { SottoError, type ErrorCode } from '#shared/errors.ts'
import type { ReplicationState, ReplicationView } from '#shared/model/replication-views.ts'
import type { Timer } from '#shared/ports/clock.ts'
import { backOffMs } from './back-off.ts'
import { isValidIn } from './chain-devices.ts'
import type { SyncReport } from './engine.ts'
import { openReplica, type OpenReplica, type OpenReplicaParts } from './open-replica.ts'
import type { ReplicaFacts } from './replica-view.ts'

export interface AccountReplicaParts extends OpenReplicaParts {
  /** How it stands has changed. */
  readonly changed: () => void
}

/** The chain and the age of keys are looked at as often, ms; news come at once. */
const lookMs = 3_600_000
/** A server that did not take a password is asked again as often, ms. */
const passwordMs = 60_000
/** A key that another device has to send may take so long, ms. */
const keyMs = 10_000
/** Only the user can mend these: the server is asked again this seldom, ms. */
const patientMs = 600_000
/** What is said now and what is said next go out together, ms. */
const gatherMs = 20
/** Reasons that another try, soon, does not mend. */
const patientReasons: ReadonlySet<ErrorCode> = new Set([
  'replica-needs-linking',
  'certificate-untrusted',
  'certificate-expired',
  'certificate-wrong-name',
])

/** What only the user can decide about. */
const forTheUser: ReadonlySet<ErrorCode> = new Set(['device-removed', 'devices-forked', 'replica-gone'])

export class AccountReplica {
  readonly #parts: AccountReplicaParts
  #open: OpenReplica | null = null
  #state: ReplicationState = 'working'
  #error: ErrorCode | null = null
  #progress: ReplicationView['progress'] = null
  #faults: ReplicaFacts['faults'] = []
  #waiting = 0
  #lastContactAt: number | null = null
  #timer: Timer | null = null
  #running: Promise<void> | null = null
  /** What the next run has to do. */
  #due: 'nothing' | 'exchange' | 'all' = 'all'
  #failures = 0
  #ended = false

  constructor(parts: AccountReplicaParts) {
    this.#parts = parts
  }

  /** What is open while it runs; null before the first contact. */
  get open(): OpenReplica | null {
    return this.#open
  }

  facts(): ReplicaFacts {
    const journal = this.#open?.journal
    return {
      ...{ state: this.#state, error: this.#error, progress: this.#progress, waiting: this.#waiting },
      ...{ lastContactAt: this.#lastContactAt, unopened: this.#open?.unopened ?? 0, faults: this.#faults },
      isPasswordDue: this.#open?.isPasswordDue === true,
      ...{ places: journal?.places() ?? [], claims: journal?.claims() ?? [] },
    }
  }

  /** Something was said on this device: it leaves at once. */
  noteLocal(): void {
    if (this.#state === 'paused' || this.#state === 'stopped') return
    if (this.#due === 'nothing') this.#due = 'exchange'
    // While a server cannot be reached its turn comes by itself.
    if (this.#state !== 'offline' && this.#state !== 'joining') this.#wakeIn(gatherMs)
  }

  /** Looks at everything now, also after a pause; resolves when that run has ended, however it did. */
  async run(): Promise<void> {
    this.#due = 'all'
    this.#failures = 0
    this.#wakeIn(0)
    await this.#whenIdle()
  }

  /** Ends a long run until {@link run}. */
  async pause(): Promise<void> {
    this.#timer?.cancel()
    this.#set('paused', null)
    this.#open?.engine.cancel()
    await this.#running
    this.#set('paused', null)
  }

  /** Ends for good; the account's keys are wiped from memory. */
  async stop(): Promise<void> {
    this.#ended = true
    this.#timer?.cancel()
    this.#open?.engine.cancel()
    this.#open?.client.close()
    await this.#running
    this.#open?.close()
    this.#open = null
  }

  #wakeIn(delayMs: number): void {
    if (this.#ended) return
    this.#timer?.cancel()
    this.#timer = this.#parts.clock.after(delayMs, () => this.#start())
  }

  async #whenIdle(): Promise<void> {
    this.#start()
    while (this.#running !== null) await this.#running
  }

  #start(): void {
    if (this.#running !== null || this.#due === 'nothing' || this.#ended) return
    this.#running = this.#cycle().finally(() => {
      this.#running = null
      if (this.#due !== 'nothing' && this.#state === 'current') this.#wakeIn(gatherMs)
    })
  }

  /** Never rejects. */
  async #cycle(): Promise<void> {
    const whole = this.#due === 'all' || this.#open === null || this.#state !== 'current'
    this.#due = 'nothing'
    try {
      await this.#exchange(whole)
    } catch (error) {
      this.#fail(error)
    }
    await this.#count().catch(() => undefined)
    this.#parts.changed()
  }

  async #exchange(whole: boolean): Promise<void> {
    if (whole) this.#set('working', null)
    await this.#leaveIfMoved()
    this.#open ??= await this.#join()
    const open = this.#open
    if (whole) await open.look()
    if (!isValidIn(open.chain, open.device.id)) throw new SottoError('device-removed')
    if (open.chain.fork !== null) throw new SottoError('devices-forked')
    const report = await open.engine.sync()
    this.#lastContactAt = this.#parts.clock.now()
    await this.#judge(report)
  }

  /** A server of this computer, started again, may be at another port. */
  async #leaveIfMoved(): Promise<void> {
    if (this.#open === null) return
    const { host, port } = await this.#parts.address()
    if (host === this.#open.address.host && port === this.#open.address.port) return
    this.#open.client.close()
    this.#open.close()
    this.#open = null
  }

  async #join(): Promise<OpenReplica> {
    const open = await openReplica(this.#parts, {
      progress: (progress) => this.#noteProgress(progress),
    })
    open.client.onNews(() => {
      this.#due = 'all'
      // A fork is settled by news of another device.
      if (this.#state === 'current' || this.#error === 'devices-forked') this.#wakeIn(0)
    })
    return open
  }

  #noteProgress(progress: NonNullable<ReplicationView['progress']>): void {
    const total = progress.doing === 'pushing' ? Math.max(this.#waiting, progress.done) : progress.total
    this.#progress = { ...progress, total }
    this.#parts.changed()
  }

  async #judge(report: SyncReport): Promise<void> {
    if (report.faults.length > 0) this.#faults = (await this.#open?.journal.faults()) ?? []
    this.#failures = 0
    this.#set(report.stopped ? 'stopped' : 'current', null)
    if (report.stopped) return
    this.#lookIn(this.#open?.isPasswordDue === true ? passwordMs : lookMs)
  }

  #lookIn(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.#due = 'all'
      this.#start()
    })
  }

  #fail(error: unknown): void {
    const code = error instanceof SottoError ? error.code : 'internal'
    if (!(error instanceof SottoError)) this.#parts.log.error('replication.bug', { reason: nameOf(error) })
    if (this.#ended || this.#state === 'paused') return
    this.#due = 'all'
    this.#failures += 1
    if (forTheUser.has(code)) {
      this.#set('stopped', code)
      return
    }
    this.#set(code === 'replica-needs-linking' ? 'joining' : 'offline', code)
    this.#wakeIn(patientReasons.has(code) ? patientMs : backOffMs(this.#failures, this.#parts.random))
  }

  #set(state: ReplicationState, error: ErrorCode | null): void {
    const isNew = state !== this.#state || error !== this.#error
    this.#state = state
    this.#error = error
    if (state !== 'working') this.#progress = null
    if (isNew) this.#parts.changed()
  }

  async #count(): Promise<void> {
    const { keeper, account } = this.#parts
    const progress = await keeper.progress(account)
    this.#waiting = (progress?.waiting ?? 0) + unconfirmed(this.#open)
    this.#faults = (await this.#open?.journal.faults()) ?? []
    // What was there before replication began is queued little by little.
    const isLeft = progress !== null && (progress.share < 1 || progress.waiting > 0)
    if (!isLeft || this.#state !== 'current') return
    if (this.#open?.mayWrite === true) this.#due = 'exchange'
    else this.#lookIn(keyMs)
  }
}

/** Envelopes that are sealed and not yet confirmed. */
function unconfirmed(open: OpenReplica | null): number {
  return open === null ? 0 : Math.max(0, (open.journal.own()?.seq ?? 0) - open.journal.confirmed())
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
