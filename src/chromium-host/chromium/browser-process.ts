import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { CdpConnection } from '../cdp/connection.ts'
import { crashFolder } from './profile.ts'

/** The one line of Chromium's own output that is passed on: test tools look for it. */
const announcement = 'DevTools listening on ws:'

/** How a Chromium of ours is started. */
export interface BrowserCommand {
  readonly binary: string
  readonly switches: readonly string[]
  /** Folder of its profile. */
  readonly profile: string
}

export interface BrowserProcess {
  readonly child: ChildProcess
  readonly connection: CdpConnection
  /** Settles when Chromium has ended. */
  readonly ended: Promise<void>
  /** The last error Chromium printed; empty if there was none. */
  readonly lastError: () => string
}

/**
 * Chromium inherits no setting of ours that could make it load or log something. What it writes down of a crash holds what
 * the page showed: that stays in memory, and goes with the profile. The C library's tunables are for our own process: they move
 * the environment, and Chromium's processes could not name themselves any more.
 */
function childEnvironment(profile: string): NodeJS.ProcessEnv {
  const banned = /^(NODE_|ELECTRON_|CHROME_|SOTTO_|npm_|GLIBC_TUNABLES$)/
  const own = Object.entries(process.env).filter(([name]) => !banned.test(name))
  return { ...Object.fromEntries(own), BREAKPAD_DUMP_LOCATION: crashFolder(profile) }
}

/** Passes the announcement on and keeps the last line, to say why Chromium ended. */
function watchErrors(stream: Readable): () => string {
  let held = ''
  let last = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (held + text).split('\n')
    held = (lines.pop() ?? '').slice(-4096)
    for (const line of lines) {
      if (line.startsWith(announcement)) process.stderr.write(`${line}\n`)
      else if (line.includes('ERROR')) last = line.slice(0, 300)
    }
  })
  return () => last
}

/** Starts Chromium with a debugging pipe on file descriptors 3 and 4. If we die, the pipe closes and Chromium ends. */
export function spawnBrowser({ binary, switches, profile }: BrowserCommand): BrowserProcess {
  const child = spawn(binary, [...switches], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: childEnvironment(profile),
  })
  const [, , errors, out, incoming] = child.stdio as [null, null, Readable, Writable, Readable]
  const lastError = watchErrors(errors)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const connection = new CdpConnection({ out, in: incoming }, () => undefined)
  return { child, connection, ended, lastError }
}

/** Asks the running Chromium (same profile) for another app window; it hands the request over and ends. */
export function spawnForwarder({ binary, switches, profile }: BrowserCommand, window: readonly string[]): ChildProcess {
  const own = switches.filter((name) => !name.startsWith('--remote-debugging') && name !== '--no-startup-window')
  return spawn(binary, [...own, ...window], { stdio: 'ignore', env: childEnvironment(profile) })
}
