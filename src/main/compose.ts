/** The only wiring: makes every part of a profile and connects them. */
import path from 'node:path'
import { app, nativeTheme, powerMonitor, session, shell } from 'electron'
import { SottoError } from '#shared/errors.ts'
import { privacyTable } from '#shared/model/privacy-table.ts'
import type { SettingsView } from '#shared/model/views.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { BridgeDispatcher } from './bridge/dispatcher.ts'
import { bridgeHandlers, type ProgramAnswers } from './bridge/handlers.ts'
import { BridgePublisher } from './bridge/publisher.ts'
import { composeNotifications, composeRing } from './compose-notices.ts'
import { composeSession, type RunningSession, type SessionPorts } from './compose-session.ts'
import { HomeControl } from './home/control.ts'
import { detachedSpawn } from './home/spawn-server.ts'
import { lockProfile, type ProfileLock } from './history/profile-lock.ts'
import { databaseWrapKeyOf } from './identity/paper-keys.ts'
import { deriveInWorker } from './keys/derive-in-worker.ts'
import { KeyLadder } from './keys/key-ladder.ts'
import { hostFacts } from './platform/host-facts.ts'
import type { ProfilePaths } from './platform/profile-paths.ts'
import { SafeStorageKeychain } from './platform/safe-storage-keychain.ts'
import { createConnector } from './platform/sockets/connector.ts'
import { systemClock as clock } from './platform/system-clock.ts'
import { systemRandom as random } from './platform/system-random.ts'
import { Program } from './program/program.ts'
import type { ProfileKeysPort } from './program/ports.ts'
import { defaultSettings } from './settings/settings.ts'
import { fileDialogs } from './window/file-dialogs.ts'
import { answerBridgeCalls } from './window/ipc.ts'
import { serveApp } from './window/pages.ts'
import { isAllowedPermission } from './window/security.ts'
import { mainStrings, type MainStrings } from './window/strings.ts'
import { AppTray } from './window/tray.ts'
import { AppWindows } from './window/windows.ts'

export interface ComposeOptions {
  readonly paths: ProfilePaths
  readonly profile: string
  /** Folder of the built output (`out`). */
  readonly out: string
  /** Folder of icons and other resources. */
  readonly resources: string
  /** Command that starts the home server's process. */
  readonly homeServerCommand: readonly [string, ...string[]]
  /** The profile's log. */
  readonly log: LogPort
}

/** A running profile. */
export interface RunningProgram {
  show(): void
  /** Whether closing the last window leaves the program running. */
  keepsRunning(): boolean
  stop(): Promise<void>
}

/** Starts a profile. @throws SottoError `profile-in-use`, `disk-full`, `disk-failed`. */
export async function composeProgram(options: ComposeOptions): Promise<RunningProgram> {
  const lock = lockProfile(options.paths.lock)
  const { log } = options
  let settings: SettingsView = defaultSettings
  const strings = (): MainStrings => mainStrings(settings.language, app.getLocale())
  const windows = composeWindows(options)
  const publisher = new BridgePublisher(windows)
  const home = composeHome(options, log)
  const notifications = composeNotifications(windows, publisher, strings)
  const ladder = composeLadder(options)
  const onSettings = (now: SettingsView): void => {
    settings = now
    nativeTheme.themeSource = now.theme
  }
  const calls = (): RunningSession['answers']['calls'] | undefined => sessionOf(program)?.answers.calls
  const ring = composeRing({ windows, notifications, strings, settings: () => settings, calls })
  const screen = { publisher, notifications, ring, showWindow: () => windows.show() }
  const sessionPorts = { ...options, ...screen, ...composeFiles(strings), ladder, home, clock, random, onSettings }
  const program: Program<RunningSession> = new Program<RunningSession>({
    keys: withPaperWords(ladder),
    openSession: (key) => composeSession(sessionPorts, key),
    facts: { version: app.getVersion(), profile: options.profile, ...hostFacts() },
    log,
  })
  program.onChange((view) => publisher.publish('app.changed', view))
  answer(program, log)
  guardSession(options)
  powerMonitor.on('resume', () => sessionOf(program)?.networkChanged())
  windows.show()
  const tray = composeTray(options, windows, strings())
  await program.start()
  return {
    show: () => windows.show(),
    keepsRunning: () => settings.keepRunning && program.view().phase === 'ready',
    stop: () => stopAll({ program, ladder, home, tray, windows, lock }),
  }
}

/** How exports and imports find their files, and in which language they write. */
function composeFiles(strings: () => MainStrings): Pick<SessionPorts, 'fileDialogs' | 'version' | 'language'> {
  return { fileDialogs: fileDialogs(strings), version: app.getVersion(), language: () => strings().language }
}

function composeWindows(options: ComposeOptions): AppWindows {
  return new AppWindows(() => ({
    title: options.profile === 'default' ? 'Sotto' : `Sotto – ${options.profile}`,
    preload: path.join(options.out, 'preload', 'preload.cjs'),
    icon: path.join(options.resources, 'icons', 'icon.png'),
    bounds: { width: 1040, height: 780 },
    dark: nativeTheme.shouldUseDarkColors,
  }))
}

function composeTray({ resources }: ComposeOptions, windows: AppWindows, strings: MainStrings): AppTray {
  const icon = path.join(resources, 'icons', 'icon.png')
  return new AppTray({ icon, strings, show: () => windows.show(), quit: () => app.quit() })
}

function composeHome({ paths, homeServerCommand }: ComposeOptions, log: LogPort): HomeControl {
  const spawn = detachedSpawn(homeServerCommand, process.env)
  return new HomeControl({
    directory: paths.homeServer,
    spawn,
    connector: createConnector({ clock }),
    clock,
    random,
    log,
  })
}

function composeLadder({ paths }: ComposeOptions): KeyLadder {
  return new KeyLadder({
    keysFile: paths.keys,
    databaseFile: paths.database,
    keychain: new SafeStorageKeychain(paths.profile),
    random,
    derive: deriveInWorker,
  })
}

/** The ladder as the program uses it: a paper secret arrives as typed words. */
function withPaperWords(ladder: KeyLadder): ProfileKeysPort {
  return {
    state: () => ladder.state(),
    rungs: () => ladder.rungs(),
    keychainAvailable: () => ladder.keychainAvailable(),
    create: (rungs) => ladder.create(rungs),
    open: async (rung, secret) => {
      if (rung !== 'paper-secret') return ladder.open(rung, secret)
      const key = databaseWrapKeyOf(secret ?? new Uint8Array())
      if (!key.ok) throw new SottoError('wrong-paper-secret')
      return ladder.open(rung, key.value).finally(() => key.value.fill(0))
    },
  }
}

function answer(program: Program<RunningSession>, log: LogPort): void {
  const answers: ProgramAnswers = {
    view: () => program.view(),
    createProfile: ({ keychain, passphrase }) => program.createProfile({ keychain, passphrase }),
    unlock: ({ rung, secret }) => program.unlock(rung, secret),
    quit: () => setImmediate(() => app.quit()),
    openLink: ({ url }) => shell.openExternal(url),
    privacyTable: () => privacyTable.map(({ covers: _covers, ...row }) => row),
    lockedSettings: () => defaultSettings,
  }
  const handlers = bridgeHandlers(answers, () => program.session().answers)
  const dispatcher = new BridgeDispatcher({ handlers, log })
  answerBridgeCalls((channel, name, args) => dispatcher.dispatch(channel, name, args))
}

function guardSession({ out }: ComposeOptions): void {
  serveApp(path.join(out, 'renderer'))
  session.defaultSession.setPermissionRequestHandler((_contents, permission, decide) => {
    decide(isAllowedPermission(permission))
  })
  session.defaultSession.setPermissionCheckHandler((_contents, permission) => isAllowedPermission(permission))
}

function sessionOf(program: Program<RunningSession>): RunningSession | null {
  return program.view().phase === 'ready' ? program.session() : null
}

interface Running {
  readonly program: Program<RunningSession>
  readonly ladder: KeyLadder
  readonly home: HomeControl
  readonly tray: AppTray
  readonly windows: AppWindows
  readonly lock: ProfileLock
}

async function stopAll({ program, ladder, home, tray, windows, lock }: Running): Promise<void> {
  windows.close()
  tray.destroy()
  await program.stop()
  ladder.lock()
  home.release()
  lock.release()
}
