import { describe, expect, it } from 'vitest'
import type { AccountId, ConversationId, JobId, MessageId } from '#shared/model/ids.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { HistoryCommit, HistoryReaderPort, HistoryWriterPort, OutboxJob } from '#main/history/port.ts'
import type { SendFailure, SendOutcome, SignallingPort } from '#main/accounts/signalling-port.ts'
import type { Result } from '#shared/result.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { retryDelayMs } from './back-off.ts'
import { Outbox, type JobEnd } from './outbox.ts'

const account = 'account' as AccountId
const sent: Result<SendOutcome, SendFailure> = { ok: true, value: { path: 'sip-message', state: 'sent' } }
const later: Result<SendOutcome, SendFailure> = { ok: false, error: { code: 'server-unreachable', retry: true } }
const never: Result<SendOutcome, SendFailure> = {
  ok: false,
  error: { code: 'recipient-unknown', retry: false, status: 404 },
}

/** An outbox over a list of jobs that outlives it, and a transport that does what `answer` says. */
function rig(clock = new FakeClock()) {
  const stored: OutboxJob[] = []
  const state = { answer: (_job: string): typeof sent | Promise<never> => sent, commitFails: 0 }
  const [sends, ends]: [string[], [string, JobEnd['kind']][]] = [[], []]
  const commits: HistoryCommit[] = []
  const commit = (change: HistoryCommit) => {
    commits.push(change)
    if (state.commitFails-- > 0) return Promise.reject(new Error('disk full'))
    for (const id of change.removeJobs ?? [])
      stored.splice(
        stored.findIndex((job) => job.id === id),
        1,
      )
    stored.push(...(change.addJobs ?? []))
    for (const { id, ...rest } of change.rescheduleJobs ?? []) {
      const at = stored.findIndex((job) => job.id === id)
      stored[at] = { ...stored[at]!, ...rest }
    }
    return Promise.resolve({ revision: 0, fresh: [], held: false })
  }
  const open = () =>
    new Outbox({
      writer: { commit } as unknown as HistoryWriterPort,
      reader: {
        dueJobs: () =>
          Promise.resolve(
            stored.toSorted((a, b) => a.createdAt - b.createdAt).map(({ payload: _payload, ...rest }) => rest),
          ),
        jobsOf: (_: ConversationId, target: MessageId) =>
          Promise.resolve(stored.filter((job) => job.target === target)),
      } as unknown as HistoryReaderPort,
      signalling: {
        send: (request: { messageId: string }) => {
          sends.push(request.messageId)
          return Promise.resolve(state.answer(request.messageId))
        },
      } as unknown as SignallingPort,
      ...{ clock, random: new SeededRandom('outbox'), log: silentLog },
      settle: (job, end) => {
        ends.push([job.id, end.kind])
        // What became of a message is told; the end of a receipt or a copy is only the end.
        return job.kind === 'message' ? { entries: [{} as Entry] } : {}
      },
    })
  const job = (id: string, destination = 'sip:bob@example.org', kind: OutboxJob['kind'] = 'message'): OutboxJob => ({
    ...{ id: id as JobId, accountId: account, kind, conversation: 'c' as ConversationId, destination },
    ...{ messageId: id as MessageId, target: id as MessageId, contentType: 'text/plain', payload: new Uint8Array(3) },
    ...{ createdAt: clock.now() + stored.length, attempts: 0, nextAttemptAt: 0, expiresAt: clock.now() + 1_000_000 },
  })
  const add = async (outbox: Outbox, ...jobs: OutboxJob[]) => {
    await commit({ addJobs: jobs })
    outbox.enqueue(jobs)
  }
  return { clock, stored, state, commits, sends, ends, open, job, add }
}

describe('outbox', () => {
  it('keeps the order of a destination while its first message does not get through; others go on', async () => {
    const { clock, state, sends, open, job, add } = rig()
    const outbox = open()
    await outbox.start()
    state.answer = (id) => (id === 'a1' ? later : sent)
    await add(
      outbox,
      job('a1'),
      job('a2'),
      job('b1', 'sip:carol@example.org'),
      job('r1', 'sip:bob@example.org', 'receipt'),
    )
    await clock.advance(500)
    expect(sends).toEqual(['a1', 'b1', 'r1'])
    state.answer = () => sent
    outbox.peerReachable(account, 'sip:bob@example.org')
    await clock.advance(100)
    expect(sends.slice(3)).toEqual(['a1', 'a2'])
  })

  it('goes on after a restart where it was, before anything newer', async () => {
    const { clock, stored, state, sends, open, job, add } = rig()
    const first = open()
    await first.start()
    state.answer = () => new Promise<never>(() => undefined)
    await add(first, job('a1'), job('a2'))
    await clock.advance(100)
    first.stop()
    state.answer = () => sent
    const second = open()
    const newer = job('a3')
    await add(second, newer)
    await second.start()
    await clock.advance(100)
    expect(sends).toEqual(['a1', 'a1', 'a2', 'a3'])
    expect(stored).toEqual([])
  })

  it('loses nothing when the outcome cannot be stored: it is sent again', async () => {
    const { clock, stored, state, sends, open, job, add } = rig()
    const outbox = open()
    await outbox.start()
    await add(outbox, job('a1'))
    state.commitFails = 1
    await clock.advance(10_000)
    expect(sends).toEqual(['a1', 'a1'])
    expect(stored).toEqual([])
  })

  it('takes ended receipts and copies out of the history together, a moment later', async () => {
    const { clock, stored, state, commits, sends, open, job, add } = rig()
    const outbox = open()
    await outbox.start()
    await add(outbox, job('r1', 'sip:bob@example.org', 'receipt'), job('c1', 'sip:me@example.org', 'own-copy'))
    await clock.advance(10)
    expect(sends).toEqual(['r1', 'c1'])
    expect(stored).toHaveLength(2)
    state.commitFails = 1
    await clock.advance(10_000)
    expect(stored).toEqual([])
    expect(commits.slice(-2).map(({ removeJobs }) => removeJobs)).toEqual([
      ['r1', 'c1'],
      ['r1', 'c1'],
    ])
    expect(sends).toHaveLength(2)
  })

  it('hands over what ended when it stops, and sends nothing twice that waits to be taken out', async () => {
    const { clock, stored, sends, open, job, add } = rig()
    const outbox = open()
    await outbox.start()
    await add(outbox, job('r1', 'sip:bob@example.org', 'receipt'))
    await clock.advance(10)
    outbox.stop()
    await clock.advance(10)
    expect(stored).toEqual([])
    expect(sends).toEqual(['r1'])
  })

  it('ends what can never succeed, and what got nowhere in its time', async () => {
    const { clock, state, ends, open, job, add } = rig()
    const outbox = open()
    await outbox.start()
    state.answer = (id) => (id === 'a1' ? never : later)
    await add(outbox, job('a1'), job('a2'))
    await clock.advance(2_000_000)
    expect(ends).toEqual([
      ['a1', 'failed'],
      ['a2', 'failed'],
    ])
  })

  it('attempts nothing without a connection and everything with a new one', async () => {
    const { clock, sends, open, job, add } = rig()
    const outbox = open()
    outbox.setConnected(account, false)
    await outbox.start()
    await add(outbox, job('a1'))
    await clock.advance(100_000)
    expect(sends).toEqual([])
    outbox.setConnected(account, true)
    await clock.advance(10)
    expect(sends).toEqual(['a1'])
  })

  it('gives back what it has not begun to send', async () => {
    const { clock, state, sends, open, job, add } = rig()
    const outbox = open()
    await outbox.start()
    state.answer = () => new Promise<never>(() => undefined)
    await add(outbox, job('a1'), job('a2'))
    await clock.advance(10)
    expect(outbox.withdraw('a1' as JobId)).toBe(false)
    expect(outbox.withdraw('a2' as JobId)).toBe(true)
    expect(sends).toEqual(['a1'])
  })
})

describe('back-off', () => {
  it('doubles up to ten minutes, with jitter between half and all', () => {
    const random = new SeededRandom('jitter')
    const waits = Array.from({ length: 40 }, (_, attempt) => retryDelayMs(attempt + 1, random))
    waits.forEach((wait, attempt) => {
      const full = Math.min(600_000, 2000 * 2 ** attempt)
      expect(wait).toBeGreaterThanOrEqual(full / 2)
      expect(wait).toBeLessThanOrEqual(full)
    })
    expect(new Set(waits.slice(15)).size).toBeGreaterThan(20)
  })

  it('knows a job as never sent only if it was made in this run and not attempted', async () => {
    const { clock, state, open, job, add } = rig()
    const outbox = open()
    await outbox.start()
    state.answer = () => new Promise(() => undefined)
    await add(outbox, job('handed-over'), job('behind'))
    await clock.advance(10)
    const left = () => ['handed-over', 'behind'].map((id) => outbox.hasNeverLeft(id as JobId))
    expect(left()).toEqual([false, true])
    // A crash: the history counts no attempt of either, and the first may have arrived.
    outbox.stop()
    const after = open()
    after.setConnected(account, false)
    await after.start()
    expect(['handed-over', 'behind'].map((id) => after.hasNeverLeft(id as JobId))).toEqual([false, false])
  })
})
