/** Wires linking: the new device's keys and account, the old device's chain and parcel, and the server where both meet. */
import { toBase64Url, fromBase64Url } from '#shared/bytes/base64url.ts'
import { equalBytes, wipe } from '#shared/bytes/bytes.ts'
import { nameOfDevice } from '#shared/identity/chain-ports.ts'
import { deviceIdText } from '#shared/identity/device-chain.ts'
import type { ChainReading } from '#shared/identity/read-chain.ts'
import { decodeLinkBody, decodeSignedLink } from '#shared/model/device-link.ts'
import { SottoError } from '#shared/errors.ts'
import { parseServer } from '#shared/model/server-address.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { AuthorizedSocketsPort, ConnectorPort } from '#shared/ports/sockets.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { SessionAnswers } from './bridge/handlers.ts'
import type { BridgePublisher } from './bridge/publisher.ts'
import { startRestore } from './compose-restore.ts'
import type { HomeServerControl } from './home/port.ts'
import { namesIn } from './keys/device-names.ts'
import type { Identity } from './identity/identity.ts'
import { Linkings, type LinkConnection, type NewDeviceInUse } from './linking/linkings.ts'
import type { LinkParcel } from './linking/parcel.ts'
import { transferEnds } from './linking/transfer-ends.ts'
import { Transfers } from './linking/transfers.ts'
import type { ProfilePaths } from './platform/profile-paths.ts'
import { SealedFiles } from './history/attachments/sealed-files.ts'
import type { OpenHistory } from './history/open-history.ts'
import type { EntryFactory } from '#shared/model/entry-factory.ts'
import { slotIdBytes } from '#shared/linking/slot-id.ts'
import { rendezvousClient } from './linking/rendezvous-client.ts'
import type { ReplicaAddress, RequestSignerPort } from './replication/client-ports.ts'
import type { Replicas } from './replication/replicas.ts'
import { ReplicaHttp } from './replication/transport/replica-http.ts'
import { shownPins } from './platform/sockets/shown-pins.ts'
import { replicaOf } from './compose-replication.ts'

interface Ports {
  readonly publisher: BridgePublisher
  readonly connector: ConnectorPort & AuthorizedSocketsPort
  readonly home: HomeServerControl
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly paths: Pick<ProfilePaths, 'attachments'>
}

interface Parts {
  readonly accounts: Accounts
  readonly identity: Identity
  readonly replicas: Replicas
  readonly history: OpenHistory
  readonly entries: EntryFactory
  readonly transfers: Transfers
  /** Shows what is linked, and what is on its way. */
  readonly publish: () => void
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
    connectKnown: (accountId) => connectKnown(ports, replicas, accountId),
    aorOf: (accountId) => recordOf(accountId).aor,
    addDevice: async (accountId, keys, cosign) => {
      await replicas.addDevice(accountId, keys, async (body) => ({ by: keys.id, signature: await cosign(body) }))
    },
    parcel: (accountId, keys) => parcelOf(ports, parts, { record: recordOf(accountId), device: keys.name }),
    changed: () => parts.publish(),
  })
}

export function composeTransfers(
  ports: Ports,
  { accounts, replicas, history, entries, publish }: Omit<Parts, 'transfers' | 'identity'>,
): Transfers {
  const { reader, writer } = history
  const idOf = (account: Aor) => accounts.records().find(({ aor }) => aor === account)?.id ?? null
  return new Transfers({
    ...ports,
    secrets: {
      secret: (name) => reader.secret(name),
      setSecret: (name, value) => writer.setSecret(name, value),
    },
    ...transferEnds({
      source: { transferPiece: (account, after) => reader.transferPiece(account, after) },
      sink: {
        takePiece: async (account, piece) => {
          const { latest } = await writer.replica.takePiece(account, piece)
          if (latest !== null) entries.observe(latest)
        },
        takenPiece: (account) => writer.replica.takenPiece(account),
      },
      attachmentsOf: (account) => reader.attachmentsOf(account),
      files: new SealedFiles(ports.paths.attachments),
      settings: {
        setting: (key) => reader.setting(key),
        setSetting: (key, valueJson) => writer.setSetting(key, valueJson),
      },
    }),
    connect: async (account) => {
      const id = idOf(account)
      if (id === null) throw new SottoError('not-found')
      return connectKnown(ports, replicas, id)
    },
    idOf,
    changed: () => publish(),
  })
}

async function connectKnown(ports: Ports, replicas: Replicas, accountId: AccountId): Promise<LinkConnection> {
  const { address, signer, wipe: wipeKeys } = await replicas.reach(accountId)
  const { client, close } = connection(ports, address, signer)
  return {
    client,
    close: () => {
      close()
      wipeKeys()
    },
  }
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
  // Whoever this is passes sealed pieces only: the code or the picture proves who is behind it, and brings the right key.
  return { ...address, spkiPins: await shownPins(connector, address) }
}

function newDevice(ports: Ports, { accounts, identity, replicas, transfers }: Parts, account: Aor): NewDeviceInUse {
  const { seeds, device } = identity.chains.newDevice()
  return {
    keys: device.keys,
    sign: (message) => device.sign(message),
    take: async (parcel, chain) => {
      const { links, namesKey } = parcel
      await identity.chains.join(account, { identity: toBase64Url(parcel.identity), links, seeds, namesKey })
      await replicas.adopt(account, parcel.replica, elsewhere(parcel))
      const accountId = await accounts.adopt(await adoptable(ports, parcel))
      replicas.startAdopted(account)
      const from = adderOf(device.id, parcel, chain)
      if (parcel.transfer !== null) await transfers.add({ ...parcel.transfer, account, doing: 'taking', device: from })
      return accountId
    },
    wipe: () => {
      device.wipe()
      wipe(seeds.ed25519, seeds.x25519, seeds.omemo)
    },
  }
}

/** Where the history is kept, if not at the account's own server. */
function elsewhere({ account, replica }: LinkParcel): ReplicaAddress | null {
  const own = replicaOf(account)
  return replica?.host === own?.host && replica?.port === own?.port ? null : replica
}

/** Name of the device that added this one. */
function adderOf(own: Uint8Array, { links, namesKey }: LinkParcel, { state }: ChainReading): string {
  const added = links.map(decodeSignedLink).find(({ body }) => {
    const link = decodeLinkBody(body)
    return link.kind === 'add' && equalBytes(link.device.id, own)
  })
  const by = added?.signatures.map(({ by: signer }) => signer).find((one) => one !== 'paper' && !equalBytes(one, own))
  const names = namesIn(links, namesKey)
  return by === undefined || by === 'paper' ? '' : nameOfDevice({ state, names }, deviceIdText(by))
}

/** The home server of the other device's computer is this one's only where it is the same. */
async function adoptable({ home }: Ports, { account }: LinkParcel): Promise<Parameters<Accounts['adopt']>[0]> {
  const aor = account.aor as Aor
  const here = account.local ? await home.hold().catch(() => null) : null
  const isHere = here?.spkiPins.some((pin) => account.spkiPins.includes(pin)) === true
  return { ...account, aor, local: isHere }
}

/** The whole history follows over a transfer that begins with the parcel. */
async function parcelOf(
  { random }: Ports,
  { identity, replicas, transfers }: Pick<Parts, 'identity' | 'replicas' | 'transfers'>,
  { record, device }: { readonly record: ReturnType<Accounts['records']>[number]; readonly device: string },
): Promise<LinkParcel> {
  const { id, instanceId: _instance, enabled: _enabled, ...account } = record
  const known = await identity.chains.known(record.aor)
  const hash = known === null ? null : fromBase64Url(known.state.identity)
  if (known === null || hash === null) throw new SottoError('not-found')
  const { address, wipe: wipeKeys } = await replicas.reach(id)
  wipeKeys()
  const replica = { ...address, spkiPins: [...address.spkiPins] }
  const transfer = { slot: random.bytes(slotIdBytes), key: random.bytes(32) }
  const namesKey = await identity.chains.namesKey(record.aor)
  await transfers.add({ ...transfer, account: record.aor, doing: 'giving', device })
  return { identity: hash, links: [...known.links], picked: [], namesKey, account, replica, settings: {}, transfer }
}

export function linkingAnswers(
  linkings: Linkings,
  transfers: Transfers,
  aorOf: (id: AccountId) => Aor | null,
): SessionAnswers['linking'] {
  return {
    view: () => ({ linking: linkings.view(), transfers: transfers.views() }),
    begin: (args) => linkings.begin(args),
    readQr: async (args) => linkings.readQr(args).finally(() => args.text.fill(0)),
    enterCode: async (args) => linkings.enterCode(args).finally(() => args.code.fill(0)),
    confirm: () => linkings.confirm(),
    cancel: () => linkings.cancel(),
    stopTransfer: async ({ accountId }) => {
      const account = aorOf(accountId)
      if (account !== null) await transfers.abandon(account)
    },
  }
}

/** Linking, transfers and restoring: what the first two show together, and how they are started and ended. */
export function startLinking(
  ports: Ports,
  parts: Omit<Parts, 'transfers' | 'publish'>,
  opened: (() => Promise<void> | void)[],
): {
  readonly linkings: Linkings
  readonly transfers: Transfers
  readonly restores: ReturnType<typeof startRestore>
} {
  const publish = (): void =>
    ports.publisher.publish('linking.changed', { linking: linkings.view(), transfers: transfers.views() })
  const transfers: Transfers = composeTransfers(ports, { ...parts, publish })
  const linkings: Linkings = composeLinking(ports, { ...parts, transfers, publish })
  opened.push(
    () => linkings.stop(),
    () => transfers.stop(),
  )
  return { linkings, transfers, restores: startRestore(ports, parts, opened) }
}
