/**
 * The program whose disk is cut: keys, history, outbox and attachments of one profile in one bare Node process. What it was
 * told to be durable it says by a mark: `word subject`.
 */
import { openSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import type Database from 'better-sqlite3'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { openDatabase } from '#main/history/database.ts'
import { HistoryWriter } from '#main/history/history-writer.ts'
import { noKeychain } from '#main/keys/keychain-port.ts'
import { KeyLadder } from '#main/keys/key-ladder.ts'
import { preparePaths } from '#main/platform/profile-paths.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { EntryMaker, messageIdOf } from './history-fixture.ts'
import { cheapPassphrases, cutProfile, passphraseOf, type Mark } from './power-cut.ts'

const [root, marksFile, roundsText, synchronous] = process.argv.slice(2)
if (root === undefined || marksFile === undefined || roundsText === undefined)
  throw new Error('root, marks and rounds wanted')

const marks = openSync(marksFile, 'a')
const say = (mark: Mark, subject: string): void => void writeSync(marks, `${mark} ${subject}`)
const random = new SeededRandom('power cut')
const make = new EntryMaker()
const paths = preparePaths(root, cutProfile)
const attachments = new AttachmentStore(paths.attachments, { bytes: (length) => new Uint8Array(randomBytes(length)) })
const ladder = new KeyLadder({
  ...{ keysFile: paths.keys, databaseFile: paths.database, keychain: noKeychain, random },
  ...cheapPassphrases,
})
const key = await ladder.create({ keychain: false, passphrase: passphraseOf('0') })
say('keys', Buffer.from(key).toString('hex'))

let db: Database.Database | undefined
/** As the program opens it, or as a program that trusts the system to write in time. */
function openWriter(): HistoryWriter {
  const open = (options: Parameters<typeof openDatabase>[0]): Database.Database => {
    db = openDatabase(options)
    if (synchronous !== undefined) db.pragma(`synchronous = ${synchronous}`)
    return db
  }
  return new HistoryWriter({ path: paths.database, key, clock: systemClock, random, open })
}

let writer = openWriter()
await ladder.confirmDatabase()
say('made', 'database')

const text = (): string => 'words of a story '.repeat(1 + random.below(60))

async function queue(id: string): Promise<void> {
  const message = make.outgoing(text(), { id })
  await writer.commit({ entries: [message], addJobs: [make.job(message, { id: `job-${id}` as never })] })
  say('queued', id)
}

async function receive(id: string): Promise<void> {
  await writer.commit({ entries: [make.incoming(text(), { id })] })
  say('received', id)
}

async function finish(id: string): Promise<void> {
  await writer.commit({ entries: [make.delivery(id, 'sent')], removeJobs: [`job-${id}` as never] })
  say('done', id)
}

async function retract(id: string): Promise<void> {
  await writer.commit({ entries: [make.delete(id)] })
  say('deleted', id)
}

async function attach(id: string): Promise<void> {
  const bytes = random.bytes(random.below(100_000))
  const stored = await attachments.write(
    (async function* () {
      yield await Promise.resolve(bytes)
    })(),
  )
  const message = make.incoming(`a file: ${stored.id}`, { id })
  await writer.commit({ entries: [message] })
  say('stored', `${messageIdOf(message)} ${stored.id} ${Buffer.from(stored.key).toString('hex')} ${stored.size}`)
}

async function changeKeys(round: number): Promise<void> {
  await ladder.setPassphrase(passphraseOf(String(round - 1)), passphraseOf(String(round)))
  say('passphrase', String(round))
}

/** Folds the log into the database, as the writer does in a pause; or ends and begins again. */
function rest(round: number): void {
  if (round % 2 === 0) {
    db?.pragma('wal_checkpoint(TRUNCATE)')
    return
  }
  writer.close()
  writer = openWriter()
}

for (let round = 1; round <= Number(roundsText); round++) {
  await Promise.all([queue(`q${round}a`), queue(`q${round}b`), receive(`r${round}a`)])
  await receive(`r${round}b`)
  await finish(`q${round}a`)
  await retract(`r${round}a`)
  await attach(`f${round}`)
  await changeKeys(round)
  rest(round)
}
writer.close()
