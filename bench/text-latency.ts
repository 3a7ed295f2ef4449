/**
 * Text from one Sotto through the home server's relay to another, on the real programs, beside a durable commit of the same
 * history on the same disk, in one run. Measured from the bridge call to the bridge event. `--smoke` is the short form.
 */
import type { SottoBridge } from '#shared/bridge/api.ts'
import type { Page } from '@playwright/test'
import { EntryMaker, TestHistory } from '#test/integration/history/history-fixture.ts'
import { ms, printFigures, quantile, type Figure } from './support/figures.ts'
import { conversationWith, twoPeople } from './support/two-people.ts'

const smoke = process.argv.includes('--smoke')
const rounds = smoke ? 10 : 200
/** Between two messages of a conversation: faster than anybody types, and what a message sets off has ended. */
const pauseMs = 250
/** A message has arrived long before this. */
const quietMs = 100
/** Between two messages of a burst: receipts and copies of the ones before are still on their way. */
const burstPauseMs = 20
/** The first messages open the session, the first commits the history. */
const warmUps = 5
const burstRounds = smoke ? 10 : 150

interface BridgePage {
  readonly sotto: SottoBridge
  arrivalOf?: (text: string) => Promise<number>
}

/** Notes when each text arrives, in wall milliseconds of this computer. */
async function listen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const shared = globalThis as unknown as BridgePage
    const arrivals = new Map<string, number>()
    const waiting = new Map<string, (at: number) => void>()
    // A promise, not a question every few milliseconds: asking would keep the window busy that is measured.
    shared.arrivalOf = (text) =>
      new Promise((resolve) => {
        const at = arrivals.get(text)
        if (at === undefined) waiting.set(text, resolve)
        else resolve(at)
      })
    shared.sotto.on('history.appended', ({ messages }) => {
      const now = performance.timeOrigin + performance.now()
      for (const { text } of messages) {
        if (arrivals.has(text)) continue
        arrivals.set(text, now)
        waiting.get(text)?.(now)
      }
    })
  })
}

/** Answers `answerMs` after the message was sent: an answer in between would wake this process while it is measured. */
async function send(page: Page, conversationId: string, text: string, answerMs: number): Promise<number> {
  return page.evaluate(
    async ([id, body, quiet]) => {
      const shared = globalThis as unknown as BridgePage
      const begun = performance.timeOrigin + performance.now()
      await shared.sotto.call('messages.send', { conversationId: id, text: body })
      await new Promise((resolve) => setTimeout(resolve, quiet))
      return begun
    },
    [conversationId, text, answerMs] as const,
  )
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs))
}

/** NaN when it does not arrive in twenty seconds. */
async function arrivalOf(page: Page, text: string): Promise<number> {
  const arrival = page.evaluate((wanted) => (globalThis as unknown as BridgePage).arrivalOf?.(wanted), text)
  const late = new Promise<number>((resolve) => setTimeout(() => resolve(Number.NaN), 20_000).unref())
  return (await Promise.race([arrival, late])) ?? Number.NaN
}

/** Durable commits of another history on the same disk, by the same workers, while both programs run. */
class Commits {
  readonly times: number[] = []
  readonly #history = new TestHistory()
  readonly #maker = new EntryMaker()
  #open: Awaited<ReturnType<TestHistory['openWorkers']>> | null = null

  async measureOne(): Promise<void> {
    const { writer } = (this.#open ??= await this.#history.openWorkers())
    const entry = this.#maker.incoming(`message ${this.times.length}`)
    const begun = performance.now()
    await writer.commit({ entries: [entry] })
    this.times.push(performance.now() - begun)
  }

  async end(): Promise<void> {
    await this.#history.remove()
  }
}

interface Series {
  readonly name: string
  readonly rounds: number
  readonly pauseMs: number
  /** Runs between two messages, with the pause on both sides. */
  readonly between?: () => Promise<void>
}

async function measureTexts(people: { readonly alice: Page; readonly bob: Page }, series: Series): Promise<number[]> {
  const { alice, bob } = people
  const id = await conversationWith(alice, 'bob')
  const times: number[] = []
  for (let round = -warmUps; round < series.rounds; round++) {
    const text = `${series.name} ${round}`
    // Asked for before it is sent: asking later would be work while it is on its way.
    const arrival = arrivalOf(bob, text)
    const begun = await send(alice, id, text, Math.min(quietMs, series.pauseMs))
    const arrived = await arrival
    if (round >= 0) times.push(arrived - begun)
    await pause(series.pauseMs)
    if (series.between === undefined) continue
    await series.between()
    await pause(series.pauseMs)
  }
  return times
}

async function run(): Promise<void> {
  const { alice, bob, close } = await twoPeople({})
  await listen(bob.page)
  const people = { alice: alice.page, bob: bob.page }
  // In turns, so that both meet the same machine: what it does for others changes from minute to minute.
  const commits = new Commits()
  const texts = await measureTexts(people, { name: 'talk', rounds, pauseMs, between: () => commits.measureOne() })
  await commits.end()
  const burst = await measureTexts(people, { name: 'burst', rounds: burstRounds, pauseMs: burstPauseMs })
  await close()
  const at = (share: number): { text: number; commit: number } => ({
    text: quantile(texts, share),
    commit: quantile(commits.times.slice(warmUps), share),
  })
  const [half, tail] = [at(0.5), at(0.99)]
  const figures: readonly Figure[] = [
    {
      what: 'text, p50',
      measured: ms(half.text),
      besides: `commit ${ms(half.commit)}`,
      promise: '≤ 2 × commit + 10 ms',
      holds: smoke ? null : half.text <= 2 * half.commit + 10,
    },
    {
      what: 'text, p99',
      measured: ms(tail.text),
      besides: `commit ${ms(tail.commit)}`,
      promise: '≤ 2 × commit + 20 ms',
      holds: smoke ? null : tail.text <= 2 * tail.commit + 20,
    },
    {
      what: 'text in a burst, p50 / p99',
      measured: `${ms(quantile(burst, 0.5))} / ${ms(quantile(burst, 0.99))}`,
      besides: `${burstPauseMs} ms between`,
      promise: 'none',
      holds: null,
    },
  ]
  printFigures('Text from Sotto through the relay to Sotto', figures, smoke)
}

await run()
process.exit()
