// The bridge of the Chromium host: invoke and 64 KiB echo, beside a bare loop over the same debugging pipe.
import { performance } from 'node:perf_hooks'
import { findChromium } from '#chromium-host/chromium/discover.ts'
import { spawnBrowser } from '#chromium-host/chromium/browser-process.ts'
import { createProfile, profileRoot, removeProfile } from '#chromium-host/chromium/profile.ts'
import { chromiumSwitches } from '#chromium-host/chromium/switches.ts'
import { hosts, startApp } from '#test/contracts/host/host-under-test.ts'

const smoke = process.argv.includes('--smoke')
const small = smoke ? 100 : 2000
const large = smoke ? 10 : 200

interface Row {
  readonly what: string
  readonly p50Ms: number
  readonly p99Ms: number
}

function rowOf(what: string, timesMs: readonly number[]): Row {
  const sorted = timesMs.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    Math.round((sorted[Math.floor(sorted.length * share)] ?? Number.NaN) * 100) / 100
  return { what, p50Ms: at(0.5), p99Ms: at(0.99) }
}

/** What the pipe itself costs: one empty evaluation, there and back. */
async function measurePipe(): Promise<Row> {
  const binary = findChromium()
  if (binary === null) throw new Error('no Chromium')
  const profile = createProfile(profileRoot())
  const noSandbox = process.getuid?.() === 0
  const options = { profile, appName: 'bench', extra: [], headless: true, noSandbox, debuggingPort: null }
  const { connection, ended } = spawnBrowser({ binary, switches: chromiumSwitches(options), profile })
  const times: number[] = []
  for (let index = 0; index < small; index++) {
    const start = performance.now()
    await connection.send('Browser.getVersion', {})
    times.push(performance.now() - start)
  }
  connection.send('Browser.close', {}).catch(() => undefined)
  await ended
  removeProfile(profile)
  return rowOf('bare pipe command', times)
}

async function measureBridge(): Promise<Row[]> {
  const [host] = hosts
  if (host === undefined) throw new Error('no host')
  const started = performance.now()
  const running = await startApp(host)
  const openMs = performance.now() - started
  const measure = (bytes: number, count: number): Promise<number[]> =>
    running.page.evaluate(
      async ([size, rounds]) => {
        const { invoke } = (
          globalThis as unknown as { bridge: { invoke: (name: string, value: unknown) => Promise<unknown> } }
        ).bridge
        const value = size === 0 ? 1 : new Uint8Array(size).fill(7)
        const times: number[] = []
        for (let round = 0; round < rounds; round++) {
          const start = performance.now()
          await invoke('echo', value)
          times.push(performance.now() - start)
        }
        return times
      },
      [bytes, count] as const,
    )
  await measure(0, 50)
  const rows = [rowOf('invoke', await measure(0, small)), rowOf('64 KiB echo', await measure(65_536, large))]
  const paint = await running.page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  )
  await running.close()
  return [
    ...rows,
    rowOf('start to usable page (Playwright attached)', [openMs]),
    rowOf('navigation to first paint', [paint]),
  ]
}

console.table([await measurePipe(), ...(await measureBridge())])
