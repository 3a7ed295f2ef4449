/** Wires linking: the new device's keys and account, the old device's chain and parcel, and the server where both meet. */
import { toBase64Url, fromBase64Url } from '#shared/bytes/base64url.ts'
import { wipe } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { parseServer } from '#shared/model/server-address.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { ConnectorPort } from '#shared/ports/sockets.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { SessionAnswers } from './bridge/handlers.ts'
import type { BridgePublisher } from './bridge/publisher.ts'
import type { HomeServerControl } from './home/port.ts'
import type { Identity } from './identity/identity.ts'
import { Linkings, type LinkConnection, type NewDeviceInUse } from './linking/linkings.ts'
import type { LinkParcel } from './linking/parcel.ts'
import { rendezvousClient } from './linking/rendezvous-client.ts'
import type { ReplicaAddress, RequestSignerPort } from './replication/client-ports.ts'
import type { Replicas } from './replication/replicas.ts'
import { ReplicaHttp } from './replication/transport/replica-http.ts'

interface Ports {
  readonly publisher: BridgePublisher
  readonly connector: ConnectorPort
  readonly home: HomeServerControl
  readonly clock: ClockPort
  readonly random: RandomPort
}

interface Parts {
  readonly accounts: Accounts
  readonly identity: Identity
  readonly replicas: Replicas
}

export function composeLinking(ports: Ports, parts: Parts): Linkings {
  const { accounts, replicas } = parts
  const recordOf = (id: AccountId) => {
    const record = accounts.records().find((candidate) => candidate.id === id)
    if (record === undefined) throw new SottoError('not-found')
    return record
  }
  return new Linkings({
    ...ports,
    connectUnknown: async (account, server) => connection(ports, await unknownServer(ports, server), { account }),
    newDevice: (account) => newDevice(ports, parts, account),
    connectKnown: async (accountId) => connection(ports, ...(await replicas.reach(accountId))),
    aorOf: (accountId) => recordOf(accountId).aor,
    addDevice: async (accountId, keys, cosign) => {
      await replicas.addDevice(accountId, keys, async (body) => ({ by: keys.id, signature: await cosign(body) }))
    },
    parcel: (accountId) => parcelOf(parts, recordOf(accountId)),
    changed: (linking) => ports.publisher.publish('linking.changed', { linking, transfers: [] }),
  })
}

function connection(
  ports: Ports,
  address: ReplicaAddress,
  { account, by }: { readonly account: Aor; readonly by?: RequestSignerPort },
): LinkConnection {
  const http = new ReplicaHttp(address, by === undefined ? null : { account, by }, ports)
  return { client: rendezvousClient(http), close: () => http.close() }
}

/** @throws SottoError `invalid-argument`, `server-unreachable`, `home-server-failed`. */
async function unknownServer({ home, connector }: Ports, server: string | null): Promise<ReplicaAddress> {
  if (server === null) {
    const { https, spkiPins } = await home.hold()
    return { ...https, spkiPins }
  }
  const address = parseServer(server)
  if (address === null) throw new SottoError('invalid-argument')
  const found = await connector.stream({ ...address, tls: { serverName: address.host } })
  if (found.ok) {
    found.value.close()
    return { ...address, spkiPins: [] }
  }
  if (found.error.kind !== 'certificate') throw new SottoError('server-unreachable')
  // Whoever this is passes sealed pieces only: the code or the picture proves who is behind it, and brings the right key.
  return { ...address, spkiPins: [found.error.problem.spkiSha256] }
}

function newDevice(ports: Ports, { accounts, identity, replicas }: Parts, account: Aor): NewDeviceInUse {
  const { seeds, device } = identity.chains.newDevice()
  return {
    keys: device.keys,
    sign: (message) => device.sign(message),
    take: async (parcel) => {
      const { links } = parcel
      await identity.chains.join(account, { identity: toBase64Url(parcel.identity), links, seeds })
      await replicas.adopt(account, parcel.replica)
      const accountId = await accounts.adopt(await adoptable(ports, parcel))
      replicas.startAdopted(account)
      return accountId
    },
    wipe: () => {
      device.wipe()
      wipe(seeds.ed25519, seeds.x25519, seeds.omemo)
    },
  }
}

/** The home server of the other device's computer is this one's only where it is the same. */
async function adoptable({ home }: Ports, { account }: LinkParcel): Promise<Parameters<Accounts['adopt']>[0]> {
  const aor = account.aor as Aor
  const here = account.local ? await home.hold().catch(() => null) : null
  const isHere = here?.spkiPins.some((pin) => account.spkiPins.includes(pin)) === true
  return { ...account, aor, local: isHere }
}

async function parcelOf(
  { identity, replicas }: Pick<Parts, 'identity' | 'replicas'>,
  record: ReturnType<Accounts['records']>[number],
): Promise<LinkParcel> {
  const { id, instanceId: _instance, enabled: _enabled, ...account } = record
  const known = await identity.chains.known(record.aor)
  const hash = known === null ? null : fromBase64Url(known.state.identity)
  if (known === null || hash === null) throw new SottoError('not-found')
  const [{ host, port, spkiPins }] = await replicas.reach(id)
  const replica = { host, port, spkiPins: [...spkiPins] }
  return { identity: hash, links: [...known.links], picked: [], account, replica, settings: {}, transfer: null }
}

export function linkingAnswers(linkings: Linkings): SessionAnswers['linking'] {
  return {
    view: () => ({ linking: linkings.view(), transfers: [] }),
    begin: (args) => linkings.begin(args),
    readQr: async (args) => linkings.readQr(args).finally(() => args.text.fill(0)),
    enterCode: async (args) => linkings.enterCode(args).finally(() => args.code.fill(0)),
    confirm: () => linkings.confirm(),
    cancel: () => linkings.cancel(),
    stopTransfer: () => undefined,
  }
}
