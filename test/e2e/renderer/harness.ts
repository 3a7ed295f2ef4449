/** Serves the interface under its policy, building it where that was not done yet, and opens it in a headless Chromium with the fake bridge. */
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from '@playwright/test'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'vite'
import { isBuilt } from '../../../scripts/lib/build.mjs'
import type { Scenario } from '#test/fakes/bridge.ts'

const root = path.resolve(import.meta.dirname, '../../..')
/** The policy main sends; stricter than nothing else it could be, and every violation fails a test. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'none'; " +
  "media-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-src 'none'; object-src 'none'; frame-ancestors 'none'"
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const timezoneId = 'Europe/Berlin'

/** How a page is opened. */
export interface OpenOptions {
  readonly scenario?: Scenario
  readonly width?: number
  readonly height?: number
  readonly dark?: boolean
  readonly language?: string
}

/** An open page and what went wrong on it. */
export interface OpenPage {
  readonly page: Page
  readonly faults: () => Promise<readonly string[]>
  readonly close: () => Promise<void>
}

/** One server and one browser for a test file. */
export class InterfaceHarness {
  readonly #directory: string
  readonly #server: Server
  readonly #browser: Browser
  readonly #fake: string

  private constructor(parts: { directory: string; server: Server; browser: Browser; fake: string }) {
    this.#directory = parts.directory
    this.#server = parts.server
    this.#browser = parts.browser
    this.#fake = parts.fake
  }

  static async start(): Promise<InterfaceHarness> {
    const directory = await mkdtemp(path.join(tmpdir(), 'sotto-interface-'))
    const [browser, folder, fake] = await Promise.all([launch(), pages(directory), buildFake(directory)])
    const server = createServer((request, response) => {
      const name = new URL(request.url ?? '/', 'http://localhost').pathname
      const file = path.join(folder, name === '/' ? 'index.html' : path.normalize(name))
      readFile(file).then(
        (bytes) => {
          response.writeHead(200, {
            'content-type': types[path.extname(file)] ?? 'application/octet-stream',
            'content-security-policy': policy,
          })
          response.end(bytes)
        },
        () => response.writeHead(404).end(),
      )
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    return new InterfaceHarness({ directory, server, browser, fake })
  }

  async stop(): Promise<void> {
    await this.#browser.close()
    this.#server.close()
    await rm(this.#directory, { recursive: true, force: true })
  }

  async open(options: OpenOptions = {}): Promise<OpenPage> {
    const { scenario = {}, width = 1200, height = 800, dark = false, language = 'en-GB' } = options
    const context: BrowserContext = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
      locale: language,
      timezoneId,
    })
    const page = await context.newPage()
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (line) => {
      if (line.type() === 'error' || line.type() === 'warning') faults.push(line.text())
    })
    await page.addInitScript(setClock, afternoonShift(new Date()))
    await page.addInitScript(`window.scenario = ${JSON.stringify(scenario)}; window.violations = [];
      document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective + ' ' + event.blockedURI));`)
    await page.addInitScript(`window.topMessage = () => {
      const edge = document.querySelector('[role="log"]').getBoundingClientRect().top
      const seen = [...document.querySelectorAll('[data-message]')].filter((row) => row.getBoundingClientRect().bottom > edge + 1)
      return seen.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)[0]?.dataset.position ?? ''
    }`)
    await page.addInitScript({ content: this.#fake })
    const { port } = this.#server.address() as AddressInfo
    await page.goto(`http://127.0.0.1:${port}/`)
    return {
      page,
      faults: async () => [...faults, ...(await page.evaluate<string[]>('window.violations'))],
      close: () => context.close(),
    }
  }
}

/** From now to three in the afternoon where the page is: near midnight a day would begin between the messages of a story. */
function afternoonShift(now: Date): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezoneId,
    hour: 'numeric',
    minute: 'numeric',
  }).formatToParts(now)
  const [hours = 0, minutes = 0] = parts.filter(({ type }) => type !== 'literal').map(({ value }) => Number(value))
  return (15 * 60 - hours * 60 - minutes) * 60_000
}

/** Runs in the page: its calendar is `shiftMs` off, its timers are not. */
function setClock(shiftMs: number): void {
  const Real = Date
  globalThis.Date = new Proxy(Real, {
    construct: (made, given) => Reflect.construct(made, given.length === 0 ? [Real.now() + shiftMs] : given) as Date,
    get: (made, name) => (name === 'now' ? () => Real.now() + shiftMs : (Reflect.get(made, name) as unknown)),
  })
}

function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.SOTTO_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      ...['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
      ...['--disable-sync', '--no-first-run'],
      // As on the Chromium host, with devices and a yes to them that need no person.
      ...['--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection'],
      ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--mute-audio'],
    ],
  })
}

/** The folder of the built interface: what `npm test` has built, else one of our own. */
async function pages(directory: string): Promise<string> {
  if (isBuilt()) return path.join(root, 'out/renderer')
  const folder = path.join(directory, 'page')
  await build({
    configFile: false,
    logLevel: 'error',
    root: path.join(root, 'src/renderer'),
    base: './',
    plugins: [react(), tailwindcss()],
    build: { outDir: folder, emptyOutDir: true },
  })
  return folder
}

async function buildFake(directory: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'error',
    root,
    publicDir: false,
    build: {
      outDir: path.join(directory, 'fake'),
      lib: {
        entry: path.join(root, 'test/fakes/bridge-page.ts'),
        name: 'fakePage',
        formats: ['iife'],
        fileName: () => 'fake.js',
      },
    },
  })
  return readFile(path.join(directory, 'fake/fake.js'), 'utf8')
}

/** Gives a row of a long list the focus: one that was not measured yet is hidden, and focusing it would do nothing. */
export async function focusRow(row: Locator): Promise<void> {
  await row.waitFor()
  for (let attempt = 0; attempt < 40; attempt++) {
    await row.focus()
    // What was pressed before may still be moving the focus.
    await row.page().waitForTimeout(25)
    if (await row.evaluate((element) => element === document.activeElement)) return
  }
  throw new Error('the row took no focus')
}

/** Keeps a picture where SOTTO_SCREENSHOTS names a folder, to be looked at. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env.SOTTO_SCREENSHOTS
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: path.join(folder, `${name}.png`) })
}
