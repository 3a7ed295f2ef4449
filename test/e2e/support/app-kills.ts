/** Kills the whole program in the middle of a chat, again and again: what its window was told to be sent stays, once. */
import type { SottoBridge } from '#shared/bridge/api.ts'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import type { Page } from '@playwright/test'
import { isIntact, openDatabase } from '#main/history/database.ts'
import { deriveInWorker } from '#main/keys/derive-in-worker.ts'
import { KeyLadder } from '#main/keys/key-ladder.ts'
import { noKeychain } from '#main/keys/keychain-port.ts'
import { preparePaths } from '#main/platform/profile-paths.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { launchApp, temporaryData, type RunningApp } from './app.ts'
import { aliceAndBob, introduce, newPerson, testPassphrase } from './person.ts'
import { expectMessage, sendMessage, unlock } from './steps.ts'

/** What was found after so many kills. */
export interface AppKillReport {
  readonly kills: number
  /** Messages that a window was told to be sent: Alice's, who is killed, and Bob's to her. */
  readonly acknowledged: number
  /** `who holds: text`, held by its author or by the other side not at all, or more than once. */
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
  readonly intact: boolean
}

const longestLifeMs = 1500
/** Both histories are looked at after so many kills. */
const killsPerLook = 20
const lastWordsMs = 120_000
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Sends one message after the other until the window goes; returns those that were acknowledged. */
async function sendUntilGone(page: Page, prefix: string, isOver: () => boolean): Promise<readonly string[]> {
  const sent: string[] = []
  for (let number = 0; !isOver(); number++) {
    const text = `${prefix} ${number}`
    const isSent = await page
      .evaluate(async (words) => {
        const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
        const list = await sotto.call('conversations.list', {})
        const conversationId = list.ok ? list.value.conversations[0]?.id : undefined
        if (conversationId === undefined) return false
        return (await sotto.call('messages.send', { conversationId, text: words })).ok
      }, text)
      .catch(() => false)
    if (isSent) sent.push(text)
  }
  return sent
}

/** All texts of the one conversation, oldest first. */
async function textsOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(async () => {
    const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
    const list = await sotto.call('conversations.list', {})
    const conversationId = list.ok ? list.value.conversations[0]?.id : undefined
    if (conversationId === undefined) return []
    const texts: string[] = []
    let before = Number.MAX_SAFE_INTEGER
    for (let more = true; more;) {
      const anchor = { at: 'before', position: before } as const
      const page = await sotto.call('messages.page', { conversationId, anchor, limit: 200 })
      if (!page.ok) return []
      texts.unshift(...page.value.messages.map(({ text }) => text))
      before = page.value.messages[0]?.position ?? 0
      more = page.value.hasOlder
    }
    return texts
  })
}

async function killOnce(alice: RunningApp, bob: RunningApp, round: number): Promise<readonly string[]> {
  let over = false
  const isOver = (): boolean => over
  const sending = [sendUntilGone(alice.page, `a${round}`, isOver), sendUntilGone(bob.page, `b${round}`, isOver)]
  await pause(randomInt(50, longestLifeMs))
  const child = alice.app.process()
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  over = true
  return (await Promise.all(sending)).flat()
}

async function startAgain(data: string): Promise<RunningApp> {
  const alice = await launchApp({ profile: 'alice', data })
  await unlock(alice.page, testPassphrase)
  await alice.page.locator('[data-list-row]').first().waitFor({ timeout: 60_000 })
  return alice
}

/** How often each text occurs. */
function countsOf(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

/** Looks at both histories until everything has arrived, or for so long. */
async function judge(
  people: Readonly<Record<string, RunningApp>>,
  acknowledged: readonly string[],
): Promise<Pick<AppKillReport, 'lost' | 'doubled'>> {
  const end = Date.now() + lastWordsMs
  for (;;) {
    const [lost, doubled]: [string[], string[]] = [[], []]
    for (const [name, { page }] of Object.entries(people)) {
      const held = countsOf(await textsOf(page))
      lost.push(...acknowledged.filter((text) => !held.has(text)).map((text) => `${name}: ${text}`))
      doubled.push(...acknowledged.filter((text) => (held.get(text) ?? 0) > 1).map((text) => `${name}: ${text}`))
    }
    if (lost.length === 0 || Date.now() > end) return { lost, doubled }
    await pause(1000)
  }
}

async function isProfileIntact(data: string): Promise<boolean> {
  const paths = preparePaths(data, 'alice')
  const files = { keysFile: paths.keys, databaseFile: paths.database, keychain: noKeychain }
  const ladder = new KeyLadder({ ...files, random: systemRandom, derive: deriveInWorker })
  const key = await ladder.open('passphrase', new TextEncoder().encode(testPassphrase))
  const db = openDatabase({ path: paths.database, key, role: 'writer' })
  try {
    return isIntact(db)
  } finally {
    db.close()
  }
}

/**
 * Kills Alice's program `kills` times while both write to each other. `tell` hears what was found so far, so that a run that
 * is stopped has a verdict.
 */
export async function killApp(
  kills: number,
  tell: (report: AppKillReport) => void = () => undefined,
): Promise<AppKillReport> {
  const data = temporaryData()
  let alice = await newPerson({ profile: 'alice', data: data.path }, 'alice', 'Alice')
  const bob = await newPerson({ profile: 'bob', data: data.path }, 'bob', 'Bob')
  try {
    await introduce(...aliceAndBob(alice, bob), 'first line')
    await sendMessage(bob.page, 'second line')
    await expectMessage(alice.page, 'second line')
    const acknowledged: string[] = []
    let report: AppKillReport = { kills: 0, acknowledged: 0, lost: [], doubled: [], intact: true }
    for (let kill = 1; kill <= kills; kill++) {
      acknowledged.push(...(await killOnce(alice, bob, kill)))
      const isLooked = kill % killsPerLook === 0 || kill === kills
      const intact = report.intact && (!isLooked || (await isProfileIntact(data.path)))
      alice = await startAgain(data.path)
      if (!isLooked) continue
      const found = await judge({ alice, bob }, acknowledged)
      report = { kills: kill, acknowledged: acknowledged.length, ...found, intact }
      tell(report)
    }
    await alice.quit()
    return { ...report, intact: report.intact && (await isProfileIntact(data.path)) }
  } finally {
    // Alice's program is gone already where all went well.
    await Promise.allSettled([alice.quit(), bob.quit()])
    data.remove()
  }
}
