/**
 * From the press on "call" until the other side rings: two real programs at one home server on loopback, from the bridge call
 * `calls.place` on one side to the bridge event with the incoming call on the other. Beside it, in turns in the same run: a text
 * message over the same way. Run through `npm run bench -- ringing [--smoke]`. Promise: at most 100 ms (p50).
 */
import type { Page } from '@playwright/test'
import type { SottoBridge } from '#shared/bridge/api.ts'
import { ms, printFigures, quantile, type Figure } from './support/figures.ts'
import { conversationWith, twoPeople } from './support/two-people.ts'

const smoke = process.argv.includes('--smoke')
const rounds = smoke ? 3 : 40
const maxMs = 100
/** Between two calls: the one before is over on both sides, and what it set off has ended. */
const pauseMs = smoke ? 500 : 1_000
interface Noted {
  readonly sotto: SottoBridge
  ringing?: { wait: () => Promise<number> }
  arrived?: { wait: (text: string) => Promise<number> }
}

const pause = (forMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, forMs))

/** Notes on the called side when it rings, and when a text comes, in wall milliseconds of this computer. */
async function listen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const shared = globalThis as unknown as Noted
    const now = (): number => performance.timeOrigin + performance.now()
    const known = new Set<string>()
    let rang: (at: number) => void = () => undefined
    shared.ringing = { wait: () => new Promise((resolve) => (rang = resolve)) }
    shared.sotto.on('calls.changed', ({ calls }) => {
      for (const { id, phase } of calls) {
        if (phase !== 'incoming' || known.has(id)) continue
        known.add(id)
        rang(now())
      }
    })
    const waiting = new Map<string, (at: number) => void>()
    shared.arrived = { wait: (text) => new Promise((resolve) => waiting.set(text, resolve)) }
    shared.sotto.on('history.appended', ({ messages }) => {
      for (const { text } of messages) waiting.get(text)?.(now())
    })
  })
}

/** Presses, waits until it hears of the ringing, hangs up; when it was pressed. */
async function callAndEnd(page: Page, conversationId: string): Promise<number> {
  return page.evaluate(async (id) => {
    const { sotto } = globalThis as unknown as Noted
    // Whatever comes after "calling" comes from the other side, after it rang there.
    const answered = new Promise<void>((resolve) => {
      sotto.on('calls.changed', ({ calls }) => {
        if (calls.some(({ phase }) => phase === 'ringing')) resolve()
      })
    })
    const begun = performance.timeOrigin + performance.now()
    const reply = await sotto.call('calls.place', { conversationId: id, video: false, showAddress: true })
    if (!reply.ok) throw new Error(reply.code)
    await answered
    await sotto.call('calls.end', { callId: reply.value })
    return begun
  }, conversationId)
}

async function sendText(page: Page, conversationId: string, text: string): Promise<number> {
  return page.evaluate(
    async ([id, body]) => {
      const { sotto } = globalThis as unknown as Noted
      const begun = performance.timeOrigin + performance.now()
      await sotto.call('messages.send', { conversationId: id, text: body })
      return begun
    },
    [conversationId, text] as const,
  )
}

/** Rejects when it does not come in twenty seconds. */
async function inTime(what: string, noted: Promise<number | undefined>): Promise<number> {
  const late = pause(20_000).then(() => undefined)
  const at = await Promise.race([noted, late])
  if (at === undefined) throw new Error(`not in 20 s: ${what}`)
  return at
}

interface Times {
  readonly calls: number[]
  readonly texts: number[]
}

async function measure(alice: Page, bob: Page): Promise<Times> {
  const times: Times = { calls: [], texts: [] }
  const id = await conversationWith(alice, 'bob')
  // The first call starts the media worker's code and opens the engine.
  for (let round = -1; round < rounds; round += 1) {
    const ringing = bob.evaluate(() => (globalThis as unknown as Noted).ringing?.wait())
    const pressed = await inTime('it rings', callAndEnd(alice, id))
    const rang = await inTime('the called side says so', ringing)
    if (round >= 0) times.calls.push(rang - pressed)
    await pause(pauseMs)
    const text = `text ${round}`
    const arrived = bob.evaluate((wanted) => (globalThis as unknown as Noted).arrived?.wait(wanted), text)
    const sent = await sendText(alice, id, text)
    const came = await inTime('a text', arrived)
    if (round >= 0) times.texts.push(came - sent)
    await pause(pauseMs / 2)
  }
  return times
}

async function run(): Promise<void> {
  const { alice, bob, close } = await twoPeople({ fakeMedia: true })
  await listen(bob.page)
  const { calls, texts } = await measure(alice.page, bob.page)
  await close()
  const figures: readonly Figure[] = [
    {
      what: 'press to ringing, p50',
      measured: ms(quantile(calls, 0.5)),
      besides: `text over the same way ${ms(quantile(texts, 0.5))}`,
      promise: `≤ ${maxMs} ms`,
      holds: smoke ? null : quantile(calls, 0.5) <= maxMs,
    },
    {
      what: 'press to ringing, p90',
      measured: ms(quantile(calls, 0.9)),
      besides: `text ${ms(quantile(texts, 0.9))}`,
      promise: '–',
      holds: null,
    },
  ]
  printFigures('From the press to ringing on the other side', figures, smoke)
}

await run()
process.exit()
