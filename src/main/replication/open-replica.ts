/** Everything that is open while an account replicates: device keys, epoch keys, journal, connection, engine. */
import { SottoError } from '#shared/errors.ts'
import { deviceIdText } from '#shared/identity/device-chain.ts'
import type { KnownChain, OwnDevice } from '#shared/identity/chain-ports.ts'
import type { Hlc } from '#shared/model/entry.ts'
import type { Aor, DeviceId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { ReplicaKeeperPort } from '#main/history/replica-port.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'
import { chainDevices } from './chain-devices.ts'
import { syncChain } from './chain-sync.ts'
import type { ConnectReplica, ReplicaAddress, ReplicaClientPort } from './client-ports.ts'
import { ReplicaEngine, type SyncProgress } from './engine.ts'
import { EpochKeyring } from './epoch-keyring.ts'
import { Epochs } from './epochs.ts'
import type { ReplicaFilesPort } from './files/file-ports.ts'
import { FileFetcher } from './files/file-fetcher.ts'
import { pushFilesOf } from './files/push-files.ts'
import { HistoryReplicaJournal } from './journal/history-replica-journal.ts'
import { renewPassword } from './account-password.ts'
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
  readonly chain: KnownChain
  /** Envelopes that wait for a key. */
  readonly unopened: number
  /** Whether the key of the newest epoch is here: without it nothing is sealed. */
  readonly mayWrite: boolean
  /** Whether a removed device can still sign in at the SIP server. */
  readonly isPasswordDue: boolean
  /** The chain was extended. */
  took(chain: KnownChain): void
  /** Brings chain and keys up to date with the server's; opens what waited for a key. */
  look(): Promise<void>
  close(): void
}

/** @throws SottoError `not-found` for an account without identity or that does not replicate, and what `address` throws. */
export async function openReplica(
  parts: OpenReplicaParts,
  { progress }: { readonly progress: (progress: SyncProgress) => void },
): Promise<OpenReplica> {
  const { account, chains, keeper, observe } = parts
  const journal = await HistoryReplicaJournal.open({ keeper, account, observe })
  const known = await chains.known(account)
  const device = await chains.openDevice(account)
  if (known === null || device === null) throw new SottoError('not-found')
  const signer = { by: device.id, sign: (message: Uint8Array) => device.sign(message) }
  const address = await parts.address()
  const client = parts.connect(account, address, signer)
  const keyring = new EpochKeyring()
  const epochs = new Epochs({ ...parts, client, keyring, device })
  await epochs.load()
  return new Opened({ ...parts, opened: address, journal, device, client, keyring, epochs, progress, known })
}

interface OpenedParts extends OpenReplicaParts {
  readonly opened: ReplicaAddress
  readonly journal: HistoryReplicaJournal
  readonly device: OwnDevice
  readonly client: ReplicaClientPort
  readonly keyring: EpochKeyring
  readonly epochs: Epochs
  readonly progress: (progress: SyncProgress) => void
  readonly known: KnownChain
}

class Opened implements OpenReplica {
  readonly #parts: OpenedParts
  readonly engine: ReplicaEngine
  readonly fetcher: FileFetcher
  #chain: KnownChain
  #unopened = 0
  #isPasswordDue = false
  #looking: Promise<void> = Promise.resolve()

  constructor(parts: OpenedParts) {
    this.#parts = parts
    this.#chain = parts.known
    const { account, client, journal, device, keyring, clock, random, progress } = parts
    this.engine = new ReplicaEngine({
      ...{ account, journal, clock, progress, server: client, sealing: keyring },
      crypto: { ...nodeVerifier, sign: (message) => device.sign(message), random: (length) => random.bytes(length) },
      devices: chainDevices(
        device.id,
        () => this.#chain,
        () => this.look(),
      ),
      maySeal: () => this.mayWrite,
      beforeSealing: (contents, check) => pushFilesOf(contents, parts, check),
    })
    this.fetcher = new FileFetcher(parts)
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

  /** One after the other: two at once would begin an epoch twice. */
  look(): Promise<void> {
    const turn = this.#looking.then(() => this.#look())
    this.#looking = turn.catch(() => undefined)
    return turn
  }

  async #look(): Promise<void> {
    const { epochs, journal, keyring } = this.#parts
    const sync = () => syncChain({ ...this.#parts, opening: 'joined', lacking: () => epochs.handOutAgain() })
    this.#chain = await sync()
    const refreshed = await epochs.refresh(this.#chain)
    // Somebody else began an epoch at the same moment: its key is in a box by now.
    this.#chain =
      refreshed === this.#chain && !epochs.mayWrite(refreshed) ? await epochs.refresh(await sync()) : refreshed
    this.#unopened = await journal.openWaiting((header, body) => keyring.open(header, body))
    const { state, fork } = this.#chain
    if (fork === null)
      this.#isPasswordDue = await renewPassword(this.#parts, state, (epoch) => epochs.keyOf(state, epoch))
  }

  close(): void {
    this.#parts.epochs.wipe()
    this.#parts.device.wipe()
  }
}
