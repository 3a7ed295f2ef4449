/** The only wiring: makes every part of a profile and connects them. */
import path from 'node:path'
import { app, nativeTheme, powerMonitor, session, shell } from 'electron'
import { SottoError } from '#shared/errors.ts'
import type { BridgeParsedArgs } from '#shared/bridge/table.ts'
import type { CallId } from '#shared/model/calls.ts'
import { privacyTable } from '#shared/model/privacy-table.ts'
import type { LockReason, SettingsView } from '#shared/model/views.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { BridgeDispatcher } from './bridge/dispatcher.ts'
import { bridgeHandlers, type ProgramAnswers } from './bridge/handlers.ts'
import { BridgePublisher } from './bridge/publisher.ts'
import { composeEraser, type ProfileEraser } from './compose-holdings.ts'
import { composeLock, type LockParts } from './compose-lock.ts'
import { composeLockedNotices, composeNotifications, composeRing } from './compose-notices.ts'
import { composeSession, type RunningSession, type SessionPorts } from './compose-session.ts'
import { HomeControl } from './home/control.ts'
import { detachedSpawn } from './home/spawn-server.ts'
import { lockProfile, type ProfileLock } from './history/profile-lock.ts'
import { databaseWrapKeyOf } from './identity/paper-keys.ts'
import { deriveInWorker } from './keys/derive-in-worker.ts'
import { KeyLadder } from './keys/key-ladder.ts'
import { v8Heap } from './platform/heap/v8-heap.ts'
import { hostFacts } from './platform/host-facts.ts'
import { watchNetwork } from './platform/network-watch.ts'
import type { ProfilePaths } from './platform/profile-paths.ts'
import { SafeStorageKeychain } from './platform/safe-storage-keychain.ts'
import { createConnector, type Connector } from './platform/sockets/connector.ts'
import { systemClock as clock } from './platform/system-clock.ts'
import { systemRandom as random } from './platform/system-random.ts'
import { lockWhenIdle } from './program/idle-lock.ts'
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
  const profileLock = lockProfile(options.paths.lock)
  let settings: SettingsView = defaultSettings
  const strings = (): MainStrings => mainStrings(settings.language, app.getLocale())
  const windows = composeWindows(options)
  const publisher = new BridgePublisher(windows)
  const network = composeNetwork(options)
  const notifications = composeNotifications(windows, publisher, strings)
  const ladder = composeLadder(options)
  const eraser = composeEraser(options.paths, () => forget(ladder, onSettings))
  const onSettings = (changed: SettingsView): void => {
    settings = changed
    nativeTheme.themeSource = changed.theme
  }
  const now = (): SettingsView => settings
  const desktop = { windows, notifications, strings, settings: now }
  const running = (): RunningSession['answers'] | undefined => sessionOf(program)?.answers
  const { ring, lock } = composeReach(options, { ...desktop, publisher, running })
  const screen = { publisher, notifications, ring, showWindow: () => windows.show() }
  const callRevision = (): number => lock.locked.calls.list().revision
  const across = { ...lock, ...network, ...composeFiles(strings), callRevision }
  const onRungs = (): void => void program.rungsChanged()
  const sessionPorts = { ...options, ...screen, ...across, ladder, clock, random, onSettings, onRungs }
  const program: Program<RunningSession> = new Program<RunningSession>({
    ...{ keys: withPaperWords(ladder), finishErasing: () => eraser.finish() },
    openSession: (key, upgrading) => composeSession(sessionPorts, key, upgrading),
    facts: { version: app.getVersion(), profile: options.profile, ...hostFacts() },
    hooks: { afterLock: () => cleanUp(windows, notifications) },
    log: options.log,
  })
  const stopLocking = connect(options, { ...options, program, publisher, settings: now, lock, eraser, windows })
  windows.show()
  const tray = composeTray(options, { windows, program, strings: strings() })
  await program.start()
  return {
    show: () => windows.show(),
    keepsRunning: () => settings.keepRunning && mayRunUnseen(program),
    stop: () => stopAll({ program, ladder, home: network.home, tray, windows, lock, profileLock, stopLocking }),
  }
}

/** How exports and imports find their files, and in which language they write. */
function composeFiles(strings: () => MainStrings): Pick<SessionPorts, 'fileDialogs' | 'version' | 'language'> {
  return { fileDialogs: fileDialogs(strings), version: app.getVersion(), language: () => strings().language }
}

type Desktop = Pick<Parameters<typeof composeRing>[0], 'windows' | 'strings' | 'settings'> & {
  readonly notifications: ReturnType<typeof composeNotifications>
}

/** What reaches the user whether Sotto is locked or not: what rings, and the signalling behind it. */
function composeReach(
  { paths, log }: ComposeOptions,
  parts: Desktop & {
    readonly publisher: BridgePublisher
    readonly running: () => RunningSession['answers'] | undefined
  },
): { readonly ring: ReturnType<typeof composeRing>; readonly lock: LockParts } {
  const { publisher, running } = parts
  const decline = (callId: CallId): Promise<void> =>
    Promise.resolve((running()?.calls ?? lock.locked.calls).decline({ callId }))
  const ring = composeRing({ ...parts, calls: () => running()?.calls, decline })
  const notices = composeLockedNotices({ ...parts, ring })
  const lock = composeLock({ spoolFolder: paths.spool, publisher, notices, clock, random, log })
  return { ring, lock }
}

/** Answers the page, and follows what the computer does. Returns what stops following. */
function connect(options: ComposeOptions, parts: Answering & { readonly publisher: BridgePublisher }): () => void {
  const { program, publisher, settings } = parts
  program.onChange((view) => publisher.publish('app.changed', view))
  answer(parts)
  guardSession(options)
  // What locks with the computer is locked when it wakes up: whoever listens then must hear of it.
  const changed = (): void => (sessionOf(program) ?? parts.lock).networkChanged()
  powerMonitor.on('resume', changed)
  const stops = [
    lockByItself(program, settings),
    watchNetwork(clock, { changed, isUrgent: () => sessionOf(program)?.isBusy() === true }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
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

function composeTray(
  { resources }: ComposeOptions,
  parts: { readonly windows: AppWindows; readonly program: Program<RunningSession>; readonly strings: MainStrings },
): AppTray {
  const { windows, program, strings } = parts
  const icon = path.join(resources, 'icons', 'icon.png')
  const lock = (): void => void program.lock('user', 'keep')
  return new AppTray({ icon, strings, show: () => windows.show(), lock, quit: () => app.quit() })
}

/** Locks after a pause, and with the computer. */
function lockByItself(program: Program<RunningSession>, settings: () => SettingsView): () => void {
  const lock = (reason: LockReason, calls: 'keep' | 'end'): void => void program.lock(reason, calls)
  const withComputer = (reason: LockReason, calls: 'keep' | 'end'): void => {
    if (settings().lockWithScreen) lock(reason, calls)
  }
  // Nobody hears a computer that sleeps; a call goes on while its screen is locked.
  powerMonitor.on('suspend', () => withComputer('suspend', 'end'))
  powerMonitor.on('lock-screen', () => withComputer('screen', 'keep'))
  return lockWhenIdle({
    clock,
    idleSeconds: () => powerMonitor.getSystemIdleTime(),
    lockAfterMinutes: () => settings().lockAfterMinutes,
    lock: () => lock('idle', 'keep'),
  })
}

/** What pages and heaps still hold of a session that is over. */
async function cleanUp(windows: AppWindows, notifications: { withdrawAll(): void }): Promise<void> {
  notifications.withdrawAll()
  await windows.renew()
  v8Heap().collect()
}

/** The program's one way out, and the home server behind it. */
function composeNetwork({ paths, homeServerCommand, log }: ComposeOptions): {
  readonly connector: Connector
  readonly home: HomeControl
} {
  const connector = createConnector({ clock })
  const spawn = detachedSpawn(homeServerCommand, process.env)
  return {
    connector,
    home: new HomeControl({ directory: paths.homeServer, spawn, connector, clock, random, log }),
  }
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
    lock: () => ladder.lock(),
    open: async (rung, secret) => {
      if (rung !== 'paper-secret') return ladder.open(rung, secret)
      const key = databaseWrapKeyOf(secret ?? new Uint8Array())
      if (!key.ok) throw new SottoError('wrong-paper-secret')
      return ladder.open(rung, key.value).finally(() => key.value.fill(0))
    },
  }
}

/** Closes the accounts on home servers first, if asked; whatever fails before the erasing itself leaves everything as it is. */
async function eraseProfile(
  { program, lock, eraser, windows }: Answering,
  request: BridgeParsedArgs<'profile.erase'>,
): Promise<void> {
  if (request.name !== program.view().profile) throw new SottoError('invalid-argument')
  const { answers } = program.session()
  if (request.onServers) await answers.holdings.closeAccounts()
  await program
    .erase(async () => {
      // What listens while Sotto is locked knows the accounts, too.
      await lock.stop()
      await eraser.erase()
    })
    .finally(async () => {
      // What the page still has of it goes too; the new one says what a look at the disk finds, or why it is not done.
      if (program.view().phase !== 'locked') await windows.renew()
    })
}

function forget(ladder: KeyLadder, onSettings: (now: SettingsView) => void): void {
  ladder.lock()
  onSettings(defaultSettings)
}

interface Answering {
  readonly program: Program<RunningSession>
  readonly lock: LockParts
  readonly settings: () => SettingsView
  readonly log: LogPort
  readonly eraser: ProfileEraser
  readonly windows: AppWindows
}

function answer(parts: Answering): void {
  const { program, lock, settings, log, eraser } = parts
  const answers: ProgramAnswers = {
    view: () => program.view(),
    createProfile: ({ keychain, passphrase }) => program.createProfile({ keychain, passphrase }),
    unlock: ({ rung, secret }) => program.unlock(rung, secret),
    quit: () => setImmediate(() => app.quit()),
    lock: async ({ calls }) => ({ locked: await program.lock('user', calls) }),
    stayOpen: () => program.stayOpen(),
    lockedCalls: { list: () => lock.locked.calls.list(), decline: (args) => lock.locked.calls.decline(args) },
    openLink: ({ url }) => shell.openExternal(url),
    privacyTable: () => privacyTable.map(({ covers: _covers, ...row }) => row),
    eraseProfile: (args) => eraseProfile(parts, args),
    erased: () => eraser.erased(),
    finishErasing: () => program.finishErasing(),
    lockedSettings: settings,
  }
  const handlers = bridgeHandlers(answers, () => program.session().answers)
  const dispatcher = new BridgeDispatcher({ handlers, log })
  answerBridgeCalls((channel, name, args) => dispatcher.dispatch(channel, name, args))
}

/** Whoever locked Sotto wants to be reached; whoever never unlocked it is reached by nobody. */
function mayRunUnseen(program: Program<RunningSession>): boolean {
  const { phase, lockedBy } = program.view()
  return phase === 'ready' || (phase === 'locked' && lockedBy !== 'start')
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
  readonly lock: LockParts
  readonly profileLock: ProfileLock
  readonly stopLocking: () => void
}

async function stopAll(running: Running): Promise<void> {
  const { program, ladder, home, tray, windows, lock, profileLock } = running
  running.stopLocking()
  windows.close()
  tray.destroy()
  await program.stop()
  await lock.stop()
  ladder.lock()
  home.release()
  profileLock.release()
}
