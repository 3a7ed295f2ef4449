/** A scripted life of a replica's store: devices write, days change, bodies and accounts are erased, days are dropped. */
import { SqliteReplicaStore } from '#server/replica/sqlite/sqlite-replica-store.ts'
import type { OpenDatabase } from '#server/replica/sqlite/database.ts'
import { toHex } from '#shared/bytes/bytes.ts'
import { SetClock } from '#test/contracts/replica-store/world.ts'
import { ReplicaDevice, bodyHashOf, type MadeBatch } from '#test/fixtures/replica/device.ts'

/**
 * What is said, each with its parts: `stored account device last hash day`, `erased account device seq needle` (some bytes of the body),
 * `dropping day`, `dropped day`, `forgetting account`, `forgot account device`.
 */
export type Say = (...words: readonly (string | number)[]) => void

export interface LifeOptions {
  readonly directory: string
  readonly say: Say
  /** Part of the names of devices and accounts: lives of one directory have different ones. */
  readonly name: string
  readonly open?: OpenDatabase
}

export const alice = 'sip:alice@example.org'
const plenty = { accountBytes: 100 * 1_048_576 }
/** Days that are kept. */
const keptDays = 1
const needleAt = [40, 72] as const

export class ReplicaLife {
  readonly store: SqliteReplicaStore
  readonly #clock = new SetClock()
  readonly #say: Say
  readonly #name: string
  #day = 0

  constructor({ directory, say, name, open }: LifeOptions) {
    this.#say = say
    this.#name = name
    this.store = new SqliteReplicaStore({
      ...{ directory, clock: this.#clock, limits: plenty },
      ...(open === undefined ? {} : { open }),
    })
  }

  /** Each may be interrupted anywhere, and taken again. */
  *rounds(count = Infinity): Generator<() => Promise<void>> {
    const [one, two] = ['one', 'two'].map((name) => new ReplicaDevice(alice, `${this.#name} ${name}`)) as [
      ReplicaDevice,
      ReplicaDevice,
    ]
    for (let round = 0; round < count; round++) {
      const gone = new ReplicaDevice(`sip:${this.#name}-${round}@example.org`, 'lost')
      const [first, second, third] = [one.write(), two.write(300, 5000), gone.write(200)]
      yield () => this.#append([one, first], [two, second], [gone, third])
      yield () => this.#tomorrow()
      // The answer before midnight was lost.
      yield () => this.#append([one, first])
      const next = one.write(400)
      yield () => this.#append([one, next])
      yield () => this.#erase(two, second, 1)
      yield () => this.#forget(gone)
      yield () => this.#drop()
    }
  }

  async #append(...batches: readonly (readonly [ReplicaDevice, MadeBatch])[]): Promise<void> {
    await Promise.all(
      batches.map(async ([{ account }, batch]) => {
        const answer = await this.store.append(account, batch)
        if (answer.kind !== 'stored' && answer.kind !== 'repeated')
          throw new Error(`a batch was answered ${answer.kind}`)
        this.#day = Math.max(this.#day, answer.day)
        this.#say('stored', account, toHex(batch.device), batch.last, toHex(batch.hash), answer.day)
      }),
    )
  }

  #tomorrow(): Promise<void> {
    this.#clock.setDay(this.#day + 1)
    return Promise.resolve()
  }

  async #erase({ account }: ReplicaDevice, { device, first, bodies }: MadeBatch, index: number): Promise<void> {
    const body = bodies[index] ?? new Uint8Array()
    await this.store.eraseBodies(account, [{ device, seq: first + index, bodyHash: bodyHashOf(body) }])
    this.#say('erased', account, toHex(device), first + index, toHex(body.subarray(...needleAt)))
  }

  async #forget({ account, id }: ReplicaDevice): Promise<void> {
    this.#say('forgetting', account)
    await this.store.eraseAccount(account)
    this.#say('forgot', account, toHex(id))
  }

  async #drop(): Promise<void> {
    this.#say('dropping', this.#day - keptDays)
    await this.store.dropBefore(this.#day - keptDays)
    this.#say('dropped', this.#day - keptDays)
  }
}
