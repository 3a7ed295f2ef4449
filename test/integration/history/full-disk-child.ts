/**
 * Fills the disk under a running chat and prints what became of the messages, as JSON. Its temporary folder has to be a
 * small file system of its own.
 */
import { appendFileSync, globSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isIntact, openDatabase } from '#main/history/database.ts'
import { SottoError } from '#shared/errors.ts'
import type { Aor } from '#shared/model/ids.ts'
import { ChatDevice } from '#test/fakes/chat-device.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { FakeNetwork } from '#test/fakes/signalling.ts'

/** What a sender gets to know, and what the history then holds. */
export interface FullDiskReport {
  readonly errno: string
  readonly freeBytes: number
  readonly sendFailure: string
  readonly sipStatus: number
  readonly msrpStatus: number
  readonly heldWhileFull: readonly string[]
  readonly jobsWhileFull: number
  readonly sipAgain: readonly number[]
  readonly msrpAgain: readonly number[]
  readonly heldAfterwards: readonly string[]
  readonly heldAfterReopening: readonly string[]
  readonly intact: boolean
  readonly integrityCheck: unknown
}

/** More than any disk this test may be started on by mistake. */
const largestDisk = 64 * 1024 * 1024
const bob = 'sip:bob@example.org' as Aor
const filler = path.join(tmpdir(), 'filler')

const clock = new FakeClock()
const random = new SeededRandom('full disk')
const network = new FakeNetwork(clock, random)
const alice = new ChatDevice({ clock, network, seed: 'full disk' }, 'alice')

/** Drives the chat's clock until `promise` has an outcome. */
async function outcomeOf<T>(promise: Promise<T>): Promise<T> {
  const state = { isOver: false }
  const end = (): void => void (state.isOver = true)
  promise.then(end, end)
  while (!state.isOver) await clock.advance(50)
  return promise
}

/** Writes until the disk takes not a byte more; returns the system's word for it. */
function fillDisk(): string {
  for (let size = 65_536; size >= 1;) {
    try {
      appendFileSync(filler, Buffer.alloc(size, 1))
    } catch (error) {
      if (size === 1) return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      size = Math.floor(size / 2)
    }
  }
  return 'never'
}

function deliver(transportId: string, path: 'sip-message' | 'msrp'): Promise<number> {
  const payload = Buffer.from(`${path} while the disk is full`)
  const ends = { from: bob, fromName: 'Bob', to: alice.aor, fromSelf: false, storedAt: null }
  const status = new Promise<number>((resolve) =>
    alice.signalling.deliver({ ...ends, path, contentType: 'text/plain', payload, transportId }, resolve),
  )
  return outcomeOf(status)
}

const conversationId = async () => outcomeOf(alice.contacts.start({ accountId: alice.account.id, peer: bob }))
const send = async (text: string) => alice.chat.send({ conversationId: await conversationId(), text })

async function held(): Promise<readonly string[]> {
  const request = { conversationId: await conversationId(), anchor: { at: 'newest' }, limit: 100 } as const
  return (await alice.history.reader.page(request)).messages.map(({ text }) => text)
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await outcomeOf(promise)
    return 'none'
  } catch (error) {
    return error instanceof SottoError ? error.code : String(error)
  }
}

/** Looks at the file as the next start would. */
function inspect(): Pick<FullDiskReport, 'intact' | 'integrityCheck' | 'heldAfterReopening'> {
  const [file] = globSync(path.join(tmpdir(), 'sotto-chat-*', 'history.db'))
  if (file === undefined) throw new Error('no history on the small disk')
  const db = openDatabase({ path: file, key: new Uint8Array(32).fill(9), role: 'writer' })
  try {
    return {
      intact: isIntact(db),
      integrityCheck: db.pragma('integrity_check', { simple: true }),
      heldAfterReopening: db.prepare<[], string>('SELECT text FROM message ORDER BY position').pluck().all(),
    }
  } finally {
    db.close()
  }
}

async function run(): Promise<FullDiskReport> {
  const { blocks, bsize } = statfsSync(tmpdir())
  if (blocks * bsize > largestDisk) throw new Error('this is no small disk')
  await outcomeOf(alice.start())
  await outcomeOf(send('before'))
  const errno = fillDisk()
  const { bavail } = statfsSync(tmpdir())
  const whileFull = {
    errno,
    freeBytes: bavail * bsize,
    sendFailure: await failureOf(send('while full')),
    sipStatus: await deliver('t-sip', 'sip-message'),
    msrpStatus: await deliver('t-msrp', 'msrp'),
    heldWhileFull: await held(),
    jobsWhileFull: await alice.pendingJobs(),
  }
  rmSync(filler)
  const again = {
    sipAgain: [await deliver('t-sip', 'sip-message'), await deliver('t-sip', 'sip-message')],
    msrpAgain: [await deliver('t-msrp', 'msrp'), await deliver('t-msrp', 'msrp')],
  }
  await outcomeOf(send('while full'))
  const heldAfterwards = await held()
  await alice.crash()
  return { ...whileFull, ...again, heldAfterwards, ...inspect() }
}

process.stdout.write(JSON.stringify(await run()))
