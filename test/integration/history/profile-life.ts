/**
 * The life of one profile in one bare process, step by step: keys, history, outbox and attachments. What it was told to be
 * durable it says by a mark: `word subject`.
 */
import type Database from 'better-sqlite3'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { openDatabase } from '#main/history/database.ts'
import { HistoryWriter } from '#main/history/history-writer.ts'
import type { HistoryCommit } from '#main/history/port.ts'
import { argon2 } from '#main/keys/argon2.ts'
import { noKeychain } from '#main/keys/keychain-port.ts'
import { KeyLadder } from '#main/keys/key-ladder.ts'
import { preparePaths, type ProfilePaths } from '#main/platform/profile-paths.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { JobId } from '#shared/model/ids.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { EntryMaker } from './history-fixture.ts'

/** What the program says once it was told that something is durable. */
export type Mark = 'keys' | 'made' | 'queued' | 'received' | 'done' | 'deleted' | 'stored' | 'passphrase'
export type Say = (mark: Mark, subject: string) => void

/** Marks that the steps of `rounds` rounds leave. */
export const marksOf = (rounds: number): number => 2 + 8 * rounds

export const passphraseOf = (round: string): Uint8Array => utf8(`tidal copper lantern meadow ${round}`)

/** Where the profile lies below the folder of the disk. */
export const pathsOf = (root: string): ProfilePaths => preparePaths(root, 'cut')

/** A ladder whose passphrases cost next to nothing. */
export function cheapLadder(paths: ProfilePaths): KeyLadder {
  const files = { keysFile: paths.keys, databaseFile: paths.database, keychain: noKeychain }
  return new KeyLadder({
    ...{ ...files, random: systemRandom, derive: argon2 },
    cost: { memoryKib: 8, iterations: 1, parallelism: 1 },
  })
}

export interface LifeOptions {
  readonly root: string
  readonly say: Say
  /** Another setting of the database than the program's own. */
  readonly synchronous?: string
}

/** Something that the disk may refuse; it may be tried again, and is then done once. */
export type LifeStep = () => Promise<void>

export class ProfileLife {
  readonly #options: LifeOptions
  readonly #random = new SeededRandom('life')
  readonly #make = new EntryMaker()
  readonly #paths: ProfilePaths
  readonly #ladder: KeyLadder
  #key: Uint8Array = new Uint8Array()
  #db: Database.Database | null = null
  #writer: HistoryWriter | null = null

  constructor(options: LifeOptions) {
    this.#options = options
    this.#paths = pathsOf(options.root)
    this.#ladder = cheapLadder(this.#paths)
  }

  /** All of it: making the profile, then rounds of everything. */
  *steps(rounds: number): Generator<LifeStep> {
    yield () => this.#begin()
    yield () => this.#open()
    yield () => this.#confirm()
    for (let round = 1; round <= rounds; round++) yield* this.#round(round)
    yield () => this.end()
  }

  end(): Promise<void> {
    const writer = this.#writer
    this.#writer = null
    writer?.close()
    return Promise.resolve()
  }

  *#round(round: number): Generator<LifeStep> {
    yield this.#together([this.#queue(`q${round}a`), this.#queue(`q${round}b`), this.#receive(`r${round}a`)])
    yield this.#receive(`r${round}b`)
    yield this.#finish(`q${round}a`)
    yield this.#retract(`r${round}a`)
    yield this.#attach(`f${round}`)
    yield () => this.#changeKeys(round)
    if (round % 2 === 0) yield () => this.#foldLog()
    else yield () => this.end()
    if (round % 2 === 1) yield () => this.#open()
  }

  #together(steps: readonly LifeStep[]): LifeStep {
    return async () => {
      await Promise.all(steps.map((step) => step()))
    }
  }

  async #begin(): Promise<void> {
    this.#key = await this.#ladder.create({ keychain: false, passphrase: passphraseOf('0') })
    this.#options.say('keys', Buffer.from(this.#key).toString('hex'))
  }

  /** As the program does, or as a program that trusts the system to write in time. */
  #open(): Promise<void> {
    const { synchronous } = this.#options
    const open = (options: Parameters<typeof openDatabase>[0]): Database.Database => {
      const db = openDatabase(options)
      if (synchronous !== undefined) db.pragma(`synchronous = ${synchronous}`)
      this.#db = db
      return db
    }
    this.#writer = new HistoryWriter({ path: this.#paths.database, key: this.#key, clock: systemClock, open })
    return Promise.resolve()
  }

  async #confirm(): Promise<void> {
    await this.#ladder.confirmDatabase()
    this.#options.say('made', 'database')
  }

  async #commit(commit: HistoryCommit): Promise<void> {
    await this.#writer?.commit(commit)
  }

  #text(): string {
    return 'words of a story '.repeat(1 + this.#random.below(60))
  }

  #queue(id: string): LifeStep {
    const message = this.#make.outgoing(this.#text(), { id })
    const job = this.#make.job(message, { id: `job-${id}` as JobId })
    return async () => {
      await this.#commit({ entries: [message], addJobs: [job] })
      this.#options.say('queued', id)
    }
  }

  #receive(id: string): LifeStep {
    const message = this.#make.incoming(this.#text(), { id })
    return async () => {
      await this.#commit({ entries: [message] })
      this.#options.say('received', id)
    }
  }

  #finish(id: string): LifeStep {
    const sent = this.#make.delivery(id, 'sent')
    return async () => {
      await this.#commit({ entries: [sent], removeJobs: [`job-${id}` as JobId] })
      this.#options.say('done', id)
    }
  }

  #retract(id: string): LifeStep {
    const retraction = this.#make.delete(id)
    return async () => {
      await this.#commit({ entries: [retraction] })
      this.#options.say('deleted', id)
    }
  }

  #attach(id: string): LifeStep {
    const bytes = new Uint8Array(this.#random.below(100_000)).fill(7)
    const folder = this.#paths.attachments
    const source = async function* () {
      yield await Promise.resolve(bytes)
    }
    const message = this.#make.incoming('a file', { id })
    return async () => {
      const stored = await new AttachmentStore(folder, systemRandom).write(source())
      await this.#commit({ entries: [message] })
      const key = Buffer.from(stored.key).toString('hex')
      this.#options.say('stored', `${id} ${stored.id} ${key} ${stored.size}`)
    }
  }

  async #changeKeys(round: number): Promise<void> {
    await this.#ladder.setPassphrase(passphraseOf(String(round - 1)), passphraseOf(String(round)))
    this.#options.say('passphrase', String(round))
  }

  /** As the writer does in a pause, where the disk is allowed to refuse it. */
  #foldLog(): Promise<void> {
    try {
      this.#db?.pragma('wal_checkpoint(TRUNCATE)')
    } catch {
      // The log holds everything.
    }
    return Promise.resolve()
  }
}
