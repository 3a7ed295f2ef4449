import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { CallEnd, keyTexts, SimulatedCall, type EndOptions } from '#test/fakes/zrtp-call.ts'
import { expectNoFalseSecurity, flipped, isOf, messageOf, nothing, reframed } from '#test/fakes/zrtp-tamper.ts'
import { decodeCommit } from './commit.ts'
import { decodeDhPart, encodeDhPart } from './dh-part.ts'
import { frame, typeOf } from './message.ts'
import { decodePacket, encodePacket, maxPacketBytes } from './packet.ts'

describe('damage', () => {
  const fast: EndOptions = {
    preferences: { hashes: [], ciphers: [], authTags: [], keyAgreements: ['X255'], sasTypes: [] },
  }
  const types = ['Hello', 'HelloACK', 'Commit', 'DHPart1', 'DHPart2', 'Confirm1', 'Confirm2', 'Conf2ACK']

  /** One whole call in which every packet of a type is changed. */
  function damaged(seed: string, type: string, change: (packet: Uint8Array) => Uint8Array): SimulatedCall {
    const call = new SimulatedCall(seed, { ...fast, passive: true }, fast)
    for (const [from, to] of [
      [call.alice, call.bob],
      [call.bob, call.alice],
    ] as const)
      from.onSend = (packet) => call.carry(isOf(packet, type) ? change(packet) : packet, to)
    return call.run()
  }

  it.each(types)('a %s with any byte flipped is dropped by its checksum', (type) => {
    const call = new SimulatedCall('bit', { ...fast, passive: true }, fast)
    let flips = 0
    for (const [from, to] of [
      [call.alice, call.bob],
      [call.bob, call.alice],
    ] as const)
      from.onSend = (packet) => {
        for (let at = 0; isOf(packet, type) && at < packet.length; at += 1, flips += 1)
          to.stream.receive(flipped(packet, at, 1 << (at % 8)))
        call.carry(packet, to)
      }
    call.run()
    expect(flips).toBeGreaterThan(0)
    expect(call.isSecure).toBe(true)
    expect([call.alice.alarms, call.bob.alarms]).toEqual([[], []])
    expectNoFalseSecurity(call)
  })

  it.each(types)('a flipped bit of every byte of a %s, checksum repaired: never other keys', (type) => {
    const sample = damaged('sample', 'none', (packet) => packet)
    const packet = [...sample.alice.sent, ...sample.bob.sent].find((each) => isOf(each, type)) ?? nothing
    const { length } = messageOf(packet)
    expect(length).toBeGreaterThan(0)
    for (let at = 0; at < length; at += 1) {
      const edit = (each: Uint8Array): Uint8Array => reframed(each, flipped(messageOf(each), at, 1 << (at % 8)))
      expectNoFalseSecurity(damaged('sample', type, edit))
    }
  })

  it.each(types)('a %s cut at every length changes nothing', (type) => {
    const call = new SimulatedCall('cut', { ...fast, passive: true }, fast)
    let cuts = 0
    for (const [from, to] of [
      [call.alice, call.bob],
      [call.bob, call.alice],
    ] as const)
      from.onSend = (packet) => {
        if (isOf(packet, type))
          for (let length = 0; length < packet.length; length += 1, cuts += 1) {
            to.stream.receive(packet.subarray(0, length))
            const words = messageOf(packet).subarray(0, length)
            if (words.length >= 12) to.stream.receive(reframed(packet, withLength(words)))
          }
        call.carry(packet, to)
      }
    call.run()
    expect(cuts).toBeGreaterThan(0)
    expect(call.isSecure).toBe(true)
    expectNoFalseSecurity(call)
  })

  /** A cut message that claims its own length. */
  function withLength(message: Uint8Array): Uint8Array {
    const copy = message.slice(0, message.length & ~3)
    copy[2] = 0
    copy[3] = copy.length / 4
    return copy
  }

  it('packets of an older call are no part of this one', () => {
    const old = new SimulatedCall('old', fast, fast).run()
    const call = new SimulatedCall('new', fast, fast)
    call.alice.stream.announcePeer([call.bob.stream.helloHash])
    call.bob.stream.announcePeer([call.alice.stream.helloHash])
    const before = new Set(old.alice.sent)
    call.alice.onSend = (packet) => {
      for (const each of [...old.bob.sent, ...old.alice.sent]) call.carry(each, call.bob)
      call.carry(packet, call.bob)
    }
    call.bob.onSend = (packet) => {
      for (const each of [...old.bob.sent, ...before]) call.carry(each, call.alice)
      call.carry(packet, call.alice)
    }
    call.run()
    expect(call.isSecure).toBe(true)
    expectNoFalseSecurity(call)
    expect(keyTexts(call.alice, call.bob)[0]).not.toBe(keyTexts(old.alice, old.bob)[0])
  })

  it('a call replayed to a new stream of the same ZID gets no further than its Commit', () => {
    const old = new SimulatedCall('replayed', { ...fast, passive: true }, fast).run()
    const fresh = new CallEnd(old.time, new SeededRandom('fresh'), fast)
    fresh.stream.start()
    for (const packet of old.bob.sent) fresh.stream.receive(packet)
    expect(fresh.secure).toBeUndefined()
    expect(fresh.failure).toBe('commitment-mismatch')
  })

  it('giants are not looked at', () => {
    const { alice } = new SimulatedCall('giant')
    alice.stream.start()
    const message = frame('Hello   ', [new Uint8Array(maxPacketBytes)])
    expect(decodePacket(encodePacket({ sequenceNumber: 1, ssrc: 2, message }))).toBeNull()
    alice.stream.receive(new Uint8Array(100_000))
    expect(alice.events).toEqual([])
  })

  it('messages read back as they were written', () => {
    const call = new SimulatedCall('codec').run()
    const commit = [...call.alice.sent, ...call.bob.sent]
      .map(messageOf)
      .find((message) => typeOf(message) === 'Commit  ')
    const read = decodeCommit(commit ?? nothing)
    expect(read?.binding.mode).toBe('dh')
    const part = [...call.alice.sent, ...call.bob.sent].map(messageOf).find((message) => typeOf(message) === 'DHPart1 ')
    const dh = decodeDhPart(part ?? nothing, 32)
    expect(dh && encodeDhPart('DHPart1 ', dh, new Uint8Array(32)).subarray(0, -8)).toEqual(part?.subarray(0, -8))
  })
})
