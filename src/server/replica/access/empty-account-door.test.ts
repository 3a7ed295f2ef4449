import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestResponse, HttpDigest } from '#server/home/http/digest.ts'
import { toHex } from '#shared/bytes/bytes.ts'
import type { Aor } from '#shared/model/ids.ts'
import { account, draw, genesis } from '#test/fakes/drawn-chain.ts'
import { ReplicaAccess } from '#test/fakes/replica-access.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { nodeCrypto } from './crypto.ts'
import { EmptyAccountDoor, type Opening } from './empty-account-door.ts'
import type { OpeningProof } from './opening-proof.ts'

const [ha1, token] = ['7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232', Uint8Array.of(1, 2, 3)]
const target = '/replica/chain'
let replica: ReplicaAccess
let digest: HttpDigest
let redeemed: Map<string, Aor>
let door: EmptyAccountDoor

beforeEach(() => {
  replica = new ReplicaAccess()
  const { clock, store, addresses } = replica
  digest = new HttpDigest({
    ...{ realm: 'example.org', clock, random: new SeededRandom('digest') },
    ha1: (user) => (['alice', 'bob'].includes(user) ? ha1 : null),
  })
  redeemed = new Map()
  door = new EmptyAccountDoor({
    ...{ store, digest, addresses, crypto: nodeCrypto },
    accountOf: (user) => `sip:${user}@example.org` as Aor,
    invitations: {
      redeem(shown, whose) {
        const code = toHex(shown)
        if (code !== toHex(token) || (redeemed.get(code) ?? whose) !== whose) return Promise.resolve(false)
        redeemed.set(code, whose)
        return Promise.resolve(true)
      },
      isOf: (shown, whose) => Promise.resolve(redeemed.get(toHex(shown)) === whose),
    },
  })
})
afterEach(() => replica.end())

function byDigest(user: string, { secret = ha1, method = 'PUT' } = {}): OpeningProof {
  const nonce = /nonce="([^"]+)"/.exec(digest.challenge(false))?.[1] ?? ''
  const response = digestResponse(secret, { nonce, nc: '00000001', cnonce: 'c', uri: target, method })
  return {
    kind: 'digest',
    header:
      `Digest username="${user}", realm="example.org", nonce="${nonce}", uri="${target}", algorithm=SHA-256, ` +
      `qop=auth, nc=00000001, cnonce="c", response="${response}"`,
  }
}

async function open(changes: Partial<Opening> = {}): Promise<string> {
  const opening: Opening = {
    ...{ account, link: genesis('A'), more: [], proof: byDigest('alice'), method: 'PUT', target },
    ...{ address: '192.0.2.7', secure: true, ...changes },
  }
  const result = await door.open(opening)
  return result.ok ? result.value : result.error
}

describe('an empty account', () => {
  it('is opened by its user’s password, and from then on its device signs', async () => {
    expect(await replica.outcome('A')).toBe('no-chain')
    expect(await open()).toBe('stored')
    expect(await replica.outcome('A')).toBe('accepted')
    expect(await replica.outcome('B')).toBe('unknown-device')
  })

  it('is opened once: another link 0 is refused, whatever proof', async () => {
    expect(await open()).toBe('stored')
    expect(await open()).toBe('repeated')
    expect(await open({ link: genesis('B') })).toBe('open')
    expect(await open({ link: genesis('B'), proof: { kind: 'invitation', token } })).toBe('open')
    expect((await replica.store.links(account))?.links).toEqual([genesis('A')])
  })

  it('is opened with the whole chain that it had, so that any of its devices signs again', async () => {
    const [link, ...more] = [...draw('0: A\n1: 0 A adds B\n2: 1 B revokes A').values()]
    expect(await open({ link: link!, more })).toBe('stored')
    expect(await replica.outcome('B')).toBe('accepted')
    expect(await replica.outcome('A')).toBe('revoked')
    expect(await open({ link: link! })).toBe('repeated')
    expect((await replica.store.links(account))?.links).toEqual([link, ...more])
  })

  it('takes nothing of a chain of which one link does not hold', async () => {
    const [link, adds, revokes] = [...draw('0: A\n1: 0 A adds B\n2: 1 B revokes A').values()]
    expect(await open({ link: link!, more: [revokes!] })).toBe('wrong-previous')
    expect(await open({ link: link!, more: [adds!, adds!] })).toBe('wrong-previous')
    expect(await open({ link: link!, more: [adds!, new Uint8Array(9)] })).toBe('malformed')
    expect(await replica.store.mark(account)).toBeNull()
  })

  it('is opened by one of two who come at once', async () => {
    const answers = await Promise.all([open({ link: genesis('A') }), open({ link: genesis('B') })])
    expect(answers.sort()).toEqual(['open', 'stored'])
  })

  it('is opened by an invitation, which is used up for it', async () => {
    const proof: OpeningProof = { kind: 'invitation', token }
    // A link that does not hold, as after a request that was cut off, loses nothing.
    expect(await open({ proof, link: new Uint8Array(5) })).toBe('malformed')
    expect(await open({ proof })).toBe('stored')
    const carol = 'sip:carol@example.net' as Aor
    expect(await open({ proof, account: carol, link: genesis('C', carol) })).toBe('wrong')
    expect(await replica.store.links(carol)).toBeNull()
  })

  it.each<[string, () => Partial<Opening>]>([
    ['missing', () => ({ proof: { kind: 'digest', header: undefined } })],
    ['missing', () => ({ proof: { kind: 'digest', header: 'Sotto AAAA' } })],
    ['wrong', () => ({ proof: byDigest('alice', { secret: '0'.repeat(64) }) })],
    ['wrong', () => ({ proof: byDigest('alice', { method: 'GET' }) })],
    ['wrong', () => ({ proof: byDigest('bob') })],
    ['wrong', () => ({ proof: byDigest('carol') })],
    ['wrong', () => ({ target: '/replica/other' })],
    ['wrong', () => ({ proof: { kind: 'invitation', token: Uint8Array.of(9) } })],
    ['wrong', () => ({ proof: { kind: 'invitation', token: new Uint8Array() } })],
    ['insecure', () => ({ secure: false })],
    ['malformed', () => ({ link: Uint8Array.of(1, 2, 3) })],
    ['wrong-account', () => ({ link: genesis('A', 'sip:bob@example.org' as Aor) })],
    ['wrong-previous', () => ({ link: draw('0: A\n1: 0 A adds B').get('1')! })],
  ])('stays empty: %s', async (refusal, changes) => {
    expect(await open(changes())).toBe(refusal)
    expect(await replica.store.mark(account)).toBeNull()
    expect(replica.addresses.failures).toBe(refusal === 'wrong' ? 1 : 0)
  })

  it('needs an answer to a new challenge when the old one was used or is too old', async () => {
    const proof = byDigest('alice')
    replica.clock.advance(300_001)
    expect(await open({ proof })).toBe('stale')
  })

  it('is no way around what an address may do', async () => {
    replica.addresses.left = 0
    expect(await open()).toBe('too-many')
    expect(await replica.store.mark(account)).toBeNull()
  })
})
