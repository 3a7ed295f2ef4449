/**
 * SRTP packets per second, protected and unprotected again, beside a naive loop over node:crypto and beside werift, the same
 * packets in turns in one run. Run: node bench/srtp.ts [--smoke]. Targets: at least 1 of the faster naive loop, 1.5 of werift.
 */
import { createSecretKey } from 'node:crypto'
import { RtpHeader, SrtpSession } from 'werift'
import { deriveSessionKeys } from '../src/protocol/srtp/key-derivation.ts'
import { profiles } from '../src/protocol/srtp/profiles.ts'
import { SrtpReceiver } from '../src/protocol/srtp/receiver.ts'
import { SrtpSender } from '../src/protocol/srtp/sender.ts'
import { printFigures, quantile, type Figure } from './support/figures.ts'
import { naiveCounterMode, naiveGaloisMode } from './support/naive-srtp.ts'

const smoke = process.argv.includes('--smoke')
const rounds = smoke ? 6 : 60
const warmUp = smoke ? 2 : 10
const batch = 512
const ssrc = 0x5077_0001
/** A voice packet of 20 ms of G.711, and a full one of video. */
const sizes = [172, 1200]
const names = ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'] as const
type Name = (typeof names)[number]
/** Protects and unprotects the packets whose first index is given; returns the last plain one. */
type Contender = (packets: readonly Buffer[], firstIndex: number) => Uint8Array

const key = Buffer.alloc(16, 3)
const saltOf = (name: Name): Buffer => Buffer.alloc(profiles[name].saltBytes, 5)
/** What werift calls the two profiles: their numbers in DTLS-SRTP (RFC 5764, RFC 7714). */
const dtlsNumbers = { AES_CM_128_HMAC_SHA1_80: 1, AEAD_AES_128_GCM: 7 } as const

function ours(name: Name): Contender {
  const master = { profile: profiles[name], key, salt: saltOf(name) }
  const [sender, receiver] = [new SrtpSender(master), new SrtpReceiver(master)]
  return (packets) => {
    let last: Uint8Array | string = ''
    for (const packet of packets) {
      const sealed = sender.protectRtp(packet)
      last = typeof sealed === 'string' ? sealed : receiver.unprotectRtp(sealed)
    }
    if (typeof last === 'string') throw new Error(last)
    return last
  }
}

function naive(name: Name, keys: 'bytes' | 'objects'): Contender {
  const derived = deriveSessionKeys(profiles[name], { key, salt: saltOf(name) }, 'rtp')
  const wrap = (bytes: Uint8Array) => (keys === 'bytes' ? Buffer.from(bytes) : createSecretKey(bytes))
  const salt = Buffer.from(derived.salt)
  const make = name === 'AEAD_AES_128_GCM' ? naiveGaloisMode : naiveCounterMode
  const srtp = make({ encryption: wrap(derived.encryption), authentication: wrap(derived.authentication), salt })
  return (packets, firstIndex) => {
    let last: Uint8Array = Buffer.alloc(0)
    packets.forEach((packet, at) => {
      const roc = Math.floor((firstIndex + at) / 0x10000)
      last = srtp.unprotect(srtp.protect(packet, roc), roc)
    })
    return last
  }
}

function werift(name: Name): Contender {
  const salt = saltOf(name)
  const keys = { localMasterKey: key, localMasterSalt: salt, remoteMasterKey: key, remoteMasterSalt: salt }
  const session = new SrtpSession({ keys, profile: dtlsNumbers[name] })
  // It takes header and payload apart, as its own sender has them.
  const header = new RtpHeader({ version: 2, payloadType: 0, ssrc, timestamp: 0 })
  return (packets) => {
    let last: Uint8Array = Buffer.alloc(0)
    for (const packet of packets) {
      header.sequenceNumber = packet.readUInt16BE(2)
      last = session.decrypt(session.encrypt(packet.subarray(12), header))
    }
    return last
  }
}

function packetsOf(size: number, firstIndex: number): Buffer[] {
  return Array.from({ length: batch }, (_, at) => {
    const packet = Buffer.alloc(size, at)
    packet.writeUInt32BE(0x8000_0000 + ((firstIndex + at) % 0x10000), 0)
    packet.writeUInt32BE(0, 4)
    packet.writeUInt32BE(ssrc, 8)
    return packet
  })
}

/** ms of each contender's rounds, the same packets in turns. */
function measure(name: Name, size: number): Record<string, number[]> {
  const contenders: Record<string, Contender> = {
    ours: ours(name),
    'naive, key objects': naive(name, 'objects'),
    'naive, key bytes': naive(name, 'bytes'),
    werift: werift(name),
  }
  const times: Record<string, number[]> = {}
  for (let round = 0; round < rounds; round += 1) {
    const packets = packetsOf(size, round * batch)
    for (const [who, run] of Object.entries(contenders)) {
      const begun = performance.now()
      const last = run(packets, round * batch)
      const took = performance.now() - begun
      if (!packets.at(-1)?.equals(last)) throw new Error(`${who} gave another packet back`)
      if (round >= warmUp) (times[who] ??= []).push(took)
    }
  }
  return times
}

/** How many times as fast as another we are: the median of rounds, each beside its neighbour, so that a busy moment weighs little. */
function ratioOf(own: readonly number[], other: readonly number[]): number {
  const ratios = own.map((took, round) => (other[round] ?? NaN) / took)
  return quantile(ratios, 0.5)
}

function figuresOf(name: Name, size: number): Figure[] {
  const { ours: own = [], ...others } = measure(name, size)
  const rateOf = (times: readonly number[]): string => `${(batch / quantile(times, 0.5)).toFixed(1)} k/s`
  const ratios = Object.entries(others).map(([who, times]) => ({
    who,
    rate: rateOf(times),
    ratio: ratioOf(own, times),
  }))
  const closest = Math.min(...ratios.filter(({ who }) => who.startsWith('naive')).map(({ ratio }) => ratio))
  return ratios.map(({ who, rate, ratio }, at) => {
    const least = who === 'werift' ? 1.5 : ratio === closest ? 1 : null
    return {
      what: `${name}, ${size} bytes ${'·'.repeat(at)}`.trim(),
      measured: rateOf(own),
      besides: `${who} ${rate}: ${ratio.toFixed(2)}`,
      promise: least === null ? '–' : `≥ ${least}`,
      holds: smoke || least === null ? null : ratio >= least,
    }
  })
}

const figures = names.flatMap((name) => sizes.flatMap((size) => figuresOf(name, size)))
printFigures('SRTP: protect and unprotect, one core', figures, smoke)
