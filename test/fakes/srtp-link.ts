/** SRTP over a bad network: loss in ones and in bursts, late packets, replays and forgeries, over many roll-overs. */
import { profiles, type ProfileName } from '#protocol/srtp/profiles.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import type { MasterKey } from '#protocol/srtp/session.ts'
import { SeededRandom } from './seeded-random.ts'

export interface LinkReport {
  readonly sent: number
  readonly lost: number
  readonly delivered: number
  readonly replays: number
  readonly forgeries: number
  readonly rollOvers: number
  /** What should not have been: a true packet refused or changed, another taken. At most ten, with the index. */
  readonly wrong: readonly string[]
}

const ssrc = 0xcafebabe
const firstIndex = 65_000
/** Packets that a packet may be late: inside the replay window of 1024. */
const maxDelay = 900
/** Packets that a replay may come after, also when the window has passed. */
const maxReplayDelay = 3000
const slots = 4096

interface Delivery {
  readonly index: number
  readonly sealed: Uint8Array
  readonly isReplay: boolean
}

type Below = (below: number) => number

function belowOf(seed: number): Below {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function masterOf(name: ProfileName, seed: number): MasterKey {
  const random = new SeededRandom(`link ${name} ${seed}`)
  const profile = profiles[name]
  return { profile, key: random.bytes(profile.keyBytes), salt: random.bytes(profile.saltBytes) }
}

/** The packet of an index, the same each time: noise of its own length, every eighth with CSRCs, every fifth with an extension. */
class PacketSource {
  readonly #noise = Buffer.from(new SeededRandom('noise').bytes(8192))

  packet(index: number): Buffer {
    const csrcBytes = index % 8 === 0 ? 8 : 0
    const extensionBytes = index % 5 === 0 ? 12 : 0
    const header = 12 + csrcBytes + extensionBytes
    const length = header + (index % 100 === 0 ? 1200 : index % 173)
    const from = index % 4096
    const packet = Buffer.from(this.#noise.subarray(from, from + length))
    packet.writeUInt8(0x80 | (extensionBytes > 0 ? 0x10 : 0) | (csrcBytes / 4), 0)
    packet.writeUInt16BE(index % 0x10000, 2)
    packet.writeUInt32BE(index % 2 ** 32, 4)
    packet.writeUInt32BE(ssrc, 8)
    if (extensionBytes > 0) packet.writeUInt32BE(0xbede0002, 12 + csrcBytes)
    return packet
  }
}

class Network {
  readonly #receiver: SrtpReceiver
  readonly #source: PacketSource
  readonly #below: Below
  readonly #slots: Delivery[][] = Array.from({ length: slots }, () => [])
  readonly report = { sent: 0, lost: 0, delivered: 0, replays: 0, forgeries: 0, rollOvers: 0, wrong: [] as string[] }
  #burst = 0

  constructor(receiver: SrtpReceiver, source: PacketSource, below: Below) {
    this.#receiver = receiver
    this.#source = source
    this.#below = below
  }

  send(index: number, sealed: Uint8Array): void {
    this.report.sent += 1
    if (this.#isLost()) this.report.lost += 1
    else this.#later(index, this.#below(4) === 0 ? this.#below(maxDelay) : 0, { index, sealed, isReplay: false })
    this.#deliver(index)
  }

  /** Lets everything that is under way arrive. */
  settle(last: number): void {
    for (let index = last + 1; index <= last + slots; index += 1) this.#deliver(index)
  }

  #isLost(): boolean {
    if (this.#burst > 0) {
      this.#burst -= 1
      return true
    }
    // A burst longer than half a cycle of sequence numbers would hide a roll-over from anybody.
    if (this.#below(60_000) === 0) this.#burst = this.#below(30_000)
    return this.#below(20) === 0
  }

  #later(now: number, delay: number, delivery: Delivery): void {
    this.#slots[(now + delay) % slots]?.push(delivery)
  }

  #deliver(now: number): void {
    const due = this.#slots[now % slots]?.splice(0) ?? []
    for (const delivery of due) this.#receive(now, delivery)
  }

  #receive(now: number, delivery: Delivery): void {
    const { index, sealed, isReplay } = delivery
    if (this.#below(50) === 0) this.#forge(index, sealed)
    const got = this.#receiver.unprotectRtp(sealed)
    if (isReplay) {
      this.report.replays += 1
      if (got !== 'replayed' && got !== 'too-old') this.#wrong(`replay of ${index} taken`)
      return
    }
    this.report.delivered += 1
    if (typeof got === 'string') this.#wrong(`${index} ${got}`)
    else if (!this.#source.packet(index).equals(got)) this.#wrong(`${index} changed`)
    if (this.#below(20) === 0) this.#later(now, 1 + this.#below(maxReplayDelay), { ...delivery, isReplay: true })
  }

  #forge(index: number, sealed: Uint8Array): void {
    this.report.forgeries += 1
    const forged = Uint8Array.from(sealed)
    const at = this.#below(forged.length)
    forged[at] = (forged[at] ?? 0) ^ (1 + this.#below(255))
    if (typeof this.#receiver.unprotectRtp(forged) !== 'string') this.#wrong(`forgery of ${index} taken`)
  }

  #wrong(what: string): void {
    if (this.report.wrong.length < 10) this.report.wrong.push(what)
  }
}

/** Sends `packets` packets over one bad link. */
export function runSrtpLink(name: ProfileName, packets: number, seed: number): LinkReport {
  const master = masterOf(name, seed)
  const [sender, source] = [new SrtpSender(master), new PacketSource()]
  const network = new Network(new SrtpReceiver(master), source, belowOf(seed))
  for (let index = firstIndex; index < firstIndex + packets; index += 1) {
    const sealed = sender.protectRtp(source.packet(index))
    if (typeof sealed === 'string') throw new Error(`not sent: ${sealed}`)
    network.send(index, sealed)
  }
  network.settle(firstIndex + packets - 1)
  return { ...network.report, rollOvers: sender.position(ssrc)?.roc ?? 0 }
}
