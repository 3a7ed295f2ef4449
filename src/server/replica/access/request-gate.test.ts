import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { account, draw, genesis, hashOf, idOf, keysOf, linkDevice, signerOf } from '#test/fakes/drawn-chain.ts'
import { channel, ReplicaAccess, type Wish } from '#test/fakes/replica-access.ts'
import { signLink } from '#main/identity/link-author.ts'
import { derivePaperSeeds, paperKeysOf } from '#main/identity/paper-keys.ts'
import { publicKeyOf } from '#main/keys/key-pairs.ts'
import type { Aor } from '#shared/model/ids.ts'
import { decodeAuthorization, encodeAuthorization } from '#shared/replication/request.ts'
import { nodeCrypto } from './crypto.ts'
import { toldRefusal } from './judge-request.ts'

const filled = (length: number, value: number) => new Uint8Array(length).fill(value)
const twoDevices = '0: A\n1: 0 A adds B'
const forked = `${twoDevices}\n2: 1 A adds C\n3: 1 B revokes A`
let replica: ReplicaAccess

beforeEach(() => {
  replica = new ReplicaAccess()
})
afterEach(() => replica.end())

describe('the gate', () => {
  beforeEach(() => replica.holds(twoDevices))

  it('lets every device of the chain in, and says who asks', async () => {
    for (const device of ['A', 'B']) {
      const { signer, account: whose, use, chain, signed } = await replica.accepted(device, 'write')
      expect({ signer, whose, use }).toEqual({ signer: idOf(device), whose: account, use: 'write' })
      expect(chain.state.devices.size).toBe(2)
      expect(signed.request.target).toBe('/replica/heads?of=all')
    }
    expect(replica.addresses.failures).toBe(0)
  })

  it.each<[string, Wish]>([
    ['wrong-target', { arrival: { method: 'DELETE' } }],
    ['wrong-target', { arrival: { target: '/replica/heads' } }],
    ['wrong-host', { arrival: { host: 'replica.example.com' } }],
    ['wrong-host', { signed: { host: 'evil.example.com' } }],
    ['wrong-channel', { arrival: { channel: filled(32, 0) } }],
    ['wrong-channel', { arrival: { channel: null } }],
    ['wrong-channel', { signed: { channel: new Uint8Array() } }],
    ['wrong-channel', { signed: { channel: new Uint8Array() }, arrival: { channel: new Uint8Array() } }],
    ['wrong-channel', { signed: { channel: new Uint8Array() }, arrival: { channel: null } }],
    ['wrong-channel', { arrival: { channel: null, loopback: true } }],
    ['wrong-body', { signed: { body: filled(32, 1) } }],
    ['stale-challenge', { signed: { challenge: filled(56, 1) } }],
    ['no-chain', { signed: { account: 'sip:bob@example.org' } }],
    ['unknown-device', { signed: { device: keysOf('C').id }, key: 'C' }],
    ['bad-signature', { key: 'B' }],
    ['bad-signature', { signed: { device: 'paper' } }],
  ])('refuses: %s (%j)', async (refusal, wish) => {
    expect(await replica.outcome('A', wish)).toBe(refusal)
    expect(await replica.outcome('A')).toBe('accepted')
  })

  it('takes requests without TLS from this computer only, and only those signed so', async () => {
    const clear: Wish = { signed: { channel: new Uint8Array() } }
    expect(await replica.outcome('A', { ...clear, arrival: { channel: null, loopback: true } })).toBe('accepted')
    // Without TLS in front of the server somebody could pass on what was signed for no connection in particular.
    expect(await replica.outcome('A', { ...clear, arrival: { channel, loopback: true } })).toBe('wrong-channel')
  })

  it('lets nobody in whose key stands in a book', async () => {
    // RFC 8032 §7.1, test 1: what the signatures of strangers are checked against.
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
    for (const account of ['sip:alice@example.org', 'sip:bob@example.org']) {
      const signed = { account, device: nodeCrypto.hash(publicKeyOf('ed25519', seed)).subarray(0, 16) }
      const outcome = await replica.outcome('A', { signed, seed })
      expect(outcome).toBe(account === 'sip:bob@example.org' ? 'no-chain' : 'unknown-device')
    }
  })

  it('refuses what is no signed request', async () => {
    for (const authorization of [undefined, '', 'Sotto', 'Sotto ???', 'Digest username="alice"', 'S'.repeat(100_000)])
      expect(await replica.outcome('A', { arrival: { authorization } })).toBe('malformed')
  })

  it('accepts a signed request once, also when its copies come at the same moment', async () => {
    const arrival = replica.arrival('A')
    const outcomes = await Promise.all([1, 2, 3].map(() => replica.outcomeOf(arrival)))
    expect(outcomes.sort()).toEqual(['accepted', 'replayed', 'replayed'])
    expect(await replica.outcomeOf(arrival)).toBe('replayed')
  })

  it('accepts many requests under one challenge, for some minutes', async () => {
    const challenge = replica.gate.challenge()
    for (let minute = 0; minute <= 5; minute++) {
      expect(await replica.outcome('A', { signed: { challenge } })).toBe('accepted')
      replica.clock.advance(60_000)
    }
    expect(await replica.outcome('A', { signed: { challenge } })).toBe('stale-challenge')
  })

  it('uses a request up that came with another body', async () => {
    const arrival = replica.arrival('A')
    const admitted = await replica.gate.admit(arrival)
    expect(admitted).toMatchObject({ ok: true, value: { account } })
    expect(admitted.ok && (await admitted.value.withBody(Uint8Array.of(1)))).toEqual({ ok: false, error: 'wrong-body' })
    expect(await replica.outcomeOf(arrival)).toBe('replayed')
  })

  it('refuses a revoked device, also when its chain was in memory', async () => {
    expect(await replica.outcome('B')).toBe('accepted')
    const bytes = draw(`${twoDevices}\n2: 1 A revokes B`).get('2')!
    await replica.store.append(account, { hash: hashOf(bytes), bytes }, await replica.store.mark(account))
    for (const use of ['read', 'write', 'links', 'erase'] as const)
      expect(await replica.outcome('B', { use })).toBe('revoked')
    // Only to the holder of its key.
    expect(await replica.outcome('B', { key: 'C' })).toBe('bad-signature')
    expect(await replica.outcome('A', { use: 'write' })).toBe('accepted')
  })

  it('refuses a device that was revoked while its body was on the way, and an account that was erased', async () => {
    const [early, late] = [
      await replica.gate.admit(replica.arrival('B')),
      await replica.gate.admit(replica.arrival('B')),
    ]
    if (!early.ok || !late.ok) throw new Error('not admitted')
    const bytes = draw(`${twoDevices}\n2: 1 A revokes B`).get('2')!
    await replica.links.add(await replica.accepted('A', 'links'), { bytes, asFork: false })
    expect(await early.value.withBody(new Uint8Array())).toEqual({ ok: false, error: 'revoked' })
    await replica.store.eraseAccount(account)
    expect(await late.value.withBody(new Uint8Array())).toEqual({ ok: false, error: 'no-chain' })
  })

  it('takes no paper key of before an account was opened anew while the body was on the way', async () => {
    const admitted = await replica.gate.admit(replica.arrival('paper', { use: 'erase' }))
    await replica.store.eraseAccount(account)
    const other = derivePaperSeeds(filled(16, 9))
    const link = signLink(
      {
        ...{ version: 1, kind: 'genesis', previous: null, at: 0, account },
        ...{ device: linkDevice('C'), paper: paperKeysOf(other), names: new Uint8Array(80) },
      },
      [signerOf('C'), { by: 'paper', seed: other.ed25519 }],
    )
    await replica.store.append(account, { hash: hashOf(link), bytes: link }, null)
    expect(admitted.ok && (await admitted.value.withBody(new Uint8Array()))).toEqual({
      ok: false,
      error: 'bad-signature',
    })
  })

  it('knows nobody of an account that was erased', async () => {
    expect(await replica.outcome('A')).toBe('accepted')
    await replica.store.eraseAccount(account)
    expect(await replica.outcome('A')).toBe('no-chain')
  })

  it('lets the paper key add links and erase, and no more', async () => {
    const outcomes = await Promise.all(
      (['read', 'write', 'links', 'erase'] as const).map((use) => replica.outcome('paper', { use })),
    )
    expect(outcomes).toEqual(['not-for-paper', 'not-for-paper', 'accepted', 'accepted'])
  })

  it('keeps addresses and accounts to their share', async () => {
    replica.accounts.left = 1
    // What others claim does not count for the account.
    expect(await replica.outcome('A', { key: 'C' })).toBe('bad-signature')
    expect(await replica.outcome('A')).toBe('accepted')
    expect(await replica.outcome('A')).toBe('too-many')
    replica.accounts.left = 1
    replica.addresses.left = 0
    expect(await replica.outcome('A')).toBe('too-many')
    expect(replica.accounts.left).toBe(1)
  })

  it('counts who claims to be somebody else, and tells them nothing about who there is', async () => {
    const claims: readonly Wish[] = [
      { signed: { account: 'sip:bob@example.org' } },
      { signed: { device: keysOf('C').id }, key: 'C' },
      { key: 'B' },
    ]
    const outcomes: string[] = []
    for (const claim of claims) {
      const admitted = await replica.gate.admit(replica.arrival('A', claim))
      if (!admitted.ok) outcomes.push(toldRefusal(admitted.error))
    }
    expect(outcomes).toEqual(['bad-signature', 'bad-signature', 'bad-signature'])
    expect(replica.addresses.failures).toBe(3)
    expect(toldRefusal('revoked')).toBe('revoked')
  })

  it('refuses whatever else comes, and throws nothing', async () => {
    const arrival = replica.arrival('A')
    const { authorization = '' } = arrival
    const { bytes, signature } = decodeAuthorization(authorization)
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (text) => {
        for (const value of [text, `Sotto ${text}`])
          expect(await replica.outcomeOf({ ...arrival, authorization: value })).toBe('malformed')
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(63 + bytes.length), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Uint8Array.from([...signature, ...bytes], (byte, i) => (i === at ? byte ^ flip : byte))
        const value = encodeAuthorization(changed.slice(64), changed.slice(0, 64))
        expect(await replica.outcomeOf({ ...arrival, authorization: value })).not.toBe('accepted')
      }),
    )
    expect(await replica.outcomeOf(arrival)).toBe('accepted')
  })
})

describe('a forked chain', () => {
  it('may be read and added to, but not written and not erased, until the paper key picks', async () => {
    await replica.holds(forked)
    const outcomes = async (by: string) => {
      const found: string[] = []
      for (const use of ['read', 'write', 'links', 'erase'] as const) found.push(await replica.outcome(by, { use }))
      return found
    }
    for (const device of ['A', 'B'])
      expect(await outcomes(device)).toEqual(['accepted', 'forked', 'accepted', 'forked'])
    expect(await replica.outcome('paper', { use: 'erase' })).toBe('accepted')
    expect(await replica.outcome('C')).toBe('unknown-device')
    const bytes = draw(`${forked}\n4: 3 paper renames B`).get('4')!
    expect(await replica.links.add(await replica.accepted('paper', 'links'), { bytes, asFork: false })).toEqual({
      ok: true,
      value: 'stored',
    })
    expect(await outcomes('A')).toEqual(['revoked', 'revoked', 'revoked', 'revoked'])
    expect(await outcomes('B')).toEqual(['accepted', 'accepted', 'accepted', 'accepted'])
  })
})

describe('memory', () => {
  it('of accepted requests is bounded: a full one asks for new challenges, and lets nothing in twice', async () => {
    await replica.end()
    replica = new ReplicaAccess({ seenRequests: 3 })
    await replica.holds(twoDevices)
    const first = replica.arrival('A')
    const challenge = replica.gate.challenge()
    expect(await replica.outcomeOf(first)).toBe('accepted')
    replica.clock.advance(1)
    for (let i = 0; i < 3; i++) expect(await replica.outcome('B')).toBe('accepted')
    expect(await replica.outcomeOf(first)).toBe('stale-challenge')
    expect(await replica.outcome('A', { signed: { challenge } })).toBe('stale-challenge')
    replica.clock.advance(1)
    expect(await replica.outcome('A')).toBe('accepted')
  })

  it('of chains is bounded, and what left it is read again', async () => {
    await replica.end()
    replica = new ReplicaAccess({ cachedChains: 1 })
    await replica.holds(twoDevices)
    const bob = 'sip:bob@example.org' as Aor
    const bytes = genesis('B', bob)
    await replica.store.append(bob, { hash: hashOf(bytes), bytes }, null)
    for (let i = 0; i < 2; i++) {
      expect(await replica.outcome('A')).toBe('accepted')
      expect(await replica.outcome('B', { signed: { account: bob } })).toBe('accepted')
      expect(await replica.outcome('A', { signed: { account: bob } })).toBe('unknown-device')
    }
  })
})
