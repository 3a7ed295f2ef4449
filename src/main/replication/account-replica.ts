/** Replicates one account while the history is open: joins, keeps keys, exchanges, tries again; says how it stands. */
import { SottoError, type ErrorCode } from '#shared/errors.ts'
import type { ReplicationState, ReplicationView } from '#shared/model/replication-views.ts'
import type { Timer } from '#shared/ports/clock.ts'
import type { SnapshotProgress } from '#main/history/replica-port.ts'
import { backOffMs } from './back-off.ts'
import { isValidIn } from './chain-devices.ts'
import type { SyncReport } from './engine.ts'
import type { HeadsPort } from './heads/heads-ports.ts'
import { graceMs } from './heads/heard-heads.ts'
import { faultKey, forkKey } from './faults.ts'
import { openReplica, type OpenReplica, type OpenReplicaParts } from './open-replica.ts'
import type { ReplicaFacts } from './replica-view.ts'
import type { FaultNotesPort } from './service-ports.ts'

export interface AccountReplicaParts extends OpenReplicaParts {
  readonly notes: OpenReplicaParts['notes'] & FaultNotesPort
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

/** Heads that came directly and cannot be read yet have the chain looked at, as often, ms. */
const unknownHeadsMs = 60_000

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
  #unknownHeadsAt: number | null = null
  /** Batches that the last exchange gave the server. */
  #pushed = 0

  constructor(parts: AccountReplicaParts) {
    this.#parts = parts
  }

  /** What is open while it runs; null before the first contact. */
  get open(): OpenReplica | null {
    return this.#open
  }

  facts(): ReplicaFacts {
    return {
      ...{ state: this.#state, error: this.#error, progress: this.#progress, waiting: this.#waiting },
      ...{ lastContactAt: this.#lastContactAt, faults: this.#faults },
      ...factsOf(this.#open),
      confirmed: this.#parts.notes.known().confirmed,
    }
  }

  /** What goes to the other devices directly, and comes from them. */
  readonly heads: HeadsPort = {
    // Whoever has not heard from the server may have missed that the account was erased and begun anew.
    write: () => (this.#state === 'current' ? this.#writeHeads() : null),
    hear: (bytes, returned) => this.#hear(bytes, returned),
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
    // One that runs already may have looked too early.
    await this.#running
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
    await Promise.all([this.#open?.fetcher.stop(), this.#open?.pusher.stop()])
    this.#open?.close()
    this.#open = null
  }

  #writeHeads(): Uint8Array | null {
    const open = this.#open
    const heads = open?.heads() ?? null
    // Its time is remembered.
    if (open !== null && heads !== null) this.#settleNow(open)
    return heads
  }

  #hear(bytes: Uint8Array, returned: () => void): void {
    const open = this.#open
    const hearing = open?.heard.hear(bytes, returned)
    const isTaken = hearing === 'taken' || hearing === 'returned'
    if (open !== null && isTaken && !open.heard.isWaiting) this.#settleNow(open)
    else if (isTaken || (hearing === 'later' && this.#mayLookForHeads())) this.#lookNow()
  }

  /** Everything is here: nothing has to be asked for. */
  #settleNow(open: OpenReplica): void {
    this.#settleHeard(open).then(
      () => this.#parts.changed(),
      () => undefined,
    )
  }

  #lookNow(): void {
    this.#due = 'all'
    if (this.#state === 'current' || this.#error === 'devices-forked') this.#wakeIn(0)
  }

  /** Nobody has signed what cannot be opened yet. */
  #mayLookForHeads(): boolean {
    const now = this.#parts.clock.monotonic()
    if (this.#unknownHeadsAt !== null && now - this.#unknownHeadsAt < unknownHeadsMs) return false
    this.#unknownHeadsAt = now
    return true
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
    open.fetcher.wake()
    if (report.faults.some(({ kind }) => kind === 'rolled-back')) open.pusher.noteLoss()
    if (!report.stopped) open.pusher.wake()
    this.#pushed = report.pushed
    await this.#settleHeard(open)
    this.#lastContactAt = this.#parts.clock.now()
    await this.#judge(report)
  }

  async #settleHeard({ heard }: OpenReplica): Promise<void> {
    const { notes } = this.#parts
    heard.settle()
    const [now, before] = [heard.notes(), notes.known()]
    if (JSON.stringify(now) !== JSON.stringify(before)) await notes.keep(now)
  }

  /** A server of this computer, started again, may be at another port. */
  async #leaveIfMoved(): Promise<void> {
    if (this.#open === null) return
    const { host, port } = await this.#parts.address()
    if (host === this.#open.address.host && port === this.#open.address.port) return
    this.#open.client.close()
    await Promise.all([this.#open.fetcher.stop(), this.#open.pusher.stop()])
    this.#open.close()
    this.#open = null
  }

  async #join(): Promise<OpenReplica> {
    const open = await openReplica(this.#parts, {
      progress: (progress) => this.#noteProgress(progress),
      changed: () => this.#parts.changed(),
    })
    open.client.onNews(() => {
      // A fork is settled by news of another device.
      this.#lookNow()
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
    if (report.stopped) {
      // It is in the chain all the same: what is announced to the account concerns it, and it has a say.
      this.#lookIn(lookMs)
      return
    }
    const usual = this.#open?.heard.isWaiting === true ? graceMs : lookMs
    this.#lookIn(this.#open?.isPasswordDue === true ? passwordMs : usual)
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
    const fork = this.#open?.chain.fork ?? null
    const keys = [...this.#faults.map(faultKey), ...(fork === null ? [] : [forkKey(fork.after)])]
    await this.#parts.notes.noteFound(keys, this.#parts.clock.now())
    // What was there before replication began is queued little by little.
    if (progress !== null && this.#state === 'current') this.#goOn(progress)
  }

  /** What waits and cannot be sealed now, since its key has to come or it disappears just now, is not asked for all the time. */
  #goOn({ share, waiting }: SnapshotProgress): void {
    if (share === 1 && waiting === 0) return
    if (this.#open?.mayWrite === true && (share < 1 || this.#pushed > 0)) this.#due = 'exchange'
    else this.#lookIn(keyMs)
  }
}

/** What is known while the account is open. */
function factsOf(
  open: OpenReplica | null,
): Pick<ReplicaFacts, 'unopened' | 'isPasswordDue' | 'isFullOfFiles' | 'erasure' | 'places' | 'claims'> {
  if (open === null)
    return { unopened: 0, isPasswordDue: false, isFullOfFiles: false, erasure: null, places: [], claims: [] }
  const { unopened, isPasswordDue, pusher, client, journal, heard } = open
  return {
    ...{ unopened, isPasswordDue, isFullOfFiles: pusher.isFull, erasure: client.erasureNotice() },
    ...{ places: journal.places(), claims: [...journal.claims(), ...heard.ahead()] },
  }
}

/** Envelopes that are sealed and not yet confirmed. */
function unconfirmed(open: OpenReplica | null): number {
  return open === null ? 0 : Math.max(0, (open.journal.own()?.seq ?? 0) - open.journal.confirmed())
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
