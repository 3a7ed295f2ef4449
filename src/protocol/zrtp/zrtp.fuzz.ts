import { createHash } from 'node:crypto'
import { defaultPreferences } from './algorithms.ts'
import type { ZrtpEvent } from './events.ts'
import { nodeKeyAgreement } from './key-agreement.ts'
import { messageTypes } from './message.ts'
import { decodePacket, encodePacket } from './packet.ts'
import { ZrtpSession } from './session.ts'
import { ZrtpStream } from './stream.ts'

/** Inputs after which a pair of streams makes room for the next. */
const inputsPerPair = 60

/** Deterministic stream of numbers in [0, bound) from a seed. */
function seededNumbers(seed: number): (bound: number) => number {
  let pool = Buffer.alloc(0)
  let at = 0
  let block = 0
  return (bound) => {
    if (at + 4 > pool.length) {
      pool = createHash('sha512')
        .update(`${seed}:${(block += 1)}`)
        .digest()
      at = 0
    }
    at += 4
    return pool.readUInt32BE(at - 4) % bound
  }
}

type Pick = (bound: number) => number

/** One end; timers run when they are picked. */
class FuzzEnd {
  readonly stream: ZrtpStream
  readonly sent: Uint8Array[] = []
  readonly timers = new Set<() => void>()
  keys = ''
  peerKeys = ''

  constructor(pick: Pick, ssrc: number) {
    const random = { bytes: (length: number) => Uint8Array.from({ length }, () => pick(256)) }
    this.stream = new ZrtpStream({
      zid: random.bytes(12),
      ssrc,
      preferences: { ...defaultPreferences, keyAgreements: ['X255'] },
      session: new ZrtpSession(),
      place: 'first',
      passive: pick(3) === 0,
      auxSecret: null,
      cacheExpiration: 0xffffffff,
      clock: { now: () => 0, monotonic: () => 0, after: (_, run) => this.#after(run) },
      random,
      keyAgreement: nodeKeyAgreement,
      send: (packet) => this.sent.push(packet),
      onEvent: (event) => this.#onEvent(event),
    })
    this.stream.start()
  }

  #after(run: () => void): { cancel(): void } {
    const timer = (): void => {
      this.timers.delete(timer)
      run()
    }
    this.timers.add(timer)
    return { cancel: () => this.timers.delete(timer) }
  }

  #onEvent(event: ZrtpEvent): void {
    if (event.kind === 'need-secrets') this.stream.provideSecrets(null)
    else if (event.kind === 'keys') {
      const text = Buffer.from(event.keys.key).toString('hex')
      if (event.direction === 'send') this.keys = text
      else this.peerKeys = text
    }
  }
}

/**
 * Feeds pairs of streams each other's packets: whole, damaged with a good checksum, in any order, mixed with timers and noise.
 * @throws whatever a stream throws, or when both ends are secure under different keys
 */
export function fuzz(iterations: number, seed: number): void {
  const pick = seededNumbers(seed)
  let ends: readonly FuzzEnd[] = []
  for (let run = 0; run < iterations; run += 1) {
    if (run % inputsPerPair === 0) {
      for (const { stream } of ends) stream.stop()
      ends = [new FuzzEnd(pick, 1), new FuzzEnd(pick, 2)]
    }
    const from = pick(2)
    const [sender, receiver] = [ends[from], ends[1 - from]]
    if (!sender || !receiver) return
    if (pick(8) === 0) [...receiver.timers][pick(receiver.timers.size || 1)]?.()
    else receiver.stream.receive(nextInput(sender, pick))
    checkKeys(sender, receiver)
  }
}

function checkKeys(one: FuzzEnd, other: FuzzEnd): void {
  if (one.stream.phase !== 'secure' || other.stream.phase !== 'secure') return
  if (one.keys !== other.peerKeys || other.keys !== one.peerKeys) throw new Error('secure under different keys')
}

function nextInput(sender: FuzzEnd, pick: Pick): Uint8Array {
  const latest = sender.sent[sender.sent.length - 1 - pick(Math.min(4, sender.sent.length || 1))] ?? new Uint8Array(0)
  const kind = pick(10)
  if (kind < 6) return latest
  if (kind === 6) return Uint8Array.from({ length: pick(200) }, () => pick(256))
  const decoded = decodePacket(latest)
  if (decoded === null) return latest
  const message = damaged(decoded.message.slice(), pick)
  return encodePacket({ ...decoded, ssrc: pick(9) === 0 ? pick(3) : decoded.ssrc, message })
}

function damaged(message: Uint8Array, pick: Pick): Uint8Array {
  const kind = pick(4)
  if (kind === 0) message[pick(message.length)] = pick(256)
  else if (kind === 1) message.set(Buffer.from(messageTypes[pick(messageTypes.length)] ?? ''), 4)
  else if (kind === 2) return withLength(message.slice(0, Math.max(12, pick(message.length) & ~3)))
  else return withLength(Uint8Array.from([...message, ...Array.from({ length: 4 * (1 + pick(20)) }, () => pick(256))]))
  return message
}

/** The message with its own length in words. */
function withLength(message: Uint8Array): Uint8Array {
  message[2] = message.length >>> 10
  message[3] = (message.length >>> 2) & 0xff
  return message
}
