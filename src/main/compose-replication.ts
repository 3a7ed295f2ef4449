/** Wires replication: which accounts can replicate where, and who hears of what. */
import { aorDomain } from '#shared/model/aor.ts'
import type { EntryFactory } from '#shared/model/entry-factory.ts'
import { serverOfUrl } from '#shared/model/server-address.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { AuthorizedSocketsPort, ConnectorPort } from '#shared/ports/sockets.ts'
import type { AccountRecord } from './accounts/account-record.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { SessionAnswers } from './bridge/handlers.ts'
import { accountPasswords } from './compose-password.ts'
import type { BridgePublisher } from './bridge/publisher.ts'
import type { OpenHistory } from './history/open-history.ts'
import type { HistoryChange } from './history/port.ts'
import { authorize } from './home/digest-secrets.ts'
import type { HomeServerControl } from './home/port.ts'
import type { Identity } from './identity/identity.ts'
import type { ConnectReplica, OpeningSecret, ReplicaAddress } from './replication/client-ports.ts'
import type { ProfilePaths } from './platform/profile-paths.ts'
import { attachmentFiles } from './replication/files/attachment-files.ts'
import { Replicas } from './replication/replicas.ts'
import type { ReplicaAccount } from './replication/service-ports.ts'
import { replicaConnector } from './replication/transport/replica-client.ts'
import { shownPins } from './platform/sockets/shown-pins.ts'

interface Ports {
  readonly publisher: BridgePublisher
  readonly connector: ConnectorPort & AuthorizedSocketsPort
  readonly home: HomeServerControl
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly paths: Pick<ProfilePaths, 'attachments'>
}

interface Parts {
  readonly history: OpenHistory
  readonly accounts: Accounts
  readonly identity: Identity
  readonly entries: EntryFactory
}

/** How clients of replicas are made. */
export function replicaClients(ports: Pick<Ports, 'connector' | 'clock' | 'random'>): ConnectReplica {
  const { random } = ports
  return replicaConnector({
    ...ports,
    authorize: (challenge, secret, request) => authorize(challenge, secret, request, random),
  })
}

export function composeReplication(ports: Ports, { history, accounts, identity, entries }: Parts): Replicas {
  const { reader, writer } = history
  const { publisher } = ports
  return new Replicas({
    ...ports,
    log: ports.log.child('replication'),
    accounts: { list: () => accounts.records().map((record) => replicaAccount(record, accounts)) },
    settings: {
      setting: (key) => reader.setting(key),
      setSetting: (key, valueJson) => writer.setSetting(key, valueJson),
    },
    chains: identity.chains,
    secrets: {
      secret: (name) => reader.secret(name),
      setSecret: (name, value) => writer.setSecret(name, value),
    },
    keeper: writer.replica,
    files: attachmentFiles(ports.paths.attachments, reader),
    passwords: accountPasswords(ports.home, accounts),
    observe: (hlc) => entries.observe(hlc),
    connect: replicaClients(ports),
    shownPins: (server) => shownPins(ports.connector, server),
    changed: (views) => publisher.publish('replication.changed', views),
  })
}

/** Starts what is switched on, and follows history and accounts; adds how to end it. */
export async function startReplication(
  replicas: Replicas,
  { history, accounts }: Pick<Parts, 'history' | 'accounts'>,
  opened: (() => Promise<void> | void)[],
): Promise<void> {
  opened.push(
    () => replicas.stop(),
    history.writer.onChange((change) => replicas.noteLocal(accountsOf(change))),
    accounts.onChange(() => void replicas.accountsChanged().catch(() => undefined)),
  )
  await replicas.start()
}

/** Accounts whose history changed; null = perhaps any. */
function accountsOf(change: HistoryChange): Parameters<Replicas['noteLocal']>[0] {
  const { bulk, searches, accountSettings, conversations } = change
  return bulk || searches === true || accountSettings !== undefined
    ? null
    : conversations.map(({ accountId }) => accountId)
}

function replicaAccount(record: AccountRecord, accounts: Accounts): ReplicaAccount {
  const { id, aor } = record
  return {
    ...{ id, aor },
    deviceId: accounts.list().find((account) => account.id === id)?.deviceId ?? null,
    server: () => replicaOf(accounts.records().find((candidate) => candidate.id === id) ?? record),
    opening: () => openingOf(accounts.records().find((candidate) => candidate.id === id) ?? record),
  }
}

/** A home server has SIP over WebSockets and the replica on one port. */
export function replicaOf({
  server,
  transport,
  spkiPins,
}: Pick<AccountRecord, 'server' | 'transport' | 'spkiPins'>): ReplicaAddress | null {
  const found = server === null || transport !== 'wss' ? null : serverOfUrl(server)
  return found === null ? null : { ...found, spkiPins }
}

/** Answers to digest go to the account's own realm alone, in SHA-256. */
function openingOf({ aor, username, realm, ha1Sha256 }: AccountRecord): OpeningSecret | null {
  const domain = aorDomain(aor)
  if (ha1Sha256 === null || realm !== domain) return null
  return { kind: 'digest', user: username, domain, ha1Sha256 }
}

/** The bridge's rows about replication and devices. */
export function replicationAnswers(replicas: Replicas): SessionAnswers['replication'] {
  return {
    list: () => replicas.list(),
    switchOn: (args) => replicas.switchOn(args),
    askErasure: (args) => replicas.askErasure(args),
    keepHistory: (args) => replicas.keepHistory(args),
    switchOff: (args) => replicas.switchOff(args),
    serverCopy: (args) => replicas.serverCopy(args),
    syncNow: (args) => replicas.syncNow(args),
    pause: (args) => replicas.pause(args),
    dismissFault: (args) => replicas.dismissFault(args),
    rejoin: (args) => replicas.rejoin(args),
    rename: (args) => replicas.rename(args),
    revoke: (args) => replicas.revoke(args),
    pickBranch: (args) => replicas.pickBranch(args).finally(() => args.words?.fill(0)),
  }
}
