/** Wires everything that runs while the history is open. */
import { EntryFactory } from '#shared/model/entry-factory.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { AccountView } from '#shared/model/views.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { AuthorizedSocketsPort, ConnectorPort } from '#shared/ports/sockets.ts'
import { Accounts } from './accounts/accounts.ts'
import type { AccountRegistryPort } from './accounts/ports.ts'
import type { FileDialogPort } from './archive/archive-port.ts'
import type { SaveDialogPort } from './files/file-saver.ts'
import type { AttachedSignalling, KeptSignalling } from './accounts/signalling/kept-signalling.ts'
import type { SignallingPort } from './accounts/signalling-port.ts'
import type { SessionAnswers } from './bridge/handlers.ts'
import type { BridgePublisher } from './bridge/publisher.ts'
import type { Calls } from './calls/calls.ts'
import type { RingPort } from './calls/ports.ts'
import { Chat } from './chat/chat.ts'
import { addSpooledCall, composeCallDevices, composeCalls } from './compose-calls.ts'
import type { Archive } from './archive/archive.ts'
import { startArchive } from './compose-archive.ts'
import { linkingAnswers, startLinking } from './compose-linking.ts'
import { startHeads } from './compose-heads.ts'
import { composeHoldings } from './compose-holdings.ts'
import { composeIdentity } from './compose-identity.ts'
import { conversationAnswers, messageAnswers, startHistory, type HistoryFeatures } from './compose-history.ts'
import { accountAnswers, composeFollowing, startFollowing, type Following } from './compose-following.ts'
import { composeReplication, replicationAnswers, startReplication } from './compose-replication.ts'
import { restoreAnswers, type startRestore } from './compose-restore.ts'
import { rungAnswers, settingAnswers } from './compose-settings.ts'
import { applySpool, type SpoolKeyring } from './compose-spool.ts'
import { createMediaClient, type MediaClient } from './media/worker/client.ts'
import { noCipher } from './chat/message-cipher.ts'
import type { NotificationPort } from './chat/ports.ts'
import { Contacts } from './contacts/contacts.ts'
import { openHistoryInWorkers, type OpenHistory } from './history/open-history.ts'
import type { HistoryChange } from './history/port.ts'
import type { HomeServerControl } from './home/port.ts'
import type { Identity } from './identity/identity.ts'
import type { KeyLadder } from './keys/key-ladder.ts'
import type { Linkings } from './linking/linkings.ts'
import type { Transfers } from './linking/transfers.ts'
import type { Replicas } from './replication/replicas.ts'
import type { ProfilePaths } from './platform/profile-paths.ts'
import type { LockedSession } from './locked/locked-session.ts'
import type { Session } from './program/ports.ts'
import { localSignUp } from './compose-sign-up.ts'
import { Settings } from './settings/settings.ts'
import type { Spool } from './spool/spool.ts'

export interface SessionPorts {
  /** Name of the profile. */
  readonly profile: string
  readonly paths: ProfilePaths
  readonly ladder: KeyLadder
  /** Goes on while there is no session. */
  readonly signalling: () => Promise<KeptSignalling>
  readonly locked: LockedSession
  readonly spool: Spool
  readonly home: HomeServerControl
  readonly connector: ConnectorPort & AuthorizedSocketsPort
  readonly publisher: BridgePublisher
  readonly notifications: NotificationPort
  readonly ring: RingPort
  readonly showWindow: () => void
  readonly callRevision: () => number
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly fileDialogs: FileDialogPort & SaveDialogPort
  /** Version of this program. */
  readonly version: string
  /** Language of what main writes. */
  readonly language: () => 'en' | 'de'
  /** Settings that main itself obeys have changed. */
  readonly onSettings: (settings: ReturnType<Settings['get']>) => void
  /** The ways to unlock have changed. */
  readonly onRungs: () => void
}

/** A running session: the bridge's answers, and its end. */
export interface RunningSession extends Session {
  readonly answers: SessionAnswers
  /** The network came back, or the computer woke up. */
  networkChanged(): void
}

type Close = () => Promise<void> | void

/** Opens the history and starts every feature on it. @throws SottoError an `OpenFailure` code. */
export async function composeSession(
  ports: SessionPorts,
  databaseKey: Uint8Array,
  upgrading: (share: number) => void,
): Promise<RunningSession> {
  const opened: Close[] = []
  try {
    const { database: path, attachments } = ports.paths
    const history = await openHistoryInWorkers({ path, attachments, key: databaseKey, upgrading })
    opened.push(() => history.close())
    return await startSession(ports, history, opened)
  } catch (error) {
    // The next try opens everything again: nothing of this one may stay behind and write, or sign in, beside it.
    await closeAll(opened)
    throw error
  }
}

/** Closes in the reverse order; one that fails keeps none of the others open. */
async function closeAll(opened: readonly Close[]): Promise<void> {
  for (const close of opened.toReversed())
    await Promise.resolve()
      .then(close)
      .catch(() => undefined)
}

async function startSession(ports: SessionPorts, history: OpenHistory, opened: Close[]): Promise<RunningSession> {
  const lost = new Promise<void>((resolve) => history.onCrash(resolve))
  await ports.ladder.confirmDatabase()
  const media = startMedia(ports, opened)
  const signalling = await (await ports.signalling()).attach()
  opened.push(() => signalling.stop())
  const settings = new Settings(settingsStore(history))
  const accounts: Accounts = new Accounts({
    ...{ ...ports, signalling },
    ...{ registry: registryOf(history, (aor) => replicas.forget(aor)), settings: settingsStore(history) },
    identity: { ensure: (aor) => identity.ensure(aor), remove: (aor) => identity.remove(aor) },
    home: localSignUp(ports.home),
  })
  opened.push(() => accounts.stop())
  const identity = composeIdentity(ports, history, accounts)
  const entries = new EntryFactory(ports, await history.lastHlc())
  const replicas: Replicas = composeReplication(ports, { history, accounts, identity, entries })
  const features = composeFeatures(ports, { history, signalling, settings, accounts }, entries)
  opened.push(() => features.chat.stop())
  const linking = startLinking(ports, { accounts, identity, replicas, history, entries }, opened)
  const talking = startCalls(ports, { history, signalling, accounts, identity, entries, media }, opened)
  const parts = { ...talking, ...linking, ...features, history, signalling, settings, accounts, identity, replicas }
  opened.push(...connect(ports, parts))
  await startSettings(parts, opened)
  await features.chat.start()
  const archive = startArchive(ports, { history, identity }, opened)
  const { unfinished } = archive
  const kept = await startHistory(ports, { history, entries, settings, accounts, unfinished, replicas }, opened)
  opened.push(warmForCalls(accounts, media))
  await takeSpooled(ports, { history, signalling, accounts, entries })
  await startReplication(replicas, { history, accounts }, opened)
  await linking.transfers.start()
  return {
    answers: answersOf(ports, { ...parts, kept, archive }),
    networkChanged: () => tellOfNetwork([signalling, media]),
    onLost: (handler) => void lost.then(handler),
    ...lifeOf(ports, parts, opened),
  }
}

/** What the program asks of a session whatever its features are. */
function lifeOf(
  ports: SessionPorts,
  { history, accounts, calls }: Pick<Everything, 'history' | 'accounts'> & Pick<Answering, 'calls'>,
  opened: readonly Close[],
): Omit<Session, 'onLost'> {
  return {
    hasAccounts: () => accounts.list().length > 0,
    onAccountsChange: (handler) => accounts.onChange(handler),
    isBusy: () => calls.isBusy,
    onBusyChange: (handler) => calls.onChange(handler),
    close: async (why) => {
      await rememberPeers(ports, history)
      if (why === 'lock') ports.locked.calls.continueFrom(calls.release())
      await closeAll(opened)
    },
  }
}

/** Whom the locked program hears is decided by what the history knew last. */
async function rememberPeers({ locked }: SessionPorts, { reader }: OpenHistory): Promise<void> {
  const known = await reader.conversations().catch(() => null)
  if (known !== null) locked.usePeers(known.conversations)
}

/** What came in while Sotto was locked, then whatever comes in. */
async function takeSpooled(
  ports: SessionPorts,
  parts: { readonly signalling: AttachedSignalling } & Parameters<typeof addSpooledCall>[0],
): Promise<void> {
  const { reader, writer } = parts.history
  const keyring: SpoolKeyring = {
    load: () => reader.secret('spool'),
    save: (value) => writer.setSecret('spool', value),
  }
  await applySpool(ports, keyring, {
    body: (body, at) => parts.signalling.replay({ ...body, observedAt: at }),
    call: (call) => addSpooledCall(parts, call),
  })
  await rememberPeers(ports, parts.history)
  parts.signalling.flow()
}

/** The first call must not wait for the worker: it starts with the first account, today's or an older one. */
function warmForCalls(accounts: Accounts, media: Pick<MediaClient, 'warm'>): () => void {
  const warm = (): void => {
    if (accounts.list().length > 0) media.warm()
  }
  warm()
  return accounts.onChange(warm)
}

function registryOf({ writer }: OpenHistory, forget: (aor: Aor) => Promise<void>): AccountRegistryPort {
  return {
    register: async ({ id, aor }) => {
      await writer.commit({ accounts: [{ id, aor }] })
    },
    erase: async (aor) => {
      await forget(aor)
      await writer.commit({ eraseAccounts: [aor] })
    },
  }
}

/** Before signalling, so that it ends after: while its worker takes its time, what comes in goes to the spool already. */
function startMedia(ports: SessionPorts, opened: Close[]): MediaClient {
  const media = createMediaClient(ports)
  opened.push(() => media.stop())
  return media
}

/** Calls, and what they and the accounts say to the other own devices. */
function startCalls(
  ports: SessionPorts,
  parts: Omit<Parameters<typeof composeCalls>[1], 'marks'> & Parameters<typeof composeFollowing>[1],
  opened: Close[],
): { readonly calls: Calls; readonly following: Following } {
  const following = composeFollowing(ports, parts)
  const calls = composeCalls(ports, { ...parts, marks: following.marks })
  opened.push(() => calls.stop())
  return { calls, following }
}

async function startSettings(
  { settings, history, accounts, following }: Foundation & Pick<Answering, 'following'>,
  opened: Close[],
): Promise<void> {
  await settings.start()
  await accounts.start()
  await startFollowing(following, { history, accounts }, opened)
}

function tellOfNetwork(parts: readonly { networkChanged(): Promise<void> }[]): void {
  for (const part of parts) part.networkChanged().catch(() => undefined)
}

function settingsStore({ reader, writer }: OpenHistory): {
  setting(key: string): Promise<string | null>
  setSetting(key: string, valueJson: string | null): Promise<void>
} {
  return {
    setting: (key) => reader.setting(key),
    setSetting: (key, valueJson) => writer.setSetting(key, valueJson),
  }
}

interface Foundation {
  readonly history: OpenHistory
  readonly signalling: SignallingPort
  readonly settings: Settings
  readonly accounts: Accounts
}

interface Answering extends Features {
  readonly following: Following
  readonly archive: Archive
  readonly calls: Calls
  readonly kept: HistoryFeatures
}

interface Features {
  readonly chat: Chat
  readonly contacts: Contacts
}

function composeFeatures(
  ports: SessionPorts,
  { history, signalling, settings, accounts }: Foundation,
  entries: EntryFactory,
): Features {
  const byId = (id: AccountId): AccountView | null => accounts.list().find((account) => account.id === id) ?? null
  const base = { ...ports, ...history, entries, accounts: { byId } }
  const chat = new Chat({
    ...base,
    signalling,
    cipher: noCipher,
    screen: {
      typing: (conversationId, active) => ports.publisher.publish('chat.typing', { conversationId, active }),
      notice: (code) => ports.publisher.publish('notice.error', { code, params: {} }),
    },
    settings: {
      notifications: () => {
        const { notifications, notificationPreview } = settings.get()
        return { enabled: notifications, preview: notificationPreview }
      },
    },
  })
  return { chat, contacts: new Contacts({ ...base, commitContact: (id, entry) => chat.commitContact(id, entry) }) }
}

interface Everything extends Foundation, Features {
  readonly identity: Identity
  readonly replicas: Replicas
  readonly restores: ReturnType<typeof startRestore>
  readonly linkings: Linkings
  readonly transfers: Transfers
}

/** Facts flow from the features to the screen, and between features that must know of each other. */
function connect(ports: SessionPorts, parts: Everything): readonly (() => void)[] {
  const { publisher } = ports
  const { history, signalling, settings, accounts, identity, chat, contacts } = parts
  return [
    history.writer.onChange((change) => publishChange(publisher, history, change)),
    history.onCrash(() => publisher.publish('notice.error', { code: 'history-stopped', params: {} })),
    accounts.onChange((views) => publisher.publish('accounts.changed', views)),
    settings.onChange((now) => {
      publisher.publish('settings.changed', now)
      ports.onSettings(now)
    }),
    identity.onChange((aor: Aor, view) => accounts.setIdentity(aor, view)),
    startHeads(ports, parts),
    contacts.onPolicy((conversation, policy) => chat.policyChanged(conversation, policy)),
    signalling.onEvent((event) => {
      if (event.kind !== 'certificate') return
      publisher.publish('accounts.certificateProblem', { accountId: event.accountId, problem: event.problem })
    }),
  ]
}

function publishChange(publisher: BridgePublisher, { reader }: OpenHistory, change: HistoryChange): void {
  const { revision, conversations, messages, bulk } = change
  const removedConversations = change.removedConversations ?? []
  publisher.publish('history.appended', { revision, conversations, removedConversations, messages, bulk })
  if (change.contacts.length === 0 && !bulk) return
  // The screen keeps the whole list; while the history closes there is nobody to tell.
  reader.contacts().then(
    (contacts) => publisher.publish('contacts.changed', contacts),
    () => undefined,
  )
}

function answersOf(ports: SessionPorts, parts: Omit<Everything, 'signalling'> & Answering): SessionAnswers {
  const { accounts, identity, chat, contacts, history, calls, kept, archive, replicas } = parts
  return {
    accounts: accountAnswers(accounts, parts.following.settings),
    identity,
    keys: rungAnswers(ports, identity),
    contacts,
    conversations: {
      list: () => chat.list(),
      start: (args) => contacts.start(args),
      setDraft: (args) => chat.setDraft(args),
      markRead: (args) => chat.markRead(args),
      ...conversationAnswers(chat, kept.upkeep),
    },
    messages: messageAnswers(chat),
    search: kept.searches,
    settings: settingAnswers(ports, parts),
    holdings: composeHoldings(ports, { history, accounts, replicas, upkeep: kept.upkeep }),
    calls,
    callDevices: composeCallDevices({ ...parts, marks: parts.following.marks }, ports.clock),
    media: {
      offer: (args) => calls.mediaOffer(args),
      failed: (args) => calls.mediaFailed(args),
      connected: () => undefined,
      ready: () => calls.mediaReady(),
    },
    ...{ archive, files: kept.files, home: { invite: () => ports.home.invite({ lan: true }) } },
    replication: replicationAnswers(replicas),
    restore: restoreAnswers(parts.restores),
    linking: linkingAnswers(
      parts.linkings,
      parts.transfers,
      (id) => accounts.records().find((one) => one.id === id)?.aor ?? null,
    ),
    activity: (args) => chat.activity(args),
  }
}
