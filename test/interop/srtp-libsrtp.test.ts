/** SRTP and SRTCP with libsrtp itself, both ways: what one side protects the other takes once, whatever the order. */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { profiles, type ProfileName } from '#protocol/srtp/profiles.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import type { MasterKey } from '#protocol/srtp/session.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { describeWithPeers, makeRunFolder } from './peers.ts'

const source = path.join(import.meta.dirname, '../native/srtp-peer.c')
const hasLibrary = ['/usr/include', '/usr/local/include'].some((folder) => existsSync(`${folder}/srtp2/srtp.h`))
/** Without AES-192: Debian's build, over NSS, does not reproduce libsrtp's own vector for it (it is among the vectors). */
const names = (Object.keys(profiles) as ProfileName[]).filter((name) => !name.startsWith('AES_192'))
const blocks = 150
const perBlock = 16
/** Statuses of libsrtp. */
const status = { ok: 0, forged: 7, replayed: 9 } as const
/**
 * libsrtp 2.5 looks for the MKI of RTCP before a tag as short as that of RTP, which RFC 3711 §4.2 never makes RTCP's: it takes none
 * of anybody's reports then, its own included.
 */
const losesReports = (master: MasterKey): boolean => master.mki !== undefined && master.profile.name.endsWith('_32')

interface Sent {
  readonly kind: 'rtp' | 'rtcp'
  readonly plain: Buffer
}

interface Answer {
  readonly status: number
  readonly packet: Buffer
}

function rtpPacket(random: SeededRandom, ssrc: number, sequenceNumber: number): Buffer {
  const csrcs = random.below(3) === 0 ? random.below(16) : 0
  const extensionWords = random.below(3) === 0 ? random.below(9) : -1
  const extension = Buffer.alloc(extensionWords < 0 ? 0 : 4 + 4 * extensionWords)
  if (extensionWords >= 0) {
    extension.writeUInt32BE(0xbede0000 + extensionWords)
    // Elements of four bytes each, the identifiers 1 to 8.
    for (let word = 0; word < extensionWords; word += 1)
      extension.writeUInt32BE(((word + 1) * 0x10000000 + 0x02000000 + random.below(0x1000000)) >>> 0, 4 + 4 * word)
  }
  const head = Buffer.alloc(12 + 4 * csrcs, 0xc5)
  head.writeUInt8(0x80 | (extensionWords >= 0 ? 0x10 : 0) | csrcs, 0)
  head.writeUInt8(random.below(128), 1)
  head.writeUInt16BE(sequenceNumber, 2)
  head.writeUInt32BE(random.below(2 ** 32), 4)
  head.writeUInt32BE(ssrc, 8)
  return Buffer.concat([head, extension, random.bytes(random.below(1300))])
}

function rtcpPacket(random: SeededRandom, ssrc: number): Buffer {
  // At least a word after the sender: what is damaged below must not be the E bit, which is refused as another fault.
  const words = 2 + random.below(300)
  const packet = Buffer.alloc(4 + 4 * words)
  packet.set(random.bytes(packet.length))
  packet.writeUInt32BE((0x80c80000 + words) >>> 0)
  packet.writeUInt32BE(ssrc, 4)
  return packet
}

/**
 * What is sent, in blocks: three senders, whose sequence numbers leap between blocks, so that they roll over often, and stay
 * together inside one.
 */
function story(random: SeededRandom): Sent[][] {
  const streams = [0x11111111, 0xcafebabe, 0xfffffffe].map((ssrc) => ({ ssrc, next: 65_000 }))
  return Array.from({ length: blocks }, () => {
    for (const stream of streams) stream.next += random.below(2) === 0 ? random.below(12_000) : 0
    return Array.from({ length: perBlock }, (): Sent => {
      const stream = streams[random.below(streams.length)] ?? { ssrc: 0, next: 0 }
      if (random.below(5) === 0) return { kind: 'rtcp', plain: rtcpPacket(random, stream.ssrc) }
      return { kind: 'rtp', plain: rtpPacket(random, stream.ssrc, stream.next++ % 0x10000) }
    })
  })
}

interface Delivery {
  readonly sent: Sent
  readonly packet: Buffer
  readonly expected: keyof typeof status
}

/** Blocks in another order each; before some packets a damaged copy, after some a second one. */
function deliveries(random: SeededRandom, sent: readonly Sent[][], sealed: readonly Buffer[]): Delivery[] {
  let at = 0
  return sent.flatMap((block) => {
    const packets = block.map((one) => ({ sent: one, packet: sealed[at++] ?? Buffer.alloc(0) }))
    const shuffled = packets.map((packet) => ({ packet, place: random.unit() })).sort((a, b) => a.place - b.place)
    return shuffled.flatMap(({ packet }): Delivery[] => {
      const damaged = Buffer.from(packet.packet)
      // The timestamp of RTP, the first word after the sender of RTCP: what leads to another refusal stays.
      const offset = packet.sent.kind === 'rtp' ? 4 + random.below(4) : 8
      damaged.writeUInt8(damaged.readUInt8(offset) ^ (1 << random.below(8)), offset)
      const before: Delivery[] = random.below(10) === 0 ? [{ ...packet, packet: damaged, expected: 'forged' }] : []
      const after: Delivery[] = random.below(10) === 0 ? [{ ...packet, expected: 'replayed' }] : []
      return [...before, { ...packet, expected: 'ok' }, ...after]
    })
  })
}

describeWithPeers('libsrtp', hasLibrary ? ['gcc'] : ['gcc', 'libsrtp2-dev'], () => {
  const folder = makeRunFolder('libsrtp')
  const program = path.join(folder, 'srtp-peer')
  beforeAll(() => {
    const made = spawnSync('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source, '-lsrtp2'])
    expect(made.stderr.toString()).toBe('')
    expect(made.status).toBe(0)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function run(master: MasterKey, requests: readonly { readonly what: string; readonly packet: Buffer }[]): Answer[] {
    const keySalt = Buffer.concat([master.key, master.salt]).toString('hex')
    const ids = master.headers?.kind === 'elements' ? [...master.headers.ids].map(String) : []
    const mki = Buffer.from(master.mki ?? []).toString('hex')
    const input = requests.flatMap(({ what, packet }) => {
      const head = Buffer.from([what.charCodeAt(0), packet.length >> 8, packet.length & 0xff])
      return [head, packet]
    })
    const args = [master.profile.name, keySalt, mki === '' ? '-' : mki, ...ids]
    const ran = spawnSync(program, args, { input: Buffer.concat(input), maxBuffer: 2 ** 26 })
    if (ran.status !== 0) throw new Error(`the peer ended with ${ran.status}: ${ran.stderr.toString()}`)
    const answers: Answer[] = []
    for (let at = 0; at < ran.stdout.length;) {
      const end = at + 3 + ran.stdout.readUInt16BE(at + 1)
      answers.push({ status: ran.stdout.readUInt8(at), packet: ran.stdout.subarray(at + 3, end) })
      at = end
    }
    expect(answers).toHaveLength(requests.length)
    return answers
  }

  /** Protected by us, taken by libsrtp. */
  function toLibsrtp(master: MasterKey, random: SeededRandom): void {
    const sent = story(random)
    const sender = new SrtpSender(master)
    const sealed = sent.flat().map(({ kind, plain }) => {
      const packet = kind === 'rtp' ? sender.protectRtp(plain) : sender.protectRtcp(plain)
      if (typeof packet === 'string') throw new Error(packet)
      return Buffer.from(packet)
    })
    const delivered = deliveries(random, sent, sealed)
    const answers = run(
      master,
      delivered.map(({ sent: { kind }, packet }) => ({ what: kind === 'rtp' ? 'u' : 'U', packet })),
    )
    const wrong = delivered.flatMap(({ sent: { kind, plain }, expected }, at) => {
      const answer = answers[at]
      if (kind === 'rtcp' && losesReports(master)) return []
      const good = answer?.status === status[expected] && (expected !== 'ok' || answer.packet.equals(plain))
      return good ? [] : [`${kind} ${at}: ${answer?.status} instead of ${expected}`]
    })
    expect(wrong).toEqual([])
    expect(sender.position(0xcafebabe)?.roc).toBeGreaterThan(3)
  }

  /** Protected by libsrtp, taken by us. */
  function fromLibsrtp(master: MasterKey, random: SeededRandom): void {
    const sent = story(random)
    const sealed = run(
      master,
      sent.flat().map(({ kind, plain }) => ({ what: kind === 'rtp' ? 'p' : 'P', packet: plain })),
    )
    expect(sealed.filter((answer) => answer.status !== status.ok)).toEqual([])
    const receiver = new SrtpReceiver(master)
    const packets = sealed.map(({ packet }) => packet)
    const wrong = deliveries(random, sent, packets).flatMap(({ sent: { kind, plain }, packet, expected }, at) => {
      const got = kind === 'rtp' ? receiver.unprotectRtp(packet) : receiver.unprotectRtcp(packet)
      const good = typeof got === 'string' ? got === expected : expected === 'ok' && plain.equals(got)
      return good ? [] : [`${kind} ${at}: ${typeof got === 'string' ? got : 'another packet'} instead of ${expected}`]
    })
    expect(wrong).toEqual([])
  }

  function masterFor(name: ProfileName): MasterKey {
    const random = new SeededRandom(`${name} with libsrtp`)
    const profile = profiles[name]
    return { profile, key: random.bytes(profile.keyBytes), salt: random.bytes(profile.saltBytes) }
  }

  const variants = [
    ['', {}],
    [' with an MKI', { mki: Uint8Array.of(1, 2, 3, 4) }],
    [' with encrypted elements (RFC 6904)', { headers: { kind: 'elements', ids: new Set([1, 3, 4]) } }],
  ] as const
  it.each(names.flatMap((name) => variants.map(([what, extra]) => [`${name}${what}`, name, extra] as const)))(
    '%s',
    (title, name, extra) => {
      const master: MasterKey = { ...masterFor(name), ...extra }
      toLibsrtp(master, new SeededRandom(`${title} to`))
      fromLibsrtp(master, new SeededRandom(`${title} from`))
    },
  )
})
