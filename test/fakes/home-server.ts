import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HomeClient } from '#main/home/home-client.ts'
import { homeServerAddress, type HomeServerAddress } from '#main/home/port.ts'
import { createConnector } from '#main/platform/sockets/connector.ts'
import { defaultHomeLimits, type HomeLimits } from '#server/home/limits.ts'
import type { HomeOptions } from '#server/home/options.ts'
import type { StoredMessage } from '#server/home/proxy/ports.ts'
import { HomeServer } from '#server/home/server.ts'
import { systemClock, systemRandom } from '#server/home/system-ports.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'

/** A directory of its own for one test; `remove` takes it away. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'sotto-home-test-'))
  const remove = (): void => {
    // A server's list of erasures lies beside its directory.
    for (const each of [path, `${path}.erasures`]) rmSync(each, { recursive: true, force: true })
  }
  return { path, remove }
}

/** A clock that only moves when told; timers run in order of time. */
export class ManualClock implements ClockPort {
  #now: number
  #timers: { at: number; delayMs: number; run: () => void }[] = []

  constructor(start = Date.UTC(2026, 4, 1)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    const timer = { at: this.#now + delayMs, delayMs, run }
    this.#timers.push(timer)
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) }
  }

  /** How many wait that were set for so long. */
  waiting(delayMs: number): number {
    return this.#timers.filter((timer) => timer.delayMs === delayMs).length
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== due)
      this.#now = Math.max(this.#now, due.at)
      due.run()
    }
    this.#now = end
  }
}

const ignore = (): void => undefined
export const silentLog: LogPort = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silentLog }

/** Names of the files below `path` whose bytes hold `needle`. */
export function filesWith(path: string, needle: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(path, name)).isFile())
    .filter((name) => readFileSync(join(path, name)).includes(needle))
}

export function storedMessage(overrides: Partial<StoredMessage> & { text?: string } = {}): StoredMessage {
  const { text = 'hello', ...rest } = overrides
  return {
    from: 'sip:bob@sotto.home.arpa' as Aor,
    fromHeader: '"Bob" <sip:bob@sotto.home.arpa>',
    to: 'sip:alice@sotto.home.arpa' as Aor,
    callId: Buffer.from(systemRandom.bytes(8)).toString('hex'),
    receivedAt: Date.UTC(2026, 4, 1),
    headers: [{ name: 'content-type', value: 'text/plain' }],
    body: Buffer.from(text),
    ...rest,
  }
}

export const testLimits = defaultHomeLimits

/** Options of a server for one test: any port, loopback, kept until it is stopped. */
export function testOptions(directory: string, overrides: Partial<HomeOptions> = {}): HomeOptions {
  return {
    directory,
    domain: null,
    host: '127.0.0.1',
    allowPlain: false,
    portBase: 0,
    keep: true,
    lan: false,
    invite: false,
    phone: null,
    noPhone: null,
    verbose: false,
    ...overrides,
  }
}

/** Starts a server in this process. */
export function startHome(
  directory: string,
  overrides: { options?: Partial<HomeOptions>; limits?: Partial<HomeLimits>; clock?: ClockPort } = {},
): Promise<HomeServer> {
  return HomeServer.start(testOptions(directory, overrides.options), {
    clock: overrides.clock ?? systemClock,
    random: systemRandom,
    log: silentLog,
    limits: { ...defaultHomeLimits, ...overrides.limits },
    onIdle: () => undefined,
  })
}

/** A client of any home server, as main has it. */
export function homeClient(): HomeClient {
  return new HomeClient({
    connector: createConnector({ clock: systemClock }),
    clock: systemClock,
    random: systemRandom,
  })
}

/** Where clients find a server that runs in this process. */
export function addressOf({ endpoint }: HomeServer): HomeServerAddress {
  return homeServerAddress(endpoint.host, { ...endpoint, spkiPins: [endpoint.spkiPin] })
}
