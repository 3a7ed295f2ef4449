/**
 * From the moment a message is stored on one device until it is in the history of the person's other device, through a server on either store, one
 * message every now and then and a burst; beside storing it here alone. `--smoke` is the short form.
 */
import { bob, conversationWith } from '#test/integration/history/history-fixture.ts'
import { PersonDevice } from '#test/fakes/replica-person.ts'
import { PostgresServer } from '#test/integration/replica/postgres-server.ts'
import { homeServer, ownReplica, type Started } from '#test/integration/replication/person-servers.ts'
import { ms, printFigures, quantile, type Figure } from './support/figures.ts'
import { timed } from './support/timed.ts'

const smoke = process.argv.includes('--smoke')
const messages = smoke ? 5 : 60
/** Said at once. */
const burst = smoke ? 10 : 100
const pauseMs = 50
const promiseMs = 1000

/** Resolves as soon as a screen would show this text: what changed names it, or says that there is much to read. */
function shown({ history }: PersonDevice, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const latest = { conversationId: conversationWith(bob), anchor: { at: 'newest' }, limit: 50 } as const
    const look = async (): Promise<void> => {
      const { messages } = await history.reader.page(latest)
      if (messages.some((message) => message.text === text)) done()
    }
    const stop = history.writer.onChange(({ messages, bulk }) => {
      if (messages.some((message) => message.text === text)) done()
      else if (bulk) look().catch(reject)
    })
    const done = (): void => {
      stop()
      resolve()
    }
  })
}

async function linked(started: Started): Promise<readonly [PersonDevice, PersonDevice]> {
  const [desk, phone] = [new PersonDevice('Desk', started.server), new PersonDevice('Phone', started.server)]
  await desk.signIn()
  await desk.switchOn()
  await desk.link(phone, 'qr')
  // The other one has begun to listen once something came over.
  const there = shown(phone, 'first')
  await desk.say(desk.entries.incoming('first'))
  await there
  return [desk, phone]
}

async function measure(what: string, started: Started): Promise<readonly Figure[]> {
  const [desk, phone] = await linked(started)
  const [stored, live, all]: [number[], number[], number[]] = [[], [], []]
  try {
    for (let count = 1; count <= messages; count += 1) {
      const there = shown(phone, `message ${count}`)
      await timed(live, async () => {
        await timed(stored, () => desk.say(desk.entries.incoming(`message ${count}`)))
        await there
      })
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    const there = shown(phone, `one of many ${burst}`)
    await timed(all, async () => {
      await desk.say(...Array.from({ length: burst }, (_, index) => desk.entries.incoming(`one of many ${index + 1}`)))
      await there
    })
  } finally {
    await desk.end()
    await phone.end()
  }
  const besides = `stored here: ${ms(quantile(stored, 0.5))}`
  const figure = (name: string, took: number): Figure => ({
    ...{ what: `${what}, ${name}`, measured: ms(took), besides },
    ...{ promise: `≤ ${promiseMs} ms`, holds: took <= promiseMs },
  })
  return [
    figure(`a message, median of ${messages}`, quantile(live, 0.5)),
    figure('a message, slowest', Math.max(...live)),
    { ...figure(`${burst} messages in a row, the last`, all[0] ?? NaN), promise: '–', holds: null },
  ]
}

async function withServer(what: string, started: Started): Promise<readonly Figure[]> {
  try {
    return await measure(what, started)
  } finally {
    await started.end()
  }
}

const postgres = await PostgresServer.start()
try {
  const figures = [
    ...(await withServer('SQLite', await homeServer())),
    ...(await withServer('PostgreSQL', await ownReplica(postgres))),
  ]
  printFigures('A message on the other device', figures, smoke)
} finally {
  await postgres.stop()
}
