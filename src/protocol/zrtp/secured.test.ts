import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '#shared/bytes/bytes.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { SimulatedCall, type CallEnd } from '#test/fakes/zrtp-call.ts'
import type { Algorithms } from './algorithms.ts'
import { encodeCommit } from './commit.ts'
import { keepForEver, sealConfirm, type Confirm } from './confirm.ts'
import { decodeDhPart, encodeDhPart } from './dh-part.ts'
import { confirmKeysOf, establishDh, type Established } from './exchange.ts'
import { encodeHello } from './hello.ts'
import { hashChainOf } from './implicit.ts'
import { hashOf, macOf } from './kdf.ts'
import { nodeKeyAgreement } from './key-agreement.ts'
import { decodeError, encodeGoClear, frame, typeOf, type MessageType } from './message.ts'
import { decodePacket, encodePacket } from './packet.ts'

const none = new Uint8Array(0)
const algorithms: Algorithms = { hash: 'S256', cipher: 'AES1', authTag: 'HS80', keyAgreement: 'X255', sas: 'B32 ' }

/** An initiator made by hand that holds the keys, and so can say what is authentic and still not right. */
class KeyedInitiator {
  readonly chain = hashChainOf(new SeededRandom('initiator').bytes(32))
  readonly end: CallEnd
  readonly call: SimulatedCall
  readonly established: Established
  readonly #received: Uint8Array[] = []

  constructor(partKey: Uint8Array = this.chain.h0) {
    const random = new SeededRandom('initiator keys')
    const zid = random.bytes(12)
    const flags = { signatureCapable: false, mitm: false, passive: false }
    const lists = { hashes: [], ciphers: [], authTags: [], keyAgreements: ['X255'], sasTypes: [] }
    const { h1, h2, h3 } = this.chain
    this.call = new SimulatedCall('keyed', { passive: true })
    this.end = this.call.alice
    this.end.onSend = (packet) => this.#received.push(decodePacket(packet)?.message ?? none)
    this.end.stream.start()
    const hello = this.last('Hello   ')
    this.say(encodeHello({ version: '1.10', clientId: 'by hand', h3, zid, ...flags, ...lists }, h2))
    const pair = nodeKeyAgreement.newPair('X255', random, 32)
    const ids = { rs1: random.bytes(8), rs2: random.bytes(8), aux: random.bytes(8), pbx: random.bytes(8) }
    const dhPart2 = encodeDhPart('DHPart2 ', { h1, ids, publicValue: pair.publicValue }, partKey)
    const commit = encodeCommit(
      { h2, zid, ...algorithms, binding: { mode: 'dh', hvi: hashOf('S256', dhPart2, hello) } },
      h1,
    )
    this.say(commit)
    const dhPart1 = this.last('DHPart1 ')
    this.say(dhPart2)
    const dhResult = pair.agree(decodeDhPart(dhPart1, 32)?.publicValue ?? none) ?? none
    this.established = establishDh(
      {
        role: 'initiator',
        algorithms,
        initiatorZid: zid,
        responderZid: this.end.stream.phase === 'awaiting-confirm2' ? zidIn(hello) : none,
        messages: [hello, commit, dhPart1, dhPart2],
      },
      dhResult,
      { s1: null, s2: null, cache: 'first-contact', aux: 'none' },
    )
  }

  say(message: Uint8Array): void {
    this.end.stream.receive(encodePacket({ sequenceNumber: 1, ssrc: 7, message }))
  }

  confirm(changes: Partial<Confirm> = {}): void {
    const flags = { pbxEnrollment: false, sasVerified: false, allowClear: false, disclosure: false }
    const confirm = { h0: this.chain.h0, ...flags, cacheExpiration: keepForEver, ...changes }
    this.say(
      sealConfirm('Confirm2', confirm, confirmKeysOf(this.established, this.established.own), new Uint8Array(16)),
    )
  }

  last(type: MessageType): Uint8Array {
    return this.#received.findLast((message) => typeOf(message) === type) ?? none
  }
}

/** The ZID of a Hello: after head, version, client identifier and H3. */
function zidIn(hello: Uint8Array): Uint8Array {
  return hello.slice(64, 76)
}

describe('a secure stream', () => {
  it('hears the other’s flags and expiry from the Confirm', () => {
    const peer = new KeyedInitiator()
    peer.confirm({ disclosure: true, sasVerified: true, cacheExpiration: 60, pbxEnrollment: true })
    expect(peer.end.secure).toMatchObject({
      peerDisclosure: true,
      verified: { own: false, peer: true },
      previouslyVerified: false,
      retained: { expiresInSeconds: 60 },
      peerClientId: 'by hand',
    })
    expect(peer.end.keys('receive')?.key).toHaveLength(16)
    expect(peer.last('Conf2ACK')).toHaveLength(12)
  })

  it('refuses an authentic GoClear with the error code for it, and stays secure', () => {
    const peer = new KeyedInitiator()
    peer.confirm()
    peer.say(encodeGoClear(macOf('S256', peer.established.own.mackey, utf8('GoClear ')).slice(0, 8)))
    expect(peer.end.alarms).toEqual(['go-clear-refused'])
    expect(decodeError(peer.last('Error   '))).toBe(0x100)
    expect(peer.last('ClearACK')).toHaveLength(0)
    expect(peer.end.stream.phase).toBe('secure')
  })

  it('does not take its own MAC back as a GoClear', () => {
    const peer = new KeyedInitiator()
    peer.confirm()
    peer.say(encodeGoClear(macOf('S256', peer.established.peer.mackey, utf8('GoClear ')).slice(0, 8)))
    expect(peer.end.alarms).toEqual(['go-clear-forged'])
  })

  it('acknowledges an authentic SASrelay and shows nothing of it; a forged one gets no answer', () => {
    const peer = new KeyedInitiator()
    peer.confirm()
    const encrypted = new Uint8Array(40).fill(3)
    const mac = macOf('S256', peer.established.own.mackey, encrypted).slice(0, 8)
    peer.say(frame('SASrelay', [new Uint8Array(8), new Uint8Array(16), encrypted]))
    expect(peer.last('RelayACK')).toHaveLength(0)
    peer.say(frame('SASrelay', [mac, new Uint8Array(16), encrypted]))
    expect(peer.last('RelayACK')).toHaveLength(12)
    expect(peer.end.alarms).toEqual(['relayed-sas-ignored'])
    expect(peer.end.events.filter(({ kind }) => kind === 'secure')).toHaveLength(1)
  })

  it('takes a Confirm with a signature and leaves the signature alone', () => {
    const peer = new KeyedInitiator()
    peer.confirm()
    const { own } = peer.established
    const again = new KeyedInitiator()
    const keys = confirmKeysOf(again.established, again.established.own)
    const confirm = { h0: again.chain.h0, pbxEnrollment: false, sasVerified: false, allowClear: false }
    const sealed = sealConfirm(
      'Confirm2',
      { ...confirm, disclosure: false, cacheExpiration: 1 },
      keys,
      new Uint8Array(16),
    )
    const longer = concatBytes(sealed.subarray(36), new Uint8Array(16))
    const mac = macOf('S256', keys.mackey, longer).slice(0, 8)
    again.say(frame('Confirm2', [mac, new Uint8Array(16), longer]))
    expect(again.end.secure?.retained?.expiresInSeconds).toBe(1)
    expect(own.mackey).toEqual(again.established.own.mackey)
  })
})

describe('an authentic Confirm that does not fit', () => {
  it('the hash chain', () => {
    const peer = new KeyedInitiator()
    peer.confirm({ h0: new Uint8Array(32) })
    expect(peer.end.failure).toBe('hash-chain-broken')
    expect(peer.end.secure).toBeUndefined()
  })

  it('the MAC of the DHPart before it', () => {
    const peer = new KeyedInitiator(new Uint8Array(32))
    peer.confirm()
    expect(peer.end.failure).toBe('dhpart-altered')
    expect(peer.end.keys('receive')).toBeUndefined()
  })
})
