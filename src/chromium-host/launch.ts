/**
 * Starts an Electron app on the system's Chromium: `node launch.ts <main.js or its folder> [arguments]`. Resolves the bare
 * name `electron` to this host for `import` and `require`, then loads the app's main.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { app } from './app.ts'
import { engine } from './engine.ts'
import { publishFacts } from './facts.ts'
import { readHostOptions } from './host-options.ts'
import { desktop } from './platform/desktop.ts'

const electronNames = new Set(['electron', 'electron/main', 'electron/common'])
/** The version whose declarations the surface is checked against. */
const electronVersion = '45.4.1'

/** A desktop that answers later counts as none. */
const exploreMs = 1000
const maxTimerMs = 2 ** 31 - 1

interface Manifest {
  readonly name?: string
  readonly productName?: string
  readonly version?: string
  readonly main?: string
}

/** The nearest folder at or above `from` with a package.json. */
function packageFolder(from: string): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return folder
    if (path.dirname(folder) === folder) return from
  }
}

function readManifest(folder: string): Manifest {
  const file = path.join(folder, 'package.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Manifest) : {}
}

function resolveEntry(given: string): { entry: string; appPath: string; manifest: Manifest } {
  const target = path.resolve(given)
  const isFolder = statSync(target).isDirectory()
  const appPath = packageFolder(isFolder ? target : path.dirname(target))
  const manifest = readManifest(appPath)
  return { entry: isFolder ? path.join(target, manifest.main ?? 'index.js') : target, appPath, manifest }
}

function registerElectron(): void {
  const url = new URL('electron.ts', import.meta.url).href
  registerHooks({
    resolve: (specifier, context, next) =>
      electronNames.has(specifier)
        ? { url, format: 'module-typescript', shortCircuit: true }
        : next(specifier, context),
  })
  Object.defineProperty(process.versions, 'electron', { value: electronVersion, enumerable: true })
  Object.defineProperty(process, 'type', { value: 'browser' })
  Object.defineProperty(process, 'resourcesPath', { value: app.getAppPath() })
}

/** The first signal asks, the second ends. */
function quitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      process.once(signal, () => app.exit(1))
      app.quit()
    })
  process.on('exit', () => engine.stopNow())
}

function failWith(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  app.exit(1)
}

async function run(): Promise<void> {
  const { options, args } = readHostOptions(process.argv.slice(2), process.env)
  const given = args.find((arg) => !arg.startsWith('--'))
  if (given === undefined) throw new Error('usage: launch.ts <main.js or app folder> [arguments]')
  const { entry, appPath, manifest } = resolveEntry(given)
  engine.options = options
  publishFacts({ headless: options.headless, sandboxed: process.getuid?.() !== 0 })
  app.describe({
    name: manifest.productName ?? manifest.name ?? 'app',
    version: manifest.version ?? '0.0.0',
    appPath,
  })
  if (options.userDataDir !== null) app.setPath('userData', path.resolve(options.userDataDir))
  process.argv = [process.argv[0] ?? process.execPath, ...args]
  registerElectron()
  quitOnSignals()
  const explored = Promise.race([desktop.explore(), setTimeout(exploreMs)])
  let wanted = false
  const becomeReady = (): void => {
    if (wanted) return
    wanted = true
    void explored.then(() => {
      // The app lives until it quits, with or without windows, sockets or Chromium.
      setInterval(() => undefined, maxTimerMs)
      app.becomeReady()
      // Chromium starts while the app makes up its mind about a window.
      engine.start().catch(failWith)
    })
  }
  // A main that waits for readiness while it loads must not wait for itself.
  app.onReadyWanted = becomeReady
  await import(pathToFileURL(entry).href)
  becomeReady()
}

run().catch(failWith)
