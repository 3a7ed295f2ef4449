/**
 * The whole program beside a blank window of the same host, in one run: time until the window is usable, memory with a long
 * history, opening a long conversation. `--smoke` is the short form.
 */
import path from 'node:path'
import { _electron, type ElectronApplication, type Page } from '@playwright/test'
import { deriveInWorker } from '#main/keys/derive-in-worker.ts'
import { KeyLadder } from '#main/keys/key-ladder.ts'
import { noKeychain } from '#main/keys/keychain-port.ts'
import { openHistoryInWorkers } from '#main/history/open-history.ts'
import { preparePaths } from '#main/platform/profile-paths.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { conversationIdOf } from '#shared/model/derive-ids.ts'
import type { Aor, DeviceId } from '#shared/model/ids.ts'
import { launchApp, temporaryData } from '#test/e2e/support/app.ts'
import { homeDomain, newPerson, testPassphrase } from '#test/e2e/support/person.ts'
import { unlock } from '#test/e2e/support/steps.ts'
import { EntryMaker, sha256 } from '#test/integration/history/history-fixture.ts'
import { blankApp } from './support/blank-app.ts'
import { ms, printFigures, quantile, type Figure } from './support/figures.ts'
import { processTree, pssBytes } from './support/pss.ts'

const smoke = process.argv.includes('--smoke')
const messages = smoke ? 3_000 : 100_000
const rounds = smoke ? 1 : 5
const openings = smoke ? 6 : 40
/** Both windows are left alone for this long before their memory is read: what was dropped is collected by then. */
const restMs = smoke ? 2_000 : 30_000
const root = path.resolve(import.meta.dirname, '..')
const owner = `sip:alice@${homeDomain}` as Aor
const peers = [`sip:bob@${homeDomain}` as Aor, `sip:carol@${homeDomain}` as Aor] as const

async function fill(data: string): Promise<void> {
  const paths = preparePaths(data, 'alice')
  const keys = { keysFile: paths.keys, databaseFile: paths.database, keychain: noKeychain }
  const ladder = new KeyLadder({ ...keys, random: systemRandom, derive: deriveInWorker })
  const key = await ladder.open('passphrase', new TextEncoder().encode(testPassphrase))
  const history = await openHistoryInWorkers({ path: paths.database, key })
  const maker = new EntryMaker()
  for (const [index, peer] of peers.entries()) {
    const count = index === 0 ? messages : 300
    const conversation = conversationIdOf(sha256, owner, peer)
    const place = { account: owner, device: 'BBBBBBBBBBBBBBBBBBBBBA' as DeviceId }
    await history.writer.commit({
      entries: [
        maker.entry(
          { kind: 'contact', conversation, peer, policy: 'accepted' },
          { ...place, authenticatedBy: 'own-device' },
        ),
      ],
    })
    for (let done = 0; done < count; done += 500) {
      const entries = Array.from({ length: Math.min(500, count - done) }, (_, offset) => {
        const made = maker.incoming(
          `Message ${done + offset} about the harbour, the weather and the plans for tomorrow`,
          { peer },
        )
        return {
          head: { ...made.head, ...place },
          body: { ...made.body, conversation, peer, author: peer },
        } as typeof made
      })
      await history.writer.commit({ entries })
    }
  }
  await history.close()
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const memoryOf = (app: ElectronApplication): number => pssBytes(processTree(app.process().pid ?? -1, /home-server/))

interface Started {
  readonly app: ElectronApplication
  readonly page: Page
  readonly startMs: number
}

/** Process start until the element that makes the window usable is on the screen. */
async function startBlank(main: string): Promise<Started> {
  const begun = performance.now()
  const app = await _electron.launch({
    executablePath: path.join(root, 'src/chromium-host/electron'),
    args: [main],
    env: { ...(process.env as Record<string, string>), SOTTO_HEADLESS: '1', SOTTO_HOST_TEST: '1' },
  })
  const page = await app.firstWindow()
  await page.getByText('blank').waitFor()
  return { app, page, startMs: performance.now() - begun }
}

async function measureStart(data: string): Promise<{ blank: number[]; sotto: number[]; blankPss: number[] }> {
  const [blank, sotto, blankPss]: [number[], number[], number[]] = [[], [], []]
  const empty = blankApp()
  for (let round = 0; round < rounds; round++) {
    const plain = await startBlank(empty.main)
    blank.push(plain.startMs)
    if (round === rounds - 1) {
      await pause(restMs)
      blankPss.push(memoryOf(plain.app))
    }
    await plain.app.close()
    const begun = performance.now()
    const app = await launchApp({ profile: 'alice', data })
    await app.page.getByLabel('Passphrase', { exact: true }).waitFor()
    sotto.push(performance.now() - begun)
    await app.quit()
  }
  empty.remove()
  return { blank, sotto, blankPss }
}

/** Click on a conversation until its messages are painted, measured inside the page. */
function openAndTime(page: Page, name: string): Promise<number> {
  return page.evaluate(
    (wanted) =>
      new Promise<number>((resolve, reject) => {
        const rows = [...document.querySelectorAll<HTMLElement>('[data-list-row]')]
        const row = rows.find((candidate) => candidate.textContent.includes(wanted))
        if (row === undefined) {
          reject(new Error(`no row for ${wanted}`))
          return
        }
        const before = document.querySelector('[role="log"]')?.getAttribute('aria-label')
        const begun = performance.now()
        row.click()
        const look = (): void => {
          const log = document.querySelector('[role="log"]')
          const shown =
            log !== null && log.getAttribute('aria-label') !== before && log.querySelector('[data-message]') !== null
          // One more frame: what the DOM has now is painted by then.
          if (shown) requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - begun)))
          else requestAnimationFrame(look)
        }
        requestAnimationFrame(look)
      }),
    name,
  )
}

async function run(): Promise<void> {
  const data = temporaryData()
  const first = await newPerson({ profile: 'alice', data: data.path }, 'alice', 'Alice')
  await first.quit()
  await fill(data.path)
  const { blank, sotto, blankPss } = await measureStart(data.path)
  const app = await launchApp({ profile: 'alice', data: data.path })
  await unlock(app.page, testPassphrase)
  await app.page.locator('[data-list-row]').filter({ hasText: 'bob@' }).waitFor()
  const opened: number[] = []
  for (let count = 0; count < openings; count++) {
    await openAndTime(app.page, 'carol@')
    opened.push(await openAndTime(app.page, 'bob@'))
  }
  const busyPss = memoryOf(app.app)
  await pause(restMs)
  const pss = memoryOf(app.app)
  await app.quit()
  data.remove()
  const mib = (bytes: number): string => `${Math.round(bytes / 1048576)} MiB`
  const extraStart = quantile(sotto, 0.5) - quantile(blank, 0.5)
  const extraPss = pss - quantile(blankPss, 0.5)
  const figures: readonly Figure[] = [
    {
      what: 'window usable (median)',
      measured: ms(quantile(sotto, 0.5)),
      besides: `blank window ${ms(quantile(blank, 0.5))}`,
      promise: '≤ 600 ms after it',
      holds: smoke ? null : extraStart <= 600,
    },
    {
      what: `memory, ${messages} messages (PSS), at rest`,
      measured: mib(pss),
      besides: `blank window ${mib(quantile(blankPss, 0.5))}`,
      promise: '≤ 150 MB over it',
      holds: smoke ? null : extraPss <= 150e6,
    },
    {
      what: `memory right after ${openings * 2} openings`,
      measured: mib(busyPss),
      besides: 'not collected yet',
      promise: '–',
      holds: null,
    },
    {
      what: `open ${messages} messages, p50`,
      measured: ms(quantile(opened, 0.5)),
      besides: 'click to second frame',
      promise: '≤ 100 ms',
      holds: smoke ? null : quantile(opened, 0.5) <= 100,
    },
    {
      what: `open ${messages} messages, p90`,
      measured: ms(quantile(opened, 0.9)),
      besides: `first ${ms(opened[0] ?? NaN)}`,
      promise: '–',
      holds: null,
    },
  ]
  printFigures('The whole program beside a blank window', figures, smoke)
}

await run()
process.exit()
