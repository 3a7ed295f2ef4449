/** A replica in a process of its own that holds messages, and a device that has read none of them. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { nodeCrypto } from '#server/replica/access/crypto.ts'
import { systemClock, systemRandom } from '#server/home/system-ports.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import type { ReplicaAddress, ReplicaClientPort } from '#main/replication/client-ports.ts'
import { ReplicaEngine } from '#main/replication/engine.ts'
import { EpochKeyring } from '#main/replication/epoch-keyring.ts'
import { HistoryReplicaJournal } from '#main/replication/journal/history-replica-journal.ts'
import { account, keysOf } from '#test/fakes/drawn-chain.ts'
import { connectAs, requestSigner } from '#test/fakes/replica-client.ts'
import { replicaDevices } from '#test/fakes/replica-devices.ts'
import { alice, aliceAccount, TestHistory } from '#test/integration/history/history-fixture.ts'

export interface HeldReplica extends ReplicaAddress {
  /** Of all batches. */
  readonly bytes: number
}

/** Messages that were pushed one by one, the last of all. */
export const live = 64
/** Message-ID of the newest. */
export const lastId = 'newest'

/** Runs `work` beside a replica that holds `entries` messages. */
export async function withReplica<T>(entries: number, work: (replica: HeldReplica) => Promise<T>): Promise<T> {
  const child = fork(new URL('./replica-process.ts', import.meta.url).pathname, [String(entries)])
  try {
    const [held] = (await once(child, 'message')) as [HeldReplica]
    return await work(held)
  } finally {
    const exited = once(child, 'exit')
    child.send('end')
    await exited
  }
}

export function keyring(): EpochKeyring {
  const keys = new EpochKeyring()
  keys.add(1, new Uint8Array(32).fill(0xe1))
  return keys
}

const devices = ['A', 'B'].map(keysOf)

export const keyOf = (id: Uint8Array): Uint8Array | null =>
  devices.find((keys) => equalBytes(keys.id, id))?.ed25519 ?? null

/** The second device: its empty history in workers, and its client. */
export class NewDevice {
  readonly #test: TestHistory
  readonly history: OpenHistory
  readonly journal: HistoryReplicaJournal
  readonly client: ReplicaClientPort
  readonly engine: ReplicaEngine

  static async open(address: ReplicaAddress): Promise<NewDevice> {
    const test = new TestHistory()
    const history = await test.openWorkers()
    await history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }] })
    await history.writer.replica.switchOn(alice, { snapshot: false })
    const journal = await HistoryReplicaJournal.open({ keeper: history.writer.replica, account: alice })
    return new NewDevice({ test, history, journal, client: connectAs('B', account, address) })
  }

  private constructor(parts: {
    readonly test: TestHistory
    readonly history: OpenHistory
    readonly journal: HistoryReplicaJournal
    readonly client: ReplicaClientPort
  }) {
    this.#test = parts.test
    this.history = parts.history
    this.journal = parts.journal
    this.client = parts.client
    const sign = (message: Uint8Array) => requestSigner('B').sign(message)
    this.engine = new ReplicaEngine({
      ...{ account, journal: this.journal, server: this.client, sealing: keyring(), clock: systemClock },
      ...{ crypto: { ...nodeCrypto, sign, random: (length: number) => systemRandom.bytes(length) } },
      devices: replicaDevices(keysOf('B').id, keyOf),
    })
  }

  /** @throws Error where not all came, or something was found. */
  async catchUp(entries: number): Promise<void> {
    const { faults } = await this.engine.sync()
    if (faults.length > 0) throw new Error(`found ${faults.map(({ kind }) => kind).join()}`)
    const { messages } = await this.history.reader.counts()
    if (messages !== entries) throw new Error(`${messages} of ${entries} came`)
  }

  async end(): Promise<void> {
    this.client.close()
    await this.#test.remove()
  }
}
