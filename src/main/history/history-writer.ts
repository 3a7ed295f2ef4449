/** The one writer of the history: queues commits and makes all that wait durable with one fsync. */
import type { Database, Statement } from 'better-sqlite3'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { secretOf } from '#shared/bytes/secret.ts'
import { SottoError } from '#shared/errors.ts'
import type { Aor } from '#shared/model/ids.ts'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import { Announcements } from './announcements.ts'
import { EntryApplier, Touched } from './apply-entry.ts'
import { unpackEntries } from './archive-reader.ts'
import type { PackedEntries } from './archive-port.ts'
import { AccountStore } from './account-store.ts'
import { DroppedFiles } from './attachments/dropped-files.ts'
import { CallKeyStore } from './call-key-store.ts'
import { CommitQueue, type Outcome, type Queued } from './commit-queue.ts'
import { ConversationStore } from './conversation-store.ts'
import { openDatabase } from './database.ts'
import { EntryStore } from './entry-store.ts'
import { GroupTransaction } from './group-transaction.ts'
import { Tidying } from './tidying.ts'
import { JobStore } from './job-store.ts'
import { ManyCommits } from './many-commits.ts'
import { MessageStore } from './message-store.ts'
import { EntriesReadAgain } from './read-again.ts'
import { ReplicaKeeper, type Told } from './replica/replica-keeper.ts'
import { ReplicaTrace } from './replica/replica-trace.ts'
import { RowEraser } from './row-eraser.ts'
import { storageFailure, withStorageFailures } from './sqlite-failure.ts'
import { ValueStore } from './value-store.ts'
import { WordIndex } from './word-index.ts'
import type { CommitReceipt, HistoryChange, HistoryCommit, HistoryWriterPort } from './port.ts'

/** Entries of one transaction whose words may wait: with more, indexing them at once costs less. */
const fewEntries = 8

export interface HistoryWriterOptions {
  readonly path: string
  /** Raw key; wiped by the caller after `open`. */
  readonly key: Uint8Array
  readonly clock: ClockPort
  /** Opens the database; a test hands in one with a small disk. */
  readonly open?: typeof openDatabase
  /** Folder of the attachments; without it none can be erased. */
  readonly attachments?: string | undefined
  /** Hears how far bringing an older history up to date is: 0 to 1, not too often. */
  readonly upgrading?: (share: number) => void
  /** Where ZIDs come from; the system's by default. */
  readonly random?: RandomPort
}

export class HistoryWriter implements HistoryWriterPort {
  readonly replica: ReplicaKeeper
  readonly #db: Database
  readonly #revise: Statement<[number]>
  readonly #transaction: GroupTransaction
  readonly #clock: ClockPort
  readonly #values: ValueStore
  readonly #words: WordIndex
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #applier: EntryApplier
  readonly #jobs: JobStore
  readonly #callKeys: CallKeyStore
  readonly #eraser: RowEraser
  readonly #accounts: AccountStore
  readonly #trace: ReplicaTrace
  readonly #readAgain: EntriesReadAgain
  readonly #tidying: Tidying
  readonly #dropped: DroppedFiles
  readonly #announcements: Announcements
  readonly #many: ManyCommits
  readonly #queue = new CommitQueue()
  #scheduled = false
  /** Few commits share the transaction that runs. */
  #fewCommits = false
  #revision: number
  #touched = new Touched()
  #closed = false

  /** @throws SottoError an `OpenFailure` code. */
  constructor(options: HistoryWriterOptions) {
    this.#clock = options.clock
    this.#many = new ManyCommits(options.clock, () => this.#announceMany())
    this.#db = (options.open ?? openDatabase)({ path: options.path, key: options.key, role: 'writer' })
    this.#values = new ValueStore(this.#db)
    this.#words = new WordIndex(this.#db)
    this.#messages = new MessageStore(this.#db, this.#words)
    this.#conversations = new ConversationStore(this.#db)
    this.#trace = new ReplicaTrace(this.#db, () => options.clock.now())
    const [messages, conversations, trace] = [this.#messages, this.#conversations, this.#trace]
    const stores = { entries: new EntryStore(this.#db, trace), messages, conversations, trace }
    this.#applier = new EntryApplier(this.#db, stores)
    this.#jobs = new JobStore(this.#db)
    this.#callKeys = new CallKeyStore(this.#db, options.random ?? systemRandom)
    this.#eraser = new RowEraser(this.#db, stores)
    this.#accounts = new AccountStore(this.#db, this.#eraser, this.#callKeys)
    this.#dropped = new DroppedFiles(this.#db, options.attachments)
    this.#announcements = new Announcements({
      messages: this.#messages,
      conversations: this.#conversations,
      dropped: this.#dropped,
    })
    this.#readAgain = new EntriesReadAgain(this.#db, { ...stores, applier: this.#applier })
    this.#tidying = new Tidying({ db: this.#db, path: options.path, clock: options.clock, words: this.#words })
    this.#reindex(options.upgrading)
    this.#transaction = new GroupTransaction(this.#db)
    this.#revise = this.#db.prepare("INSERT OR REPLACE INTO state (name, value) VALUES ('revision', ?)")
    this.#revision = this.#values.revision()
    this.replica = new ReplicaKeeper({
      ...{ ...stores, applier: this.#applier, db: this.#db, now: () => this.#clock.now() },
      change: (run, told) => this.#change(run, told),
      read: (run) => this.#read(run),
    })
    this.#readRest()
    this.replica.goOn()
    if (this.#words.isBehind) this.#tidying.schedule()
  }

  commit(commit: HistoryCommit): Promise<CommitReceipt> {
    const { eraseDropped, partOf, endOf } = commit
    const run = (): Outcome => {
      const outcome = this.#apply(commit)
      if (endOf !== undefined && this.#many.isWaiting) this.#touched.incomplete = true
      return outcome
    }
    return this.#enqueue(run, { alone: eraseDropped !== undefined, partOf })
  }

  setSetting(key: string, valueJson: string | null): Promise<void> {
    return this.#write(() => this.#values.saveSetting(key, valueJson))
  }

  setSecret(name: string, value: Uint8Array | null): Promise<void> {
    const own = value === null ? null : secretOf(value)
    return this.#write(() => this.#values.saveSecret(name, own)).finally(() => own?.fill(0))
  }

  async zrtpZid(account: Aor): Promise<Uint8Array> {
    let zid: Uint8Array = new Uint8Array()
    await this.#enqueue(() => {
      zid = this.#callKeys.zid(account)
      return []
    })
    return zid
  }

  keepZrtpSecrets(secrets: Parameters<HistoryWriterPort['keepZrtpSecrets']>[0]): Promise<void> {
    return this.#write(() => this.#callKeys.keep(secrets, this.#clock.now()))
  }

  setZrtpVerified(found: Parameters<HistoryWriterPort['setZrtpVerified']>[0]): Promise<void> {
    return this.#write(() => this.#callKeys.setVerified(found))
  }

  rememberCallKeys(memory: Parameters<HistoryWriterPort['rememberCallKeys']>[0]): Promise<void> {
    return this.#write(() => this.#callKeys.remember(memory, this.#clock.now()))
  }

  async makeSearchable(): Promise<void> {
    if (this.#words.isBehind) await this.#write(() => this.#words.catchUp())
  }

  onChange(handler: (change: HistoryChange) => void): () => void {
    return this.#announcements.onChange(handler)
  }

  /** Finishes what is queued, folds the log into the database and closes it. */
  close(): void {
    if (this.#closed) return
    while (!this.#queue.isEmpty) this.#flush()
    this.#closed = true
    this.#tidying.stop()
    this.#announcements.stop()
    this.#many.stopWaiting()
    this.#db.close()
  }

  #reindex(upgrading: (share: number) => void = () => undefined): void {
    try {
      withStorageFailures(() => this.#words.rebuildIfNeeded(upgrading))
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** Between other commits, what an earlier version stored without being able to read it; a failure waits for the next start. */
  #readRest(): void {
    if (this.#closed || !this.#readAgain.isDue()) return
    this.#enqueue(() => {
      this.#readAgain.step(this.#touched)
      return []
    }).then(
      () => this.#readRest(),
      () => undefined,
    )
  }

  /** Something beside the entries, which no view shows. */
  async #write(run: () => void): Promise<void> {
    await this.#enqueue(() => {
      run()
      return []
    })
  }

  /** Entries beside those of a commit. */
  async #change(run: (touched: Touched) => void, told: Told): Promise<void> {
    await this.#enqueue(() => {
      const touched = told === 'each' ? this.#touched : new Touched()
      run(touched)
      if (told === 'as-one' && !touched.isEmpty) this.#touched.incomplete = true
      else if (told === 'as-one-soon' && !touched.isEmpty) this.#many.announceLater()
      return []
    })
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- async turns what the database throws into a rejection
  async #read<T>(run: () => T): Promise<T> {
    if (this.#closed) throw new SottoError('locked')
    return withStorageFailures(run)
  }

  #enqueue(run: () => Outcome, kind: Pick<Queued, 'alone' | 'partOf'> = {}): Promise<CommitReceipt> {
    if (this.#closed) return Promise.reject(new SottoError('locked'))
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...kind, run, resolve, reject })
      if (this.#scheduled) return
      this.#scheduled = true
      // Commits that arrive in the same turn, or during a running fsync, share the next one.
      setImmediate(() => {
        this.#scheduled = false
        while (!this.#queue.isEmpty) this.#flush()
      })
    })
  }

  /** One transaction over everything that waits; a commit that fails leaves the others of its group alone. */
  #flush(): void {
    const group = this.#queue.takeGroup()
    this.#touched = new Touched()
    let answers: readonly Answer[]
    let announced = false
    try {
      this.#transaction.begin()
      answers = this.#runAll(group)
      if (this.#words.isFull) this.#words.catchUp()
      if (!this.#touched.isEmpty) this.#revise.run(this.#revision + 1)
      announced = this.#announcements.early(this.#touched, this.#revision + 1)
      this.#transaction.commit()
    } catch (error) {
      this.#abort(group, error)
      if (announced) this.#takeBack()
      return
    }
    this.#finish(answers, announced)
  }

  /** Returns what each is answered once all is durable. */
  #runAll(group: readonly Queued[]): readonly Answer[] {
    this.#fewCommits = group.length <= fewEntries
    const kept = (queued: Queued): Answer => {
      const outcome = this.#run(queued)
      return () => queued.resolve({ revision: this.#revision, fresh: outcome ?? [], held: outcome === null })
    }
    const [first] = group
    // Alone in its transaction, what fails takes it back whole.
    if (group.length === 1 && first !== undefined) return [kept(first)]
    return group.map((queued) =>
      this.#transaction.part<Answer>(
        () => kept(queued),
        (error) => {
          this.#forget()
          this.#queue.noteFailed(queued)
          return () => queued.reject(storageFailure(error))
        },
      ),
    )
  }

  #run(queued: Queued): Outcome {
    this.#queue.refuseBroken(queued)
    this.#words.postpones = false
    return queued.run()
  }

  /** The transaction is durable. */
  #finish(answers: readonly Answer[], announced: boolean): void {
    this.#words.noteEnd(true)
    if (!this.#touched.isEmpty) this.#revision += 1
    if (this.#touched.incomplete) this.#many.stopWaiting()
    for (const answer of answers) answer()
    if (!announced) this.#announcements.soon(this.#touched, this.#revision)
    this.#tidying.schedule()
  }

  #abort(group: readonly Queued[], error: unknown): void {
    this.#forget()
    this.#words.noteEnd(false)
    try {
      this.#transaction.abort()
    } finally {
      for (const queued of group) {
        this.#queue.noteFailed(queued)
        queued.reject(storageFailure(error))
      }
    }
  }

  /** What was cached or due belongs to a transaction that is rolled back, or to an erased account. */
  #forget(): void {
    this.#conversations.forgetRefs()
    this.#applier.abandon()
    this.#trace.forget()
  }

  #apply(commit: HistoryCommit): Outcome {
    if (this.#isMoot(commit)) return null
    this.#words.postpones = this.#fewCommits && bringsFew(commit)
    const touched = commit.partOf !== undefined ? new Touched() : this.#touched
    for (const account of commit.accounts ?? []) this.#accounts.name(account.aor, account.id, touched)
    const fresh = (commit.entries ?? []).map((entry) => this.#applier.apply(entry, touched))
    this.#applyPacked(commit.packed, touched)
    this.#applier.finish(touched)
    this.#jobs.apply(commit)
    this.#saveBeside(commit)
    this.#erase(commit, touched)
    if (this.#dropped.apply(commit)) touched.incomplete = true
    if (touched !== this.#touched && !touched.isEmpty) this.#many.announceLater()
    return fresh
  }

  /** What it was to be applied for is not so any more. */
  #isMoot({ unlessHeld, whileJob }: HistoryCommit): boolean {
    const ref = unlessHeld === undefined ? null : this.#conversations.knownRef(unlessHeld.conversation)
    if (ref !== null && unlessHeld !== undefined && this.#messages.holds(ref, unlessHeld)) return true
    return whileJob !== undefined && !this.#jobs.has(whileJob)
  }

  #applyPacked(packed: PackedEntries | undefined, touched: Touched): void {
    if (packed === undefined) return
    for (const bytes of unpackEntries(packed)) this.#applier.apply(decodeStoredEntry(bytes), touched, bytes)
  }

  #saveBeside({ draft, settings }: HistoryCommit): void {
    if (draft !== undefined) this.#saveDraft(draft)
    for (const { key, valueJson } of settings ?? []) this.#values.saveSetting(key, valueJson)
  }

  /** Everybody reads again. */
  #announceMany(): void {
    this.#enqueue(() => {
      this.#touched.incomplete = true
      return []
    }).catch(() => undefined)
  }

  #erase(commit: HistoryCommit, touched: Touched): void {
    const { dropBefore, eraseRows, eraseConversations, eraseAccounts } = commit
    for (const row of eraseRows ?? []) this.#eraser.row(row, touched)
    if (dropBefore !== undefined) this.#eraser.before(dropBefore.conversation, dropBefore, touched)
    for (const id of eraseConversations ?? []) this.#eraser.conversation(id, touched)
    for (const aor of eraseAccounts ?? []) this.#accounts.erase(aor, touched)
    if (touched.incomplete) this.#forget()
  }

  #saveDraft(draft: NonNullable<HistoryCommit['draft']>): void {
    this.#touched.conversations.add(this.#conversations.saveDraft(draft, this.#clock.now()))
  }

  /** What was announced never got to the disk. */
  #takeBack(): void {
    // The announced revision is spent, and this is one more: who has heard of it would pass over the same number.
    this.#revision += 2
    this.#announcements.takeBack(this.#revision)
  }
}

/** Tells whoever committed how it ended. */
type Answer = () => void

/** Whether the words of what it brings may wait. */
function bringsFew({ packed, entries }: HistoryCommit): boolean {
  return packed === undefined && (entries ?? []).length <= fewEntries
}
