import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { _electron, type ElectronApplication, type Page } from '@playwright/test'

const root = path.resolve(import.meta.dirname, '../../..')
const fixture = path.join(root, 'test/fixtures/host-app')

/** A program that runs Electron apps. */
export interface HostUnderTest {
  readonly name: 'Chromium' | 'Electron'
  readonly executable: string
}

function findElectron(): HostUnderTest[] {
  const folder = path.join(root, 'node_modules/electron')
  if (!existsSync(path.join(folder, 'path.txt'))) return []
  const executable = path.join(folder, 'dist', readFileSync(path.join(folder, 'path.txt'), 'utf8').trim())
  return existsSync(executable) ? [{ name: 'Electron', executable }] : []
}

/** The Chromium host always; Electron too where its binary is installed. */
export const hosts: readonly HostUnderTest[] = [
  { name: 'Chromium', executable: path.join(root, 'src/chromium-host/electron') },
  ...findElectron(),
]

export function hostEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const own = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !/^(VITEST|NODE_)/.test(name),
  )
  return { ...(Object.fromEntries(own) as Record<string, string>), SOTTO_HOST_TEST: '1', SOTTO_HEADLESS: '1', ...extra }
}

export function makeUserData(): string {
  return mkdtempSync(path.join(os.tmpdir(), 'sotto-host-test-'))
}

export interface RunningApp {
  readonly app: ElectronApplication
  readonly page: Page
  readonly userData: string
  close(): Promise<void>
}

/** Starts the fixture app under Playwright and waits for its page. */
export async function startApp(host: HostUnderTest, env: Record<string, string> = {}): Promise<RunningApp> {
  const userData = makeUserData()
  const app = await _electron.launch({
    executablePath: host.executable,
    args: [fixture, `--user-data-dir=${userData}`],
    env: hostEnvironment(env),
    timeout: 30_000,
  })
  const page = await app.firstWindow()
  await page.waitForURL(/index\.html/)
  await page.waitForSelector('#status')
  const close = async (): Promise<void> => {
    await app.close()
    rmSync(userData, { recursive: true, force: true })
  }
  return { app, page, userData, close }
}

/** The fixture app without Playwright: a child process and the lines it prints. */
export class PlainApp {
  readonly child: ChildProcess
  readonly lines: string[] = []
  readonly ended: Promise<number | null>
  #waiting: (() => void)[] = []

  constructor(host: HostUnderTest, args: readonly string[], env: Record<string, string> = {}) {
    this.child = spawn(host.executable, ['--remote-debugging-port=0', fixture, '--print', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: hostEnvironment(env),
    })
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => this.#take(text))
    this.ended = new Promise((resolve) => this.child.once('close', (code) => resolve(code)))
  }

  #take(text: string): void {
    this.lines.push(...text.split('\n').filter((line) => line !== ''))
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** Waits for the `count`-th line that matches. @throws Error after `timeoutMs`. */
  async line(pattern: RegExp, count = 1, timeoutMs = 40_000): Promise<string> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const found = this.lines.filter((line) => pattern.test(line))[count - 1]
      if (found !== undefined) return found
      if (Date.now() > deadline) throw new Error(`no ${String(pattern)} in:\n${this.lines.join('\n')}`)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
        setTimeout(resolve, 200)
      })
    }
  }
}
