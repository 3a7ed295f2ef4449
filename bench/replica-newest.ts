/**
 * From the moment a device asks a replica, over a connection that stands, until the newest message can be read from its history: with a short and a
 * long backlog in turns, through a line with a delay, beside the round trips of that line alone. `--smoke` is the short form.
 */
import type { MessageId } from '#shared/model/ids.ts'
import { bob, conversationWith } from '#test/integration/history/history-fixture.ts'
import { lastId, NewDevice, withReplica, type HeldReplica } from './support/held-replica.ts'
import { ms, printFigures, quantile, type Figure } from './support/figures.ts'
import { slowLine } from './support/slow-line.ts'

const smoke = process.argv.includes('--smoke')
const backlogs = smoke ? [300, 2_000] : [1_000, 100_000]
const rounds = smoke ? 1 : 7
const oneWayMs = 50
const roundTrips = 2
const promiseMs = 300

interface Times {
  /** Of one question with a small answer. */
  readonly asked: number[]
  readonly shown: number[]
}

async function measure(replica: HeldReplica, { asked, shown }: Times): Promise<void> {
  const line = await slowLine(replica, oneWayMs)
  const device = await NewDevice.open({ ...replica, port: line.port })
  try {
    await device.client.heads()
    const first = performance.now()
    await device.client.heads()
    const begun = performance.now()
    asked.push(begun - first)
    const run = device.engine.sync()
    run.catch(() => undefined)
    await newestShown(device)
    shown.push(performance.now() - begun)
    device.engine.cancel()
    await run.catch(() => undefined)
  } finally {
    await device.end()
    await line.close()
  }
}

/** Asks as a screen does, once something is said to have changed. */
function newestShown({ history }: NewDevice): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = async (): Promise<void> => {
      const newest = await history.reader.message(conversationWith(bob), bob, lastId as MessageId)
      if (newest !== null) resolve()
    }
    history.writer.onChange(() => void look().catch(reject))
  })
}

async function backlog(entries: number): Promise<Times> {
  const times: Times = { asked: [], shown: [] }
  await withReplica(entries, async (replica) => {
    for (let round = 0; round < rounds; round++) await measure(replica, times)
  })
  return times
}

const figures: Figure[] = []
for (const entries of backlogs) {
  const { asked, shown } = await backlog(entries)
  const [took, one] = [quantile(shown, 0.5), quantile(asked, 0.5)]
  const most = promiseMs + roundTrips * one
  figures.push({
    what: `newest of ${entries.toLocaleString('en')} messages, median of ${rounds}`,
    measured: ms(took),
    besides: `a round trip: ${ms(one)}`,
    promise: `<= ${promiseMs} ms + ${roundTrips} round trips (${ms(most)})`,
    holds: took <= most,
  })
}
printFigures('The newest screenful from a replica', figures, smoke)
