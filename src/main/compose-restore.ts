/** Wires restoring from a paper secret: where the history is kept, and the account as it signs in again. */
import { aorDomain, aorUser } from '#shared/model/aor.ts'
import { SottoError } from '#shared/errors.ts'
import { parseServer } from '#shared/model/server-address.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { AuthorizedSocketsPort, ConnectorPort } from '#shared/ports/sockets.ts'
import type { AccountId } from '#shared/model/ids.ts'
import type { AccountRecord } from './accounts/account-record.ts'
import type { Accounts } from './accounts/accounts.ts'
import { newAccountRecord } from './accounts/new-account.ts'
import type { SessionAnswers } from './bridge/handlers.ts'
import { replicaClients } from './compose-replication.ts'
import type { OpenHistory } from './history/open-history.ts'
import { digestSecrets, makePassword } from './home/digest-secrets.ts'
import type { HomeServerAddress, HomeServerControl } from './home/port.ts'
import type { Identity } from './identity/identity.ts'
import { openPaper } from './identity/paper-in-use.ts'
import type { Replicas } from './replication/replicas.ts'
import { epochForNow, giveNewSignIn } from './replication/restore/new-sign-in.ts'
import { ReplicaHttp } from './replication/transport/replica-http.ts'
import { Restores, type FoundServer, type RestoreQuestion } from './replication/restore/restores.ts'
import { shownPins } from './platform/sockets/shown-pins.ts'

interface Ports {
  readonly connector: ConnectorPort & AuthorizedSocketsPort
  readonly home: HomeServerControl
  readonly clock: ClockPort
  readonly random: RandomPort
}

interface Parts {
  readonly accounts: Accounts
  readonly identity: Identity
  readonly replicas: Replicas
  readonly history: OpenHistory
}

/** `home` = the account's own home server; null = a replica apart from it. */
interface Found extends FoundServer {
  readonly home: HomeServerAddress | null
  readonly local: boolean
}

/** Until it is ended by what is added to `opened`. */
export function startRestore(ports: Ports, parts: Parts, opened: (() => Promise<void> | void)[]): Restores<Found> {
  const { accounts, identity, history } = parts
  const restores = new Restores<Found>({
    ...{ random: ports.random, connect: replicaClients(ports), chains: identity.chains, openPaper },
    secrets: {
      secret: (name) => history.reader.secret(name),
      setSecret: (name, value) => history.writer.setSecret(name, value),
    },
    isHere: (account) => accounts.records().some(({ aor }) => aor === account),
    find: (question) => find(ports, question),
    take: (question, found) => take(ports, parts, { question, found }),
  })
  opened.push(() => restores.cancel())
  return restores
}

async function find({ home, connector }: Ports, { aor, replica }: RestoreQuestion): Promise<Found> {
  const local = replica === null ? await home.hold() : null
  if (local !== null) return { address: { ...local.https, spkiPins: local.spkiPins }, home: local, local: true }
  const server = parseServer(replica ?? '')
  if (server === null) throw new SottoError('invalid-argument')
  // Whoever it is, as long as it shows a chain that the paper has signed: only the server and devices of the account can, and what they
  // give or hold back is judged by that chain.
  const address = { ...server, spkiPins: await shownPins(connector, server) }
  const found = await home.at({ https: server, spkiPins: address.spkiPins })
  return { address, home: found?.domain === aorDomain(aor) ? found : null, local: false }
}

async function take(
  ports: Ports,
  { accounts, identity, replicas }: Parts,
  { question, found }: { readonly question: RestoreQuestion; readonly found: Found },
): Promise<AccountId> {
  const { aor, password, words } = question
  const { address } = found
  await replicas.adopt(aor, address, found.home === null ? address : null)
  const secrets = password === null ? await newSignIn(ports, identity, { question, found }).catch(() => null) : null
  const accountId = await accounts.adopt({ ...recordOf(ports, question, found), ...secrets }, password)
  replicas.startAdopted(aor)
  // What the paper opened before it opens again; without it, it still proves whose identity this is.
  await identity.addPaperRung({ accountId, words }).catch(() => undefined)
  return accountId
}

/** Nobody ever saw the password of most accounts of a home server: it gives them a new one on this device's word. */
async function newSignIn(
  ports: Ports,
  { chains }: Identity,
  { question: { aor }, found }: { readonly question: RestoreQuestion; readonly found: Found },
): Promise<Pick<AccountRecord, 'realm' | 'ha1Sha256' | 'strongest'> | null> {
  const known = found.home === null ? null : await chains.known(aor)
  const device = known === null ? null : await chains.openDevice(aor)
  if (known === null || device === null) return null
  const by = { by: device.id, sign: (message: Uint8Array) => device.sign(message) }
  const http = new ReplicaHttp(found.address, { account: aor, by }, ports)
  const [realm, password] = [aorDomain(aor), makePassword(ports.random)]
  try {
    const secrets = digestSecrets(aorUser(aor), realm, password)
    await giveNewSignIn(http, { ...secrets, epoch: epochForNow(known.state) })
    return { ...secrets, realm, strongest: 'SHA-256' }
  } finally {
    password.fill(0)
    http.close()
    device.wipe()
  }
}

function recordOf(
  { random }: Ports,
  { aor, displayName, transport, server }: RestoreQuestion,
  { home, local }: Found,
): Parameters<Accounts['adopt']>[0] {
  const own =
    home === null
      ? { transport: transport ?? ('tls' as const), server, msrpRelay: null, spkiPins: [] }
      : { transport: 'wss' as const, server: home.sip.wss, msrpRelay: home.msrp.wss, spkiPins: [...home.spkiPins] }
  const fresh = newAccountRecord({ aor, displayName, local, ...own }, random)
  const { id: _id, instanceId: _instance, enabled: _enabled, ...account } = fresh
  return account
}

/** The bridge's rows about restoring; what was typed is wiped whatever becomes of it. */
export function restoreAnswers(restores: Restores<Found>): SessionAnswers['restore'] {
  return {
    begin: (args) =>
      restores.begin(args).finally(() => {
        args.words.fill(0)
        args.password?.fill(0)
      }),
    cancel: () => restores.cancel(),
  }
}
