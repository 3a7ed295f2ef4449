/** Heads that the devices of a simulated world send each other: some are lost, late, in another order, or come twice. */
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { toHex } from '#shared/bytes/bytes.ts'
import type { ReplicaCrypto } from '#main/replication/ports.ts'
import type { HeardClaim, HeardNotes } from '#main/replication/heads/heads-ports.ts'
import { HeardHeads } from '#main/replication/heads/heard-heads.ts'
import { writeHeads } from '#main/replication/heads/write-heads.ts'
import type { MemoryReplicaJournal } from '#test/fakes/memory-replica-journal.ts'
import type { DeviceSecrets, Secrets } from './secrets.ts'

export interface TellingDevice {
  readonly secrets: DeviceSecrets
  readonly journal: MemoryReplicaJournal
  readonly known: ReadonlySet<number>
}

interface Line {
  readonly heard: HeardHeads
  /** What outlives the program. */
  notes: HeardNotes
  toldAt: number
}

interface WorldHeadsParts {
  readonly account: string
  readonly secrets: Secrets
  readonly cryptoOf: (secrets: DeviceSecrets) => ReplicaCrypto
  readonly keyOf: (device: Uint8Array) => Uint8Array | null
  readonly now: () => number
}

const nothingHeard: HeardNotes = { heard: {}, confirmed: {} }
/** The list of devices never changes: its last link is known everywhere. */
const chain = { length: 1, head: toBase64Url(new Uint8Array(32)) }

export class WorldHeads<Device extends TellingDevice> {
  readonly #parts: WorldHeadsParts
  readonly #lines = new Map<Device, Line>()
  readonly #mail: { readonly to: Device; readonly bytes: Uint8Array }[] = []

  constructor(parts: WorldHeadsParts) {
    this.#parts = parts
  }

  /** The program of a device starts: what it heard and has not noted is gone. */
  start(device: Device): void {
    const { account, secrets, cryptoOf, keyOf, now } = this.#parts
    const { notes, toldAt } = this.#lines.get(device) ?? { notes: nothingHeard, toldAt: 0 }
    const { journal, known } = device
    const heard = new HeardHeads({
      ...{ account, journal, notes, crypto: cryptoOf(device.secrets), sealing: secrets.headsSealingOf(known) },
      clock: { now, monotonic: now },
      devices: {
        own: device.secrets.id,
        ...{ keyOf, isListed: (id: Uint8Array) => keyOf(id) !== null },
        ...{ countsUntil: () => null, hasLink: () => true, epoch: () => Math.max(...known) },
      },
    })
    this.#lines.set(device, { heard, notes, toldAt })
  }

  claims(device: Device): readonly HeardClaim[] {
    return this.#of(device).heard.claims()
  }

  /** An exchange with the server has ended. */
  settle(device: Device): void {
    const line = this.#of(device)
    line.heard.settle()
    line.notes = line.heard.notes()
  }

  /** Keys may have come. */
  hearAgain(device: Device): void {
    this.#of(device).heard.hearAgain()
  }

  /** Puts what a device says on its way to others. */
  tell(device: Device, others: readonly Device[]): void {
    const line = this.#of(device)
    const { account, secrets, cryptoOf, now } = this.#parts
    line.toldAt = Math.max(now(), line.toldAt + 1)
    const { journal, known } = device
    const bytes = writeHeads({
      ...{ account, chain, journal, device: device.secrets.id, at: line.toldAt },
      ...{ sealing: secrets.headsSealingOf(known), crypto: cryptoOf(device.secrets) },
    })
    this.#mail.push(...others.map((to) => ({ to, bytes })))
  }

  /** One message arrives, any of those on their way; it may stay there to come once more. */
  deliver(pick: (count: number) => number): void {
    const at = pick(this.#mail.length)
    const message = this.#mail[at]
    if (message === undefined) return
    if (pick(5) > 0) this.#mail.splice(at, 1)
    this.#of(message.to).heard.hear(message.bytes)
  }

  /** All that is on its way arrives, in the order it was sent. */
  deliverAll(): void {
    for (const { to, bytes } of this.#mail.splice(0)) this.#of(to).heard.hear(bytes)
  }

  /** Whether what `other` said last is here and noted as confirmed. */
  isConfirmed(device: Device, other: Device): boolean {
    const at = this.#of(device).notes.confirmed[toBase64Url(other.secrets.id)]
    return at !== undefined && at === this.#of(other).toldAt
  }

  #of(device: Device): Line {
    const line = this.#lines.get(device)
    if (line === undefined) throw new Error(`${toHex(device.secrets.id)} has not started`)
    return line
  }
}
