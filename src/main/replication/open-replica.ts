/** Everything that is open while an account replicates: device keys, epoch keys, journal, connection, engine. */
import { equalBytes } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { deviceIdText, type ChainState } from '#shared/identity/device-chain.ts'
import type { KnownChain, OwnDevice } from '#shared/identity/chain-ports.ts'
import type { Hlc } from '#shared/model/entry.ts'
import type { Aor, DeviceId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { ReplicaKeeperPort } from '#main/history/replica-port.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'
import { chainDevices, isValidIn } from './chain-devices.ts'
import { syncChain } from './chain-sync.ts'
import type { ConnectReplica, ReplicaAddress, ReplicaClientPort } from './client-ports.ts'
import { ReplicaEngine, type SyncProgress } from './engine.ts'
import { EpochKeyring } from './epoch-keyring.ts'
import { Epochs } from './epochs.ts'
import type { ReplicaFilesPort } from './files/file-ports.ts'
import { FileFetcher } from './files/file-fetcher.ts'
import { FilePusher } from './files/file-pusher.ts'
import { pushFilesOf } from './files/push-files.ts'
import { headsDevices } from './heads/heads-devices.ts'
import { HeardHeads } from './heads/heard-heads.ts'
import type { HeardNotesPort } from './heads/heads-ports.ts'
import { writeHeads } from './heads/write-heads.ts'
import { HistoryReplicaJournal } from './journal/history-replica-journal.ts'
import { renewPassword } from './account-password.ts'
import type { ReplicaCrypto } from './ports.ts'
import type { AccountPasswordPort, ReplicaChainPort, ReplicaSecretsPort } from './service-ports.ts'

export interface OpenReplicaParts {
  readonly account: Aor
  /** Asked anew for each connection: a server of this computer may have moved. @throws SottoError `server-unreachable`. */
  readonly address: () => Promise<ReplicaAddress>
  readonly connect: ConnectReplica
  readonly chains: ReplicaChainPort
  readonly secrets: ReplicaSecretsPort
  readonly keeper: ReplicaKeeperPort
  readonly files: ReplicaFilesPort
  readonly passwords: AccountPasswordPort
  /** What is remembered of heads that came directly. */
  readonly notes: HeardNotesPort
  /** Hears of the latest timestamp that was read. */
  readonly observe: (hlc: Hlc) => void
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
}

export interface OpenReplica {
  /** Where its server was when it was opened. */
  readonly address: ReplicaAddress
  readonly device: OwnDevice
  readonly ownId: DeviceId
  readonly client: ReplicaClientPort
  readonly journal: HistoryReplicaJournal
  readonly engine: ReplicaEngine
  readonly fetcher: FileFetcher
  readonly pusher: FilePusher
  /** What other devices said directly. */
  readonly heard: HeardHeads
  readonly chain: KnownChain
  /** Envelopes that wait for a key. */
  readonly unopened: number
  /** Whether the key of the newest epoch is here: without it nothing is sealed. */
  readonly mayWrite: boolean
  /** Whether a removed device can still sign in at the SIP server. */
  readonly isPasswordDue: boolean
  /** What is to be said to them now; null = nothing while the chain is forked or the newest key is not here. */
  heads(): Uint8Array | null
  /** The chain was extended. */
  took(chain: KnownChain): void
  /** Brings chain and keys up to date with the server's; opens what waited for a key. */
  look(): Promise<void>
  close(): void
}

/** @throws SottoError `not-found` for an account without identity or that does not replicate, and what `address` throws. */
export async function openReplica(
  parts: OpenReplicaParts,
  { progress, changed }: { readonly progress: (progress: SyncProgress) => void; readonly changed: () => void },
): Promise<OpenReplica> {
  const { account, chains } = parts
  const known = await chains.known(account)
  const device = await chains.openDevice(account)
  if (known === null || device === null) throw new SottoError('not-found')
  const journal = await openJournal(parts, device)
  const signer = { by: device.id, sign: (message: Uint8Array) => device.sign(message) }
  const address = await parts.address()
  const client = parts.connect(account, address, signer)
  const keyring = new EpochKeyring()
  const epochs = new Epochs({ ...parts, client, keyring, device })
  await epochs.load()
  return new Opened({ ...parts, opened: address, journal, device, client, keyring, epochs, progress, changed, known })
}

async function openJournal(
  { account, keeper, observe }: OpenReplicaParts,
  device: OwnDevice,
): Promise<HistoryReplicaJournal> {
  const open = (): Promise<HistoryReplicaJournal> => HistoryReplicaJournal.open({ keeper, account, observe })
  const journal = await open()
  const isOther = (one: { readonly device: Uint8Array }): boolean => !equalBytes(one.device, device.id)
  const [own, faults] = [journal.own(), await journal.faults()]
  // Nobody but the one that the journal is of is found to be `ahead`.
  const isOfOther = own === null ? faults.some((one) => one.kind === 'ahead' && isOther(one)) : isOther(own)
  if (!isOfOther) return journal
  // The program ended after this device had taken new keys: it goes on under them as it would have then.
  await keeper.beginAgain(account)
  return open()
}

interface OpenedParts extends OpenReplicaParts {
  readonly opened: ReplicaAddress
  readonly journal: HistoryReplicaJournal
  readonly device: OwnDevice
  readonly client: ReplicaClientPort
  readonly keyring: EpochKeyring
  readonly epochs: Epochs
  readonly progress: (progress: SyncProgress) => void
  readonly changed: () => void
  readonly known: KnownChain
}

class Opened implements OpenReplica {
  readonly #parts: OpenedParts
  readonly engine: ReplicaEngine
  readonly fetcher: FileFetcher
  readonly pusher: FilePusher
  readonly heard: HeardHeads
  readonly #crypto: ReplicaCrypto
  #chain: KnownChain
  #unopened = 0
  #isPasswordDue = false
  /** The server lacked links that it had: it may lack the newest password, too. */
  #isPasswordLost = false
  #looking: Promise<void> = Promise.resolve()

  constructor(parts: OpenedParts) {
    this.#parts = parts
    this.#chain = parts.known
    const { account, client, journal, device, keyring, clock, random, progress } = parts
    const crypto = {
      ...{ ...nodeVerifier, sign: (message: Uint8Array) => device.sign(message) },
      random: (length: number) => random.bytes(length),
    }
    this.#crypto = crypto
    this.heard = new HeardHeads({
      ...{ account, journal, clock, crypto, sealing: keyring, notes: parts.notes.known() },
      devices: headsDevices(device.id, () => this.#chain),
    })
    this.engine = new ReplicaEngine({
      ...{ account, journal, clock, progress, crypto, server: client, sealing: keyring },
      heard: () => this.heard.claims(),
      devices: chainDevices(
        device.id,
        () => this.#chain,
        () => this.look(),
      ),
      maySeal: () => this.mayWrite,
      beforeSealing: async (contents, check) => this.pusher.note(await pushFilesOf(contents, parts, check)),
    })
    this.fetcher = new FileFetcher(parts)
    this.pusher = new FilePusher(parts)
  }

  get address(): ReplicaAddress {
    return this.#parts.opened
  }

  get device(): OwnDevice {
    return this.#parts.device
  }

  get ownId(): DeviceId {
    return deviceIdText(this.#parts.device.id)
  }

  get client(): ReplicaClientPort {
    return this.#parts.client
  }

  get journal(): HistoryReplicaJournal {
    return this.#parts.journal
  }

  get chain(): KnownChain {
    return this.#chain
  }

  get unopened(): number {
    return this.#unopened
  }

  get mayWrite(): boolean {
    return this.#parts.epochs.mayWrite(this.#chain)
  }

  get isPasswordDue(): boolean {
    return this.#isPasswordDue
  }

  took(chain: KnownChain): void {
    this.#chain = chain
  }

  heads(): Uint8Array | null {
    if (!this.mayWrite || this.#chain.fork !== null || !isValidIn(this.#chain, this.#parts.device.id)) return null
    const { account, journal, device, keyring } = this.#parts
    const { state } = this.#chain
    const said = {
      account,
      device: device.id,
      chain: { length: state.length, head: state.head },
      at: this.heard.nextAt(),
    }
    return writeHeads({ ...said, journal, sealing: keyring, crypto: this.#crypto })
  }

  /** One after the other: two at once would begin an epoch twice. */
  look(): Promise<void> {
    const turn = this.#looking.then(() => this.#look())
    this.#looking = turn.catch(() => undefined)
    return turn
  }

  async #look(): Promise<void> {
    const { epochs, journal, keyring } = this.#parts
    const tips = this.heard.tips()
    const sync = () => syncChain({ ...this.#parts, opening: 'joined', lacking: () => this.#isLacking() })
    this.#chain = await sync()
    const refreshed = await epochs.refresh(this.#chain)
    // Somebody else began an epoch at the same moment: its key is in a box by now.
    this.#chain =
      refreshed === this.#chain && !epochs.mayWrite(refreshed) ? await epochs.refresh(await sync()) : refreshed
    this.#unopened = await journal.openWaiting((header, body) => keyring.open(header, body))
    for (const { device, seq } of this.heard.settleTips(tips))
      await journal.keepFault({ kind: 'chain-withheld', device, seq })
    this.heard.hearAgain()
    const { state, fork } = this.#chain
    if (fork === null) await this.#renewPassword(state)
  }

  #isLacking(): void {
    this.#parts.epochs.handOutAgain()
    this.#isPasswordLost = true
  }

  async #renewPassword(state: ChainState): Promise<void> {
    const { epochs } = this.#parts
    const wanted = { signInEpoch: state.signInEpoch, isLost: this.#isPasswordLost }
    this.#isPasswordDue = await renewPassword(this.#parts, wanted, (epoch) => epochs.keyOf(state, epoch))
    if (!this.#isPasswordDue) this.#isPasswordLost = false
  }

  close(): void {
    this.#parts.epochs.wipe()
    this.#parts.device.wipe()
  }
}
