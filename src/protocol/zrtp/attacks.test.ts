import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { CallEnd, SimulatedCall, type EndOptions } from '#test/fakes/zrtp-call.ts'
import { expectNoFalseSecurity, flipped, isOf, messageOf, nothing, reframed } from '#test/fakes/zrtp-tamper.ts'
import { concatBytes, utf8 } from '#shared/bytes/bytes.ts'
import { encodeCommit } from './commit.ts'
import { primes } from './finite-field-groups.ts'
import { decodeHello, encodeHello, type Hello } from './hello.ts'
import { hashChainOf } from './implicit.ts'
import { nodeKeyAgreement, type KeyAgreementPort } from './key-agreement.ts'
import { decodeError, encodeError, encodeGoClear, encodePing, decodePingAck, frame, typeOf } from './message.ts'
import { decodePacket, encodePacket } from './packet.ts'

type Edit = (message: Uint8Array) => Uint8Array | null

/** Puts somebody on the path who rewrites messages of a type; null = takes them away. */
function onPath(call: SimulatedCall, from: CallEnd, type: string, edit: Edit): void {
  const to = from === call.alice ? call.bob : call.alice
  from.onSend = (packet) => {
    if (!isOf(packet, type)) call.carry(packet, to)
    else {
      const message = edit(messageOf(packet))
      if (message !== null) call.carry(reframed(packet, message), to)
    }
  }
}

function errorsSent(end: CallEnd): ReadonlySet<number | null> {
  return new Set(end.sent.filter((packet) => isOf(packet, 'Error')).map((packet) => decodeError(messageOf(packet))))
}

describe('a man in the middle who speaks ZRTP himself', () => {
  /** Alice ⇄ the man's left and right ends ⇄ Bob. */
  function intercept(seed: string, alice: EndOptions, bob: EndOptions): SimulatedCall {
    const call = new SimulatedCall(seed, alice, bob)
    for (const [end, name] of [
      [call.alice, 'left'],
      [call.bob, 'right'],
    ] as const) {
      const man = new CallEnd(call.time, new SeededRandom(`${seed} ${name}`), {})
      call.connect(end, man)
      man.stream.start()
    }
    return call.run()
  }

  it('is heard: the strings differ', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const call = intercept(`man ${seed}`, {}, {})
      expect(call.isSecure).toBe(true)
      expect(call.alice.secure?.sas?.hash).not.toEqual(call.bob.secure?.sas?.hash)
    }
  })

  it('is noticed by both where they share a secret', () => {
    const retained = { rs1: new SeededRandom('rs1').bytes(32), rs2: null, sasVerified: true }
    const call = intercept('continuity', { retained }, { retained })
    for (const end of [call.alice, call.bob]) {
      expect(end.secure).toMatchObject({ cache: 'mismatch', previouslyVerified: false, verified: { own: false } })
      expect(end.secure?.retained?.when).toBe('after-sas-comparison')
    }
  })

  it('gets nowhere where the signalling announced the Hellos', () => {
    const call = new SimulatedCall('announced')
    call.alice.stream.announcePeer([call.bob.stream.helloHash])
    const man = new CallEnd(call.time, new SeededRandom('man'), {})
    call.connect(call.alice, man)
    call.bob.onSend = () => undefined
    man.stream.start()
    call.run()
    expect(call.alice.failure).toBe('hello-hash-mismatch')
    expect(call.alice.alarms).toContain('hello-hash-mismatch')
    expect(call.alice.secure).toBeUndefined()
  })
})

describe('what the signalling announced', () => {
  it('protects from a false Hello that comes first', () => {
    const call = new SimulatedCall('false Hello')
    call.alice.stream.announcePeer(['2.00 ab', call.bob.stream.helloHash])
    const stranger = new CallEnd(call.time, new SeededRandom('stranger'), {})
    call.alice.stream.start()
    stranger.onSend = (packet) => call.alice.stream.receive(packet)
    stranger.stream.start()
    stranger.stream.stop()
    call.run()
    expect(call.isSecure).toBe(true)
    expect(call.alice.alarms).toEqual(['hello-hash-mismatch'])
  })

  it('ends the stream when it comes late and does not fit', () => {
    const call = new SimulatedCall('late hash').run()
    call.alice.stream.announcePeer([call.bob.stream.helloHash])
    expect(call.alice.failure).toBeUndefined()
    call.alice.stream.announcePeer([call.alice.stream.helloHash])
    expect(call.alice.failure).toBe('hello-hash-mismatch')
    expect(call.alice.stream.phase).toBe('ended')
  })
})

describe('messages altered on the path, checksum repaired', () => {
  it.each([
    ['a Hello of the responder, seen by the MAC under H2', 'alice', 'Hello', 70, 'bob', 'hello-altered'],
    ['a Hello of the initiator, seen by the MAC under H2', 'bob', 'Hello', 80, 'alice', 'hello-altered'],
    ['a Commit', 'bob', 'Commit', 80, 'alice', 'commit-altered'],
    ['a DHPart2, seen by the commitment', 'bob', 'DHPart2', 50, 'alice', 'commitment-mismatch'],
  ] as const)('%s', (...row) => {
    const [, from, type, at, who, reason] = row
    const call = new SimulatedCall('altered', { passive: true })
    onPath(call, call[from], type, (message) => flipped(message, at))
    call.run()
    expect(call[who].failure).toBe(reason)
    expect(call.alice.secure ?? call.bob.secure).toBeUndefined()
  })

  it('a Hello stripped of the better algorithms', () => {
    const call = new SimulatedCall('downgrade', { passive: true })
    for (const end of [call.alice, call.bob])
      onPath(call, end, 'Hello', (message) => {
        const hello = decodeHello(message)
        return hello && encodeHello({ ...hello, keyAgreements: ['DH2k'] }, new Uint8Array(32))
      })
    call.run()
    expect(call.alice.failure).toBe('hello-altered')
    expect(call.alice.secure ?? call.bob.secure).toBeUndefined()
  })

  it('a DHPart1: the keys differ, and no Confirm opens', () => {
    const call = new SimulatedCall('dhpart1', { passive: true })
    onPath(call, call.alice, 'DHPart1', (message) => flipped(message, 50))
    call.run()
    expect(call.bob.failure ?? call.alice.failure).toBe('confirm-forged')
    expect(call.alice.secure ?? call.bob.secure).toBeUndefined()
  })

  it.each([
    ['Commit', 24, 'bob'],
    ['DHPart1', 20, 'alice'],
    ['DHPart2', 20, 'bob'],
  ] as const)('a %s with another hash image is left aside', (type, at, from) => {
    const call = new SimulatedCall('image', { passive: true })
    onPath(call, call[from], type, (message) => flipped(message, at))
    call.run()
    expect(call[from === 'bob' ? 'alice' : 'bob'].alarms).toEqual(['hash-chain-broken'])
    expect(call.alice.secure ?? call.bob.secure).toBeUndefined()
  })
})

describe('public values that would give the key away', () => {
  const one = concatBytes(new Uint8Array(383), Uint8Array.of(1))
  const last = flipped(primes.DH3k, 383)
  const preferences = { hashes: [], ciphers: [], authTags: [], keyAgreements: ['DH3k'], sasTypes: [] } as const
  const bad: readonly (readonly [string, Uint8Array])[] = [
    ['0', new Uint8Array(384)],
    ['1', one],
    ['p − 1', last],
    ['p', primes.DH3k],
    ['all ones', new Uint8Array(384).fill(0xff)],
  ]
  const sending = (publicValue: Uint8Array): KeyAgreementPort => ({
    newPair: (...of) => ({ ...nodeKeyAgreement.newPair(...of), publicValue }),
  })

  it.each(bad)('%s of the initiator', (_, publicValue) => {
    const call = new SimulatedCall(
      'bad pvi',
      { preferences, passive: true },
      { preferences, keyAgreement: sending(publicValue) },
    )
    call.run()
    expect(call.alice.failure).toBe('bad-public-value')
    expect(errorsSent(call.alice)).toEqual(new Set([0x61]))
    expect(call.bob.failure).toBe('peer-error')
  })

  it.each(bad)('%s of the responder', (_, publicValue) => {
    const call = new SimulatedCall(
      'bad pvr',
      { preferences, keyAgreement: sending(publicValue), passive: true },
      { preferences },
    )
    call.run()
    expect(call.bob.failure).toBe('bad-public-value')
    expect(errorsSent(call.bob)).toEqual(new Set([0x61]))
  })
})

/** A peer made by hand, whose chain is known: it can say what no honest stream says. */
class Puppet {
  readonly chain = hashChainOf(new SeededRandom('puppet').bytes(32))
  readonly zid = new SeededRandom('puppet zid').bytes(12)
  readonly hello: Uint8Array
  readonly received: Uint8Array[] = []
  readonly end: CallEnd
  readonly call: SimulatedCall

  constructor(options: EndOptions = {}, hello: Partial<Hello> = {}, ssrc = 7) {
    const flags = { signatureCapable: false, mitm: false, passive: false }
    const lists = { hashes: [], ciphers: [], authTags: [], keyAgreements: ['EC25', 'Mult'], sasTypes: [] }
    const fields = {
      version: '1.10',
      clientId: 'Puppet\u0001<b>',
      h3: this.chain.h3,
      zid: this.zid,
      ...flags,
      ...lists,
    }
    this.hello = encodeHello({ ...fields, ...hello }, this.chain.h2)
    this.call = new SimulatedCall('puppet', options)
    this.end = this.call.alice
    this.end.onSend = (packet) => this.received.push(messageOf(packet))
    this.end.stream.start()
    this.say(this.hello, ssrc)
  }

  say(message: Uint8Array, ssrc = 7): void {
    this.end.stream.receive(encodePacket({ sequenceNumber: 1, ssrc, message }))
  }

  commit(changes: Partial<Parameters<typeof encodeCommit>[0]> = {}): void {
    const algorithms = { hash: 'S256', cipher: 'AES1', authTag: 'HS80', keyAgreement: 'X255', sas: 'B32 ' }
    const binding = { mode: 'dh', hvi: new Uint8Array(32).fill(255) } as const
    this.say(encodeCommit({ h2: this.chain.h2, zid: this.zid, ...algorithms, binding, ...changes }, this.chain.h1))
  }

  get errors(): readonly (number | null)[] {
    return this.received.filter((message) => typeOf(message) === 'Error   ').map(decodeError)
  }
}

describe('a Commit that asks for what was not offered', () => {
  it.each([
    ['hash', { hash: 'N256' }, 0x51],
    ['hash of EC38', { keyAgreement: 'EC38' }, 0x51],
    ['cipher', { cipher: '2FS1' }, 0x52],
    ['key agreement', { keyAgreement: 'DH2k' }, 0x53],
    ['auth tag', { authTag: 'SK32' }, 0x54],
    ['SAS', { sas: 'B999' }, 0x55],
  ] as const)('%s', (_, changes, code) => {
    const puppet = new Puppet()
    puppet.commit(changes)
    expect(puppet.end.failure).toBe('algorithm-refused')
    expect(puppet.errors).toEqual([code])
  })

  it('preshared mode', () => {
    const puppet = new Puppet()
    puppet.commit({
      keyAgreement: 'Prsh',
      binding: { mode: 'preshared', nonce: new Uint8Array(16), keyId: new Uint8Array(8) },
    })
    expect([puppet.end.failure, puppet.errors]).toEqual(['preshared-refused', [0x56]])
  })

  it('a further stream where there is no first', () => {
    const puppet = new Puppet()
    puppet.commit({ keyAgreement: 'Mult', binding: { mode: 'multistream', nonce: new Uint8Array(16) } })
    expect([puppet.end.failure, puppet.errors]).toEqual(['no-session-key', [0x56]])
  })

  it('a new exchange in a further stream, a used nonce, another peer', () => {
    const { alice } = new SimulatedCall('session').run()
    const own = { place: 'further', session: alice.session } as const
    const foreign = new Puppet(own)
    foreign.commit()
    expect(foreign.end.failure).toBe('other-zid')
    const zid = alice.secure?.peerZid ?? nothing
    const fresh = new Puppet(own, { zid })
    fresh.commit({ zid })
    expect([fresh.end.failure, fresh.errors]).toEqual(['mode-conflict', [0x53]])
    const nonce = new Uint8Array(16).fill(9)
    const multistream = { zid, keyAgreement: 'Mult', binding: { mode: 'multistream', nonce } } as const
    const once = new Puppet(own, { zid })
    once.commit(multistream)
    once.commit(multistream)
    expect(once.end.failure).toBeUndefined()
    expect(once.end.stream.phase).toBe('awaiting-confirm2')
    const twice = new Puppet(own, { zid })
    twice.commit(multistream)
    expect([twice.end.failure, twice.errors]).toEqual(['nonce-reused', [0x80]])
  })

  it('another ZID than the Hello', () => {
    const puppet = new Puppet()
    puppet.commit({ zid: new Uint8Array(12) })
    expect(puppet.end.failure).toBe('commit-altered')
  })
})

describe('Hellos', () => {
  it.each([
    ['an older version', { version: '1.00' }, 'unsupported-version', 0x30],
    ['our own ZID', 'zid', 'equal-zids', 0x90],
    ['our own SSRC', 'ssrc', 'ssrc-collision', 0x91],
  ] as const)('%s: ends it when nothing better comes', (_, what, reason, code) => {
    const probe = new SimulatedCall('puppet').alice
    const own = decodeHello(messageOf((probe.stream.start(), probe.sent[0] ?? nothing)))
    const ssrc = decodePacket(probe.sent[0] ?? nothing)?.ssrc ?? 0
    const hello = what === 'zid' ? { zid: own?.zid ?? nothing } : what === 'ssrc' ? {} : what
    const puppet = new Puppet({}, hello, what === 'ssrc' ? ssrc : 7)
    expect(puppet.end.failure).toBeUndefined()
    puppet.call.time.run(4000)
    expect(puppet.end.failure).toBe(reason)
    expect(new Set(puppet.errors)).toEqual(new Set([code]))
  })

  it('a higher version is acknowledged and ignored', () => {
    const puppet = new Puppet({}, { version: '2.00' })
    expect(puppet.received.map(typeOf)).toEqual(['Hello   ', 'HelloACK'])
    expect(puppet.end.events).toEqual([])
  })

  it('our own, reflected, is ignored', () => {
    const call = new SimulatedCall('mirror')
    call.alice.onSend = (packet) => call.carry(packet, call.alice)
    call.alice.stream.start()
    call.time.run(20_000)
    expect(call.alice.events).toEqual([{ kind: 'discovery-timed-out', heard: false }])
  })

  it('a client name comes without anything a screen could stumble over', () => {
    const found = new Puppet().end.events.find((event) => event.kind === 'peer-found')
    expect(found?.peerClientId).toBe('Puppet?<b>')
  })

  it('one of a peer without multistream cannot be a further stream', () => {
    const { alice } = new SimulatedCall('session').run()
    const puppet = new Puppet({ place: 'further', session: alice.session }, { keyAgreements: [] })
    puppet.call.time.run(4000)
    expect(puppet.end.failure).toBe('no-multistream')
  })
})

describe('forgers beside the path, who know the SSRCs', () => {
  const forgeries: readonly (readonly [string, () => Uint8Array])[] = [
    ['Error', () => encodeError(0x20)],
    ['HelloACK', () => frame('HelloACK')],
    ['ErrorACK', () => frame('ErrorACK')],
    ['Conf2ACK', () => frame('Conf2ACK')],
    ['ClearACK', () => frame('ClearACK')],
    ['GoClear', () => encodeGoClear(new Uint8Array(8))],
    ['Confirm1', () => frame('Confirm1', [new Uint8Array(64)])],
    ['Confirm2', () => frame('Confirm2', [new Uint8Array(64)])],
    ['SASrelay', () => frame('SASrelay', [new Uint8Array(64)])],
    ['Commit', () => frame('Commit  ', [new Uint8Array(104)])],
    ['DHPart1', () => frame('DHPart1 ', [new Uint8Array(104)])],
    ['DHPart2', () => frame('DHPart2 ', [new Uint8Array(104)])],
  ]

  it.each(forgeries)('%s before and after every packet changes nothing', (_, forge) => {
    for (let seed = 0; seed < 4; seed += 1) {
      const call = new SimulatedCall(`forged ${seed}`, { passive: seed % 2 === 0 })
      for (const [from, to] of [
        [call.alice, call.bob],
        [call.bob, call.alice],
      ] as const)
        from.onSend = (packet) => {
          // Not for ever: what is forged gets answers, and those would be forged upon again.
          const forged = from.sent.length < 40 ? reframed(packet, forge()) : nothing
          for (const each of [forged, packet, forged]) call.carry(each, to)
        }
      call.run()
      expect(call.isSecure).toBe(true)
      expectNoFalseSecurity(call)
      // A suspicion must not outlive the handshake.
      call.connect(call.alice, call.bob)
      call.time.run(30_000)
      expect([call.alice.failure, call.bob.failure]).toEqual([undefined, undefined])
    }
  })

  it('a forged HelloACK cannot keep our Hello from the peer', () => {
    const call = new SimulatedCall('forged ack', {}, { passive: true })
    let lost = 0
    call.alice.onSend = (packet) => {
      if (isOf(packet, 'Hello') && (lost += 1) <= 2)
        call.alice.stream.receive(reframed(call.bob.sent[0] ?? packet, frame('HelloACK')))
      else call.carry(packet, call.bob)
    }
    call.run()
    expect(call.isSecure).toBe(true)
  })

  it('an Error ends a handshake that stands still, and never a secure call', () => {
    const puppet = new Puppet()
    puppet.say(encodeError(0x40))
    expect(puppet.received.map(typeOf)).toContain('ErrorACK')
    expect(puppet.end.failure).toBeUndefined()
    puppet.call.time.run(4000)
    expect(puppet.end.failure).toBe('peer-error')
    const call = new SimulatedCall('secure').run()
    const [packet = nothing] = call.bob.sent
    call.alice.stream.receive(reframed(packet, encodeError(0x20)))
    call.time.run(30_000)
    expect(call.alice.stream.phase).toBe('secure')
    expect(call.alice.events.at(-1)).toEqual({ kind: 'error-received', code: 0x20 })
  })

  it('many Errors are told a few times', () => {
    const puppet = new Puppet()
    for (let code = 0; code < 100; code += 1) puppet.say(encodeError(code))
    expect(puppet.end.events.filter(({ kind }) => kind === 'error-received')).toHaveLength(8)
  })

  it('no flood makes more than one key pair and one result', () => {
    let work = 0
    const keyAgreement: KeyAgreementPort = {
      newPair: (...of) => {
        work += 1
        const pair = nodeKeyAgreement.newPair(...of)
        const agree = (value: Uint8Array): Uint8Array | null => ((work += 1), pair.agree(value))
        return { ...pair, agree }
      },
    }
    const call = new SimulatedCall('flood', { keyAgreement, passive: true })
    const flood = (packet: Uint8Array): void => {
      for (let copy = 0; copy < 50; copy += 1) call.carry(packet, call.alice)
    }
    call.bob.onSend = flood
    call.run()
    expect(call.isSecure).toBe(true)
    expect(work).toBe(2)
  })
})

describe('after the agreement', () => {
  it('GoClear with the right MAC is refused, and the call stays encrypted', () => {
    const call = new SimulatedCall('clear').run()
    const [packet = nothing] = call.bob.sent
    call.alice.stream.receive(reframed(packet, encodeGoClear(new Uint8Array(8))))
    expect(call.alice.alarms).toEqual(['go-clear-forged'])
    expect(errorsSent(call.alice)).toEqual(new Set())
    expect(call.alice.stream.phase).toBe('secure')
  })

  it('a Confirm2 said again is acknowledged again; another one is not', () => {
    const call = new SimulatedCall('again', { passive: true }).run()
    const confirm2 = call.bob.sent.find((packet) => isOf(packet, 'Confirm2')) ?? nothing
    const before = call.alice.sent.length
    call.alice.stream.receive(confirm2)
    expect(call.alice.sent.slice(before).map((packet) => typeOf(messageOf(packet)))).toEqual(['Conf2ACK'])
    call.alice.stream.receive(reframed(confirm2, flipped(messageOf(confirm2), 40)))
    expect(call.alice.sent).toHaveLength(before + 1)
  })

  it('answers a Ping from anybody', () => {
    const call = new SimulatedCall('ping').run()
    const ping = encodePing({ version: '1.10', endpointHash: utf8('12345678') })
    call.alice.stream.receive(encodePacket({ sequenceNumber: 1, ssrc: 99, message: ping }))
    const ack = decodePingAck(messageOf(call.alice.sent.at(-1) ?? nothing))
    expect(ack).toMatchObject({ version: '1.10', pingSsrc: 99, pingEndpointHash: utf8('12345678') })
  })
})
