import { afterAll, expect, it } from 'vitest'
import { Outbox } from '#main/chat/outbox.ts'
import type { SendFailure, SendOutcome, SignallingPort } from '#main/accounts/signalling-port.ts'
import type { Result } from '#shared/result.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { alice, aliceAccount, EntryMaker, TestHistory } from './history-fixture.ts'

const test = new TestHistory()
afterAll(() => test.remove())

/** Bytes in buffers of this process, those not yet thrown away included. */
const heldBytes = () => process.memoryUsage().arrayBuffers

it('starts with a full outbox without loading what it will send, and sends the whole of it', async () => {
  const [jobs, payloadBytes] = [48, 500_000]
  const history = test.open()
  await history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }] })
  const make = new EntryMaker()
  for (let index = 0; index < jobs; index++) {
    const message = make.outgoing(`m${index}`)
    const payload = new Uint8Array(payloadBytes).fill(index)
    const expiresAt = Number.MAX_SAFE_INTEGER
    await history.writer.commit({ entries: [message], addJobs: [make.job(message, { payload, expiresAt })] })
  }
  const samples: number[] = []
  const sent: (readonly [length: number, first: number | undefined])[] = []
  const delivered: Result<SendOutcome, SendFailure> = { ok: true, value: { path: 'sip-message', state: 'sent' } }
  const clock = new FakeClock()
  const outbox = new Outbox({
    writer: history.writer,
    reader: {
      ...history.reader,
      dueJobs: async (now, limit) => {
        const before = heldBytes()
        const loaded = await history.reader.dueJobs(now, limit)
        samples.push(heldBytes() - before)
        return loaded
      },
      jobsOf: (conversation, target) => history.reader.jobsOf(conversation, target),
    },
    signalling: {
      send: ({ body }: Parameters<SignallingPort['send']>[0]) => {
        sent.push([body.payload.length, body.payload[0]])
        return Promise.resolve(delivered)
      },
    } as unknown as SignallingPort,
    ...{ clock, random: new SeededRandom('outbox'), log: silentLog, settle: () => ({}) },
  })
  outbox.setConnected(aliceAccount, false)
  const before = heldBytes()
  await outbox.start()
  // All payloads together are 24 MB; not even one of them is in memory, not even for a moment.
  expect(samples).toHaveLength(1)
  expect(samples[0]).toBeLessThan(payloadBytes)
  expect(heldBytes() - before).toBeLessThan(payloadBytes)
  outbox.setConnected(aliceAccount, true)
  await clock.advance(10_000)
  expect(sent).toEqual(Array.from({ length: jobs }, (_, index) => [payloadBytes, index]))
  outbox.stop()
}, 60_000)
