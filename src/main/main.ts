/** Entry of the main process: command line, one instance per profile, life and end. */
import path from 'node:path'
import { app, dialog } from 'electron'
import { SottoError } from '#shared/errors.ts'
import { composeProgram, type RunningProgram } from './compose.ts'
import { parseArguments, type ProgramArguments } from './platform/arguments.ts'
import { openFileLog } from './platform/file-log.ts'
import { collectAtRest } from './platform/heap/rest.ts'
import { v8Heap } from './platform/heap/v8-heap.ts'
import { hostFacts } from './platform/host-facts.ts'
import { preparePaths, type ProfilePaths } from './platform/profile-paths.ts'
import { systemClock } from './platform/system-clock.ts'
import { ProgramEnd } from './program/program-end.ts'
import { registerAppScheme } from './window/pages.ts'
import { reportBug } from './workers/report-bug.ts'

const here = import.meta.dirname
const out = path.dirname(here)
const homeServerEntry = path.join(here, 'home-server.js')
/** A message is parsed and sent on between two others: waking threads to help collect garbage takes longer than doing it. */
const serverSwitches: readonly string[] = ['--single-threaded-gc']

/** On Electron the program starts itself with a flag: its binary is no plain Node. */
function homeServerCommand(): readonly [string, ...string[]] {
  if (hostFacts().host === 'chromium') return [process.execPath, ...serverSwitches, homeServerEntry]
  const self: readonly string[] = app.isPackaged ? [] : [path.join(here, 'main.js')]
  return [process.execPath, ...self, '--home-server']
}

/** The page's media ends in this computer: loopback only, and announced to nobody. */
function switchMedia(): void {
  app.commandLine.appendSwitch('allow-loopback-in-peer-connection')
  app.commandLine.appendSwitch('disable-features', 'WebRtcHideLocalIpsWithMdns')
  // A call is heard after an answer from a notification, in a window nobody has touched yet.
  app.commandLine.appendSwitch('autoplay-policy', 'no-user-gesture-required')
}

async function runClient(args: ProgramArguments, paths: ProfilePaths): Promise<void> {
  const log = openFileLog(paths.log, systemClock)
  switchMedia()
  const end = new ProgramEnd({ clock: systemClock, log, quit: () => app.quit(), exit: () => app.exit(1) })
  let program: RunningProgram | null = null
  app.on('second-instance', () => program?.show())
  app.on('activate', () => program?.show())
  app.on('window-all-closed', () => {
    if (program?.keepsRunning() !== true) app.quit()
  })
  app.on('before-quit', (event) => {
    if (end.holds()) event.preventDefault()
  })
  const resources = app.isPackaged ? path.join(process.resourcesPath, 'resources') : path.join(out, '..', 'resources')
  const options = { paths, profile: args.profile, out, resources, homeServerCommand: homeServerCommand(), log }
  const starting = app.whenReady().then(() => composeProgram(options))
  end.watch(starting)
  program = await starting
}

function failWith(error: unknown): void {
  const code = error instanceof SottoError ? error.code : 'internal'
  process.stderr.write(`sotto: could not start (${code})\n`)
  if (!(error instanceof SottoError) && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  dialog.showErrorBox('Sotto', code)
  app.exit(1)
}

function start(args: ProgramArguments): void {
  // A promise that somebody dropped must not end every account's connection with it.
  const report = reportBug('main')
  process.on('unhandledRejection', (error) => report(error, 'promise'))
  app.setName('Sotto')
  const paths = preparePaths(path.resolve(args.data ?? app.getPath('userData')), args.profile)
  app.setPath('userData', paths.profile)
  registerAppScheme()
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return
  }
  collectAtRest(v8Heap(), systemClock)
  runClient(args, paths).catch(failWith)
}

const parsed = parseArguments(process.argv)
if (!parsed.ok) {
  process.stderr.write('sotto: a profile name is letters, digits, - and _, at most 32\n')
  app.exit(2)
} else if (parsed.value.homeServer) {
  await import(homeServerEntry)
} else {
  start(parsed.value)
}
