import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { SottoBridge } from '#shared/bridge/api.ts'
import { _electron, type ElectronApplication, type Page } from '@playwright/test'

const root = path.resolve(import.meta.dirname, '../../..')

/** One running Sotto: a profile of its own, driven through its window. */
export interface RunningApp {
  readonly profile: string
  readonly app: ElectronApplication
  readonly page: Page
  /** Quits the way the menu does and waits until every process is gone. */
  quit(): Promise<void>
}

export interface LaunchOptions {
  readonly profile: string
  readonly data: string
  /** Executable to start instead of the host wrapper (a tracer, another user). */
  readonly wrapper?: string
  readonly env?: Readonly<Record<string, string>>
  readonly size?: { readonly width: number; readonly height: number }
  /** Stand-ins of the browser for microphone and camera. */
  readonly fakeMedia?: boolean
}

const fakeMedia = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']

/** A fresh data folder that is removed by the returned function. */
export function temporaryData(): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'sotto-e2e-'))
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

async function realPage(app: ElectronApplication): Promise<Page> {
  const page = await app.firstWindow()
  // The host opens a marker page first; ours has the root element.
  await page.waitForSelector('#root', { state: 'attached', timeout: 30_000 })
  return page
}

/** Starts Sotto on the Chromium host, headless, from the built output. */
export async function launchApp(options: LaunchOptions): Promise<RunningApp> {
  const { width, height } = options.size ?? { width: 1100, height: 760 }
  const app = await _electron.launch({
    executablePath: options.wrapper ?? path.join(root, 'src/chromium-host/electron'),
    args: [
      path.join(root, 'out/main/main.js'),
      ...['--profile', options.profile, '--data', options.data],
      ...(options.fakeMedia === true ? fakeMedia : []),
    ],
    cwd: root,
    env: { ...(process.env as Record<string, string>), SOTTO_HEADLESS: '1', SOTTO_HOST_TEST: '1', ...options.env },
    timeout: 60_000,
  })
  const page = await realPage(app)
  await page.setViewportSize({ width, height })
  return {
    profile: options.profile,
    app,
    page,
    quit: async () => {
      const child = app.process()
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      await page
        .evaluate(() => (globalThis as unknown as { readonly sotto: SottoBridge }).sotto.call('app.quit', {}))
        .catch(() => undefined)
      if (child.exitCode === null) await gone
    },
  }
}
