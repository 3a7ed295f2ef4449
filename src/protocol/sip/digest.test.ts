import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import {
  answerChallenge,
  chooseChallenge,
  computeHa1,
  computeResponse,
  parseAuthorization,
  parseChallenges,
  serializeAuthorization,
  serializeChallenge,
  verifyResponse,
  type DigestAlgorithm,
  type DigestChallenge,
  type DigestQop,
} from './digest.ts'
import { NonceIssuer } from './nonce.ts'

const none = new Uint8Array(0)

describe('digest vectors', () => {
  it('RFC 2617 §3.5', () => {
    const ha1 = computeHa1('MD5', 'Mufasa', 'testrealm@host.com', 'Circle Of Life')
    const terms = {
      algorithm: 'MD5',
      session: false,
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      qop: 'auth',
    } as const
    const input = { ha1, method: 'GET', uri: '/dir/index.html', body: none, nc: '00000001', cnonce: '0a4f113b' }
    expect(computeResponse(terms, input)).toBe('6629fae49393a05397450978507c4ef1')
  })

  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ] as const)('RFC 7616 §3.9.1 %s', (algorithm, response) => {
    const ha1 = computeHa1(algorithm, 'Mufasa', 'http-auth@example.org', 'Circle of Life')
    const terms = {
      algorithm,
      session: false,
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      qop: 'auth',
    } as const
    const input = {
      ha1,
      method: 'GET',
      uri: '/dir/index.html',
      body: none,
      nc: '00000001',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    }
    expect(computeResponse(terms, input)).toBe(response)
  })
})

const challengeOf = (algorithm: DigestAlgorithm, session: boolean, qop: readonly DigestQop[]): DigestChallenge => {
  return { realm: 'a "b", c', nonce: 'n\\', opaque: 'o', algorithm, session, qop, stale: false }
}

describe('challenge and answer', () => {
  it('agree for every algorithm, session form and qop, and for nothing else', () => {
    for (const algorithm of ['MD5', 'SHA-256'] as const) {
      for (const session of [false, true]) {
        for (const qop of [[], ['auth'], ['auth-int']] as const) {
          const [challenge] = parseChallenges([serializeChallenge(challengeOf(algorithm, session, qop))])
          expect(challenge).toEqual(challengeOf(algorithm, session, qop))
          const ha1 = computeHa1(algorithm, 'u"', challenge!.realm, 'p')
          const body = Buffer.from('body')
          const input = { ha1, method: 'MESSAGE', uri: 'sip:b', body, nc: '0000000a', cnonce: 'c"c' }
          const answer = parseAuthorization(serializeAuthorization(answerChallenge(challenge!, 'u"', input)))
          expect(answer).not.toBeNull()
          expect(verifyResponse(answer!, { method: 'MESSAGE', body }, ha1)).toBe(true)
          expect(verifyResponse(answer!, { method: 'INVITE', body }, ha1)).toBe(false)
          expect(
            verifyResponse(answer!, { method: 'MESSAGE', body }, computeHa1(algorithm, 'u"', challenge!.realm, 'q')),
          ).toBe(false)
          expect(verifyResponse(answer!, { method: 'MESSAGE', body: Buffer.from('other') }, ha1)).toBe(
            qop[0] !== 'auth-int',
          )
        }
      }
    }
  })

  it('parts several challenges in one value, whatever stands in quotes', () => {
    const challenges = parseChallenges([
      'Digest realm="a, Digest realm=b", nonce="1", qop="auth,auth-int", algorithm=MD5, Digest realm="c",nonce="2" , algorithm=SHA-256-sess,stale=TRUE',
      'Basic realm="x"',
      'Digest realm="d", nonce="3", algorithm=SHA-512-256',
      'Digest realm="e", nonce="4", qop="unknown"',
      'Digest realm="f", realm="g", nonce="5"',
    ])
    expect(challenges.map(({ realm, algorithm, session, stale }) => [realm, algorithm, session, stale])).toEqual([
      ['a, Digest realm=b', 'MD5', false, false],
      ['c', 'SHA-256', true, true],
    ])
  })

  it('chooses the strongest, only of the pinned realm, never weaker than seen', () => {
    const [md5, sha] = [challengeOf('MD5', false, ['auth']), challengeOf('SHA-256', false, ['auth'])]
    const both = { realm: null, strongest: null, available: ['MD5', 'SHA-256'] as const }
    expect(chooseChallenge([md5, sha], both)).toEqual({ ok: true, value: sha })
    expect(chooseChallenge([md5], { ...both, strongest: 'SHA-256' })).toEqual({
      ok: false,
      error: 'weaker-digest-refused',
    })
    expect(chooseChallenge([md5, sha], { ...both, realm: 'other' })).toEqual({
      ok: false,
      error: 'foreign-realm-refused',
    })
    expect(chooseChallenge([], both)).toEqual({ ok: false, error: 'no-usable-challenge' })
    expect(chooseChallenge([sha], { ...both, available: ['MD5'] })).toEqual({ ok: false, error: 'no-usable-challenge' })
  })

  it('returns null or a value for any text', () => {
    const piece = fc.constantFrom(
      'Digest ',
      'realm',
      '=',
      '"',
      ',',
      ' ',
      'nonce="x"',
      'response=',
      'a'.repeat(32),
      '\\',
      'nc=00000001',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
        ),
        (text) => {
          parseAuthorization(text)
          parseChallenges([text])
        },
      ),
    )
  })
})

describe('NonceIssuer', () => {
  const make = (tracked = 10) => {
    const clock = new FakeClock()
    return {
      clock,
      issuer: new NonceIssuer({ clock, random: new SeededRandom('nonce') }, { lifetimeMs: 60_000, tracked }),
    }
  }

  it('knows its own, each count once, in a window', () => {
    const { issuer } = make()
    const nonce = issuer.issue()
    expect(issuer.check(nonce, 1)).toBe('fresh')
    expect(issuer.check(nonce, 1)).toBe('fresh')
    issuer.markUsed(nonce, 5)
    expect([5, 4, 6].map((count) => issuer.check(nonce, count))).toEqual(['replayed', 'fresh', 'fresh'])
    issuer.markUsed(nonce, 4)
    issuer.markUsed(nonce, 100)
    expect([4, 5, 36, 37, 99, 100].map((count) => issuer.check(nonce, count))).toEqual([
      'stale',
      'stale',
      'stale',
      'fresh',
      'fresh',
      'replayed',
    ])
    expect(issuer.check(nonce, null)).toBe('replayed')
  })

  it('calls others’ and altered ones foreign, old ones stale', async () => {
    const { issuer, clock } = make()
    const nonce = issuer.issue()
    const altered = (nonce.startsWith('A') ? 'B' : 'A') + nonce.slice(1)
    for (const other of ['', 'x', altered, `${nonce}=`, make().issuer.issue().slice(1)])
      expect(issuer.check(other, 1)).toBe('foreign')
    await clock.advance(60_001)
    expect(issuer.check(nonce, 1)).toBe('stale')
  })

  it('forgets in order and never lets a forgotten one be replayed', async () => {
    const { issuer, clock } = make(3)
    const nonces: string[] = []
    for (let turn = 0; turn < 5; turn += 1) {
      nonces.push(issuer.issue())
      issuer.markUsed(nonces[turn]!, 1)
      await clock.advance(10)
    }
    expect(nonces.map((nonce) => issuer.check(nonce, 1))).toEqual([
      'stale',
      'stale',
      'replayed',
      'replayed',
      'replayed',
    ])
    expect(issuer.check(issuer.issue(), 1)).toBe('fresh')
  })
})
