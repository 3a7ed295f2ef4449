/** Devices of drawn chains (`drawn-chain.ts`) that talk to a real replica. */
import { replicaDevices } from './replica-devices.ts'
import { authorize } from '#main/home/digest-secrets.ts'
import { signEd25519 } from '#main/keys/key-pairs.ts'
import { createConnector } from '#main/platform/sockets/connector.ts'
import type { ReplicaAddress, ReplicaClientPort, RequestSignerPort } from '#main/replication/client-ports.ts'
import { replicaConnector, type ReplicaClientPorts } from '#main/replication/transport/replica-client.ts'
import { EpochKeyring } from '#main/replication/epoch-keyring.ts'
import { ReplicaEngine } from '#main/replication/engine.ts'
import type { ReplicaServerPort, SealedBatch } from '#main/replication/ports.ts'
import { writeBatch } from '#main/replication/write-batch.ts'
import { nodeCrypto } from '#server/replica/access/crypto.ts'
import type { HomeServer } from '#server/home/server.ts'
import { systemClock, systemRandom } from '#server/home/system-ports.ts'
import { equalBytes, utf8, utf8Text } from '#shared/bytes/bytes.ts'
import type { SottoError } from '#shared/errors.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { Place, Tombstone } from '#shared/replication/head.ts'
import { keysOf, signerOf } from './drawn-chain.ts'
import { MemoryReplicaJournal } from './memory-replica-journal.ts'

/** Who signs requests as this device of a picture, or as `paper`. */
export function requestSigner(name: string): RequestSignerPort {
  const { by, seed } = signerOf(name)
  return { by, sign: (message) => signEd25519(seed, message) }
}

export function clientPorts(clock: ClockPort = systemClock): ReplicaClientPorts {
  return {
    ...{ connector: createConnector({ clock }), clock, random: systemRandom },
    authorize: (challenge, secret, request) => authorize(challenge, secret, request, systemRandom),
  }
}

export function replicaAddressOf({ endpoint }: HomeServer): ReplicaAddress {
  return { host: endpoint.host, port: endpoint.ports.https, spkiPins: [endpoint.spkiPin] }
}

/** A client of `account` that signs as this device. */
export function connectAs(name: string, account: string, address: ReplicaAddress): ReplicaClientPort {
  return replicaConnector(clientPorts())(account, address, requestSigner(name))
}

/** The code that `work` fails with, or `done`. */
export function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (cause: unknown) => (cause as SottoError).code,
  )
}

/** A whole device of a picture: its journal, and the engine that keeps it equal with a server. */
export class DrawnDevice {
  readonly id: Uint8Array
  readonly journal = new MemoryReplicaJournal()
  readonly engine: ReplicaEngine

  constructor(name: string, account: string, { server, clock = systemClock, all }: DrawnDeviceParts) {
    const keyring = new EpochKeyring()
    keyring.add(1, new Uint8Array(32).fill(0xe1))
    this.id = keysOf(name).id
    const keys = all.map((each) => keysOf(each))
    this.engine = new ReplicaEngine({
      ...{ account, server, clock, journal: this.journal, sealing: keyring },
      crypto: {
        ...nodeCrypto,
        sign: (message) => requestSigner(name).sign(message),
        random: (n) => systemRandom.bytes(n),
      },
      devices: replicaDevices(this.id, (id) => keys.find((one) => equalBytes(one.id, id))?.ed25519 ?? null),
    })
  }

  say(text: string): void {
    this.journal.observe(utf8(text))
  }

  /** What it knows, in no order. */
  get texts(): readonly string[] {
    return this.journal
      .contents()
      .map((content) => utf8Text(content) ?? '')
      .sort()
  }
}

interface DrawnDeviceParts {
  readonly server: ReplicaServerPort
  readonly clock?: ClockPort
  /** Names of all devices of the chain. */
  readonly all: readonly string[]
}

/** Batches as a device of a picture would write them, without a journal. */
export class BatchWriter {
  readonly #name: string
  readonly #account: string
  #own: Place | null = null

  constructor(name: string, account: string) {
    this.#name = name
    this.#account = account
  }

  write(contents: readonly Uint8Array[], erased: readonly Tombstone[] = []): SealedBatch {
    const keyring = new EpochKeyring()
    keyring.add(1, new Uint8Array(32).fill(0xe1))
    const signer = requestSigner(this.#name)
    const sealed = writeBatch(
      { contents, erased, cursor: 0 },
      {
        ...{
          account: this.#account,
          device: keysOf(this.#name).id,
          own: this.#own,
          frontier: [],
          at: 1,
          sealing: keyring,
        },
        crypto: { ...nodeCrypto, sign: (message) => signer.sign(message), random: (n) => systemRandom.bytes(n) },
      },
    )
    this.#own = sealed.place
    return sealed
  }
}
