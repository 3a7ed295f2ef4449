/** libbzrtp, the ZRTP of Linphone, as the other end of every exchange that both know. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defaultPreferences, type Preferences } from '#protocol/zrtp/algorithms.ts'
import type { RetainedUpdate } from '#protocol/zrtp/events.ts'
import type { Sas } from '#protocol/zrtp/sas.ts'
import type { RetainedSecrets } from '#protocol/zrtp/secrets.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { CallEnd, type EndOptions } from '#test/fakes/zrtp-call.ts'
import { describeWithPeers, makeRunFolder, waitUntil } from './peers.ts'

const source = new URL('../native/bzrtp-peer.c', import.meta.url).pathname
const peerNeeds = ['gcc', '/usr/include/bzrtp/bzrtp.h', '/usr/include/bctoolbox/crypto.h', '/usr/include/sqlite3.h']

const clock: ClockPort = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

/** A running bzrtp; its streams are bound to ours by their SSRCs. */
class BzrtpPeer {
  readonly lines: string[] = []
  readonly #process: ChildProcess
  readonly #ends = new Map<number, CallEnd>()

  constructor(program: string, settings: readonly string[]) {
    this.#process = spawn(program, ['talk', ...settings], { stdio: ['pipe', 'pipe', 'inherit'] })
    const { stdout } = this.#process
    if (stdout) createInterface(stdout).on('line', (line) => this.#onLine(line))
  }

  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`)
  }

  /** `isLost` may drop packets of ours. */
  connect(ssrc: number, end: CallEnd, isLost: (packet: Uint8Array) => boolean = () => false): void {
    this.#ends.set(ssrc, end)
    end.onSend = (packet) => {
      if (!isLost(packet)) this.tell(`packet ${ssrc} ${Buffer.from(packet).toString('hex')}`)
    }
  }

  /** The words after `first` of its last line that begins so. */
  said(first: string): readonly string[] | undefined {
    const line = this.lines.findLast((each) => `${each} `.startsWith(`${first} `))
    return line?.slice(first.length + 1).split(' ')
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('close', resolve))
    this.tell('quit')
    await ended
  }

  #onLine(line: string): void {
    const [first, ssrc, hex = ''] = line.split(' ')
    if (first === 'packet') this.#ends.get(Number(ssrc))?.stream.receive(Buffer.from(hex, 'hex'))
    else this.lines.push(line)
  }
}

/** The other algorithms of a combination. */
const tagWith = { AES1: 'HS80', AES3: 'HS32' } as const
const sasWith = { S256: 'B32 ', S384: 'B256' } as const

/** As bzrtp writes it. */
function readAloud(sas: Sas | null | undefined): string {
  return (sas?.negotiated === 'B32 ' ? sas.base32 : sas?.words.join(':')) ?? 'none'
}

interface Exchange {
  readonly end: CallEnd
  readonly peer: BzrtpPeer
}

describeWithPeers('ZRTP with libbzrtp', peerNeeds, () => {
  let folder = ''
  let calls = 0
  const running: BzrtpPeer[] = []

  beforeAll(() => {
    folder = makeRunFolder('bzrtp')
    execFileSync('gcc', ['-O2', source, '-o', join(folder, 'peer'), '-lbzrtp', '-lsqlite3'])
  })

  afterAll(async () => {
    await Promise.all(running.map((peer) => peer.stop()))
    rmSync(folder, { recursive: true, force: true })
  })

  /** Both ends secure. */
  async function call(
    options: EndOptions,
    settings: readonly string[] = [],
    isLost?: (packet: Uint8Array) => boolean,
  ): Promise<Exchange> {
    const peer = new BzrtpPeer(join(folder, 'peer'), ['ssrc=1', ...settings])
    running.push(peer)
    const end = new CallEnd(clock, new SeededRandom(`bzrtp ${(calls += 1)}`), options)
    peer.connect(1, end, isLost)
    await waitUntil(() => peer.said('hello-hash 1') !== undefined, 'bzrtp is ready')
    end.stream.announcePeer([(peer.said('hello-hash 1') ?? []).join(' ')])
    end.stream.start()
    peer.tell('start')
    await waitUntil(() => end.secure !== undefined && peer.said('secure 1') !== undefined, 'both are secure')
    return { end, peer }
  }

  function expectSameKeys({ end, peer }: Exchange, ssrc = 1): void {
    for (const [ours, theirs] of [
      ['send', 'receive'],
      ['receive', 'send'],
    ] as const) {
      const keys = end.keys(ours)
      const words = peer.said(`key ${ssrc} ${theirs}`)
      expect(words).toEqual([keys?.key, keys?.salt].map((bytes) => Buffer.from(bytes ?? []).toString('hex')))
    }
  }

  /** The facts bzrtp tells, by name. */
  function facts({ peer }: Exchange, ssrc = 1): ReadonlyMap<string, string> {
    const words = peer.said(`secure ${ssrc}`) ?? []
    return new Map(words.map((word) => [word.split('=', 1)[0] ?? '', word.slice(word.indexOf('=') + 1)]))
  }

  const combinations = (['X255', 'DH2k', 'DH3k'] as const).flatMap((agreement) =>
    (['AES1', 'AES3'] as const).flatMap((cipher) =>
      (['S256', 'S384'] as const).flatMap((hash) =>
        (['responder', 'initiator'] as const).map((role) => ({ agreement, cipher, hash, role })),
      ),
    ),
  )

  it.each(combinations)('$agreement $cipher $hash, as $role', async ({ agreement, cipher, hash, role }) => {
    const [tag, sas] = [tagWith[cipher], sasWith[hash]]
    const settings = [
      `agreement=${agreement},Mult`,
      `cipher=${cipher}`,
      `hash=${hash}`,
      `tag=${tag}`,
      `sas=${sas.trim()}`,
    ]
    const rest = { keyAgreements: [agreement], ciphers: [cipher], hashes: [hash] }
    const preferences: Preferences = { ...rest, authTags: [tag], sasTypes: [sas] }
    // Without a HelloACK bzrtp sends no Commit.
    const isLost = (packet: Uint8Array): boolean => role === 'initiator' && isHelloAck(packet)
    const exchange = await call({ preferences, passive: role === 'responder' }, settings, isLost)
    expectSameKeys(exchange)
    const theirs = facts(exchange)
    const ours = exchange.end.secure
    expect(readAloud(ours?.sas)).toBe(theirs.get('sas'))
    expect(ours?.algorithms).toMatchObject({ keyAgreement: agreement, hash: theirs.get('hash'), authTag: tag })
    expect(ours?.algorithms.cipher).toBe(theirs.get('cipher'))
    expect(ours?.role).not.toBe(exchange.peer.said('role')?.[0])
    expect(ours?.role).toBe(role)
  })

  it('takes either role, as the commitments decide', async () => {
    const roles = new Set<string | undefined>()
    for (let round = 0; round < 40 && roles.size < 2; round += 1) {
      const exchange = await call({})
      expectSameKeys(exchange)
      roles.add(exchange.end.secure?.role)
    }
    expect(roles).toEqual(new Set(['initiator', 'responder']))
  })

  it('exports the same key', async () => {
    const { end, peer } = await call({}, ['export=a label'])
    const exported = end.stream.exportKey('a label', 32)
    expect(peer.said('export')).toEqual([Buffer.from(exported ?? []).toString('hex')])
    expect(exported).toHaveLength(32)
  })

  it('mixes an auxiliary secret in, and tells when it is another', async () => {
    const auxSecret = Uint8Array.from(Buffer.from('00112233aabbccdd', 'hex'))
    const same = await call({ auxSecret }, ['aux=00112233aabbccdd'])
    expectSameKeys(same)
    expect([same.end.secure?.aux, facts(same).get('aux')]).toEqual(['match', '0'])
    const other = await call({ auxSecret }, ['aux=ffff'])
    expectSameKeys(other)
    expect([other.end.secure?.aux, facts(other).get('aux')]).toEqual(['mismatch', '1'])
  })

  it('keeps the line of secrets over calls, knows the comparison, and tells when one side lost it', async () => {
    const zid = new SeededRandom('zid').bytes(12)
    const cache = ['self=sip:bob@test', 'peer=sip:alice@test']
    const kept = [...cache, `cache=${join(folder, 'kept')}`]
    const first = await call({ zid }, kept)
    expect(first.end.secure?.cache).toBe('first-contact')
    first.peer.tell('verified')
    await first.peer.stop()
    running.splice(running.indexOf(first.peer), 1)
    const retained: RetainedSecrets = { ...storedOf(first.end.secure?.retained), sasVerified: true }

    const second = await call({ zid, retained }, kept)
    expectSameKeys(second)
    expect(second.end.secure).toMatchObject({
      cache: 'match',
      previouslyVerified: true,
      verified: { own: true, peer: true },
    })
    expect([facts(second).get('mismatch'), facts(second).get('verified')]).toEqual(['0', '1'])

    // Our update was lost, theirs was not: their rs2 is our rs1.
    await second.peer.stop()
    running.splice(running.indexOf(second.peer), 1)
    const third = await call({ zid, retained }, kept)
    expectSameKeys(third)
    expect([third.end.secure?.cache, facts(third).get('mismatch')]).toEqual(['match', '0'])

    // Theirs is gone: a new database is a new ZID, so the owner would find nothing; a stale secret must be told.
    const lost = await call({ zid, retained }, [...cache, `cache=${join(folder, 'lost')}`])
    expectSameKeys(lost)
    expect(lost.end.secure).toMatchObject({ cache: 'mismatch', previouslyVerified: false })
    expect(lost.end.secure?.retained?.when).toBe('after-sas-comparison')
  })

  it('tells bzrtp of the mismatch when ours is gone', async () => {
    const zid = new SeededRandom('forgetful').bytes(12)
    const cache = ['self=sip:carol@test', 'peer=sip:alice@test', `cache=${join(folder, 'carol')}`]
    const first = await call({ zid }, cache)
    await first.peer.stop()
    running.splice(running.indexOf(first.peer), 1)
    const second = await call({ zid }, cache)
    expectSameKeys(second)
    expect([second.end.secure?.cache, facts(second).get('mismatch')]).toEqual(['first-contact', '1'])
  })

  it.each([false, true])('adds a stream in multistream mode (passive: %s)', async (passive) => {
    const zid = new SeededRandom('multistream').bytes(12)
    const exchange = await call({ zid }, ['second=2'])
    const further = new CallEnd(clock, new SeededRandom(`video ${passive}`), {
      zid,
      session: exchange.end.session,
      place: 'further',
      passive,
    })
    exchange.peer.connect(2, further)
    further.stream.start()
    exchange.peer.tell('second')
    await waitUntil(() => further.secure !== undefined && exchange.peer.said('secure 2') !== undefined, 'video')
    expectSameKeys({ end: further, peer: exchange.peer }, 2)
    expect(facts(exchange, 2).get('agreement')).toBe('Mult')
    expect(further.secure).toMatchObject({ sas: null, retained: null, algorithms: { keyAgreement: 'Mult' } })
    expect(further.keys('send')?.key).not.toEqual(exchange.end.keys('send')?.key)
  })

  it('is known by the hash of its Hello, and so is bzrtp', async () => {
    const random = new SeededRandom('announced')
    const peer = new BzrtpPeer(join(folder, 'peer'), ['ssrc=1', `peer-hash=${helloHashFor(random)}`])
    running.push(peer)
    const end = new CallEnd(clock, new SeededRandom('announced'), {})
    peer.connect(1, end)
    await waitUntil(() => peer.said('hello-hash 1') !== undefined, 'bzrtp is ready')
    end.stream.start()
    peer.tell('start')
    await waitUntil(() => end.secure !== undefined && peer.said('secure 1') !== undefined, 'both are secure')
    const refused = new BzrtpPeer(join(folder, 'peer'), ['ssrc=1', `peer-hash=1.10 ${'00'.repeat(32)}`])
    running.push(refused)
    const other = new CallEnd(clock, new SeededRandom('not announced'), {})
    refused.connect(1, other)
    await waitUntil(() => refused.said('hello-hash 1') !== undefined, 'bzrtp is ready')
    other.stream.start()
    refused.tell('start')
    await waitUntil(() => refused.said('refused 1') !== undefined, 'bzrtp refuses another Hello')
    expect(other.secure).toBeUndefined()
    other.stream.stop()
  })

  it('prefers what both do best', async () => {
    const exchange = await call({ preferences: defaultPreferences })
    expect(exchange.end.secure?.algorithms.keyAgreement).toBe('X255')
    expect(facts(exchange).get('agreement')).toBe('X255')
  })
})

function isHelloAck(packet: Uint8Array): boolean {
  return Buffer.from(packet).includes('HelloACK')
}

/** The same seed makes the same Hello. */
function helloHashFor(random: SeededRandom): string {
  return new CallEnd(clock, random, {}).stream.helloHash
}

function storedOf(update: RetainedUpdate | null | undefined): RetainedSecrets {
  if (!update) throw new Error('nothing to keep')
  return { rs1: update.rs1, rs2: update.rs2, sasVerified: update.sasVerified }
}
