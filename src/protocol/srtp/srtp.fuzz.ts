/** Hostile SRTP and SRTCP: damaged, cut, repeated, late and made-up packets are refused; a true one passes once, unchanged. */
import { equalBytes } from '#shared/bytes/bytes.ts'
import { profiles, type ProfileName } from './profiles.ts'
import { SrtpReceiver } from './receiver.ts'
import { SrtpSender } from './sender.ts'
import type { HeaderProtection, MasterKey } from './session.ts'

type Below = (below: number) => number
type Kind = 'rtp' | 'rtcp'

interface Sealed {
  readonly kind: Kind
  readonly plain: Uint8Array
  readonly bytes: Uint8Array
}

const names = Object.keys(profiles) as ProfileName[]
const held = 32

function generator(seed: number): Below {
  let state = (seed >>> 0) + 1
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function bytesOf(length: number, below: Below): Uint8Array {
  return Uint8Array.from({ length }, () => below(256))
}

function masterOf(below: Below): MasterKey {
  const profile = profiles[names[below(names.length)] ?? 'AEAD_AES_128_GCM']
  const headers: readonly (HeaderProtection | null)[] = [null, { kind: 'elements', ids: new Set([1, 2, 5]) }]
  const [key, salt] = [bytesOf(profile.keyBytes, below), bytesOf(profile.saltBytes, below)]
  const chosen = headers[below(headers.length)] ?? null
  return { profile, key, salt, mki: bytesOf(below(3), below), ...(chosen === null ? {} : { headers: chosen }) }
}

function plainRtp(sequenceNumber: number, below: Below): Uint8Array {
  const [csrcs, words] = [below(4), below(4)]
  const packet = bytesOf(12 + 4 * csrcs + 4 * words + below(200), below)
  packet[0] = 0x80 | (words > 0 ? 0x10 : 0) | csrcs
  packet[2] = (sequenceNumber >> 8) & 0xff
  packet[3] = sequenceNumber & 0xff
  packet.fill(7, 8, 12)
  if (words > 0) packet.set([0xbe, 0xde, 0, words - 1], 12 + 4 * csrcs)
  return packet
}

function plainRtcp(below: Below): Uint8Array {
  const packet = bytesOf(8 + 4 * below(20), below)
  packet[0] = 0x80
  packet.fill(7, 4, 8)
  return packet
}

function damagedCopy(bytes: Uint8Array, below: Below): Uint8Array {
  const at = below(bytes.length)
  if (below(3) === 0) return bytes.slice(0, at)
  if (below(3) === 0) return Uint8Array.from([...bytes.subarray(0, at), below(256), ...bytes.subarray(at)])
  const copy = bytes.slice()
  copy[at] = (copy[at] ?? 0) ^ (1 + below(255))
  return copy
}

class Link {
  readonly #sender: SrtpSender
  readonly #receiver: SrtpReceiver
  #next: number

  constructor(below: Below) {
    const master = masterOf(below)
    this.#sender = new SrtpSender(master)
    this.#receiver = new SrtpReceiver(master)
    this.#next = below(0x8000)
  }

  seal(below: Below): Sealed {
    const kind = below(4) === 0 ? 'rtcp' : 'rtp'
    this.#next += 1 + (below(20) === 0 ? below(12) : 0)
    const plain = kind === 'rtp' ? plainRtp(this.#next, below) : plainRtcp(below)
    const bytes = kind === 'rtp' ? this.#sender.protectRtp(plain) : this.#sender.protectRtcp(plain)
    if (typeof bytes === 'string') throw new Error(`not sent: ${bytes}`)
    return { kind, plain, bytes: Uint8Array.from(bytes) }
  }

  open(kind: Kind, bytes: Uint8Array): Uint8Array | string {
    return kind === 'rtp' ? this.#receiver.unprotectRtp(bytes) : this.#receiver.unprotectRtcp(bytes)
  }

  refuse(kind: Kind, bytes: Uint8Array, why: string): void {
    if (typeof this.open(kind, bytes) !== 'string') throw new Error(`${why} packet taken`)
  }
}

/** Damages and forges before a packet, delivers it, and delivers it again. */
function attack(link: Link, { kind, plain, bytes }: Sealed, below: Below): void {
  const damaged = damagedCopy(bytes, below)
  // An insertion can write what was there; a tag of four bytes is guessed once in 2^32.
  if (!equalBytes(damaged, bytes)) link.refuse(kind, damaged, 'a damaged')
  link.refuse(kind === 'rtp' ? 'rtcp' : 'rtp', bytes, 'another kind of')
  link.refuse(kind, kind === 'rtp' ? plainRtp(below(0x10000), below) : plainRtcp(below), 'a forged')
  const opened = link.open(kind, bytes)
  if (typeof opened === 'string' || !equalBytes(opened, plain)) throw new Error('a true packet was not taken as it is')
  link.refuse(kind, bytes, 'a repeated')
}

/** Runs `iterations` packets over links of random keys; throws on the first that is not as it must be. */
export function fuzz(iterations: number, seed: number): void {
  const below = generator(seed)
  for (let done = 0; done < iterations;) {
    const link = new Link(below)
    const waiting: Sealed[] = []
    for (const end = Math.min(iterations, done + 500); done < end; done += 1) {
      waiting.push(link.seal(below))
      if (waiting.length < held && done + 1 < end) continue
      // The oldest every other time, so that none falls behind the replay window.
      const [taken] = waiting.splice(below(2) * below(waiting.length), 1)
      if (taken !== undefined) attack(link, taken, below)
    }
    for (const left of waiting) attack(link, left, below)
  }
}
