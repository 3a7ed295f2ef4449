import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  authorize,
  chooseChallenge,
  digestHa1,
  digestResponse,
  parseAuthorization,
  parseChallenge,
  parseDigestParameters,
  serializeChallenge,
  type DigestChallenge,
  type DigestCredentials,
} from './auth.ts'
import { MsrpError } from './errors.ts'
import { responseTo, type Header, type RequestHead, type ResponseHead } from './head.ts'
import { requestRelayPath } from './relay-auth.ts'

const credentials: DigestCredentials = {
  username: 'Ali"ce',
  realm: 'intra.example.com',
  ha1Md5: digestHa1('MD5', 'Ali"ce', 'intra.example.com', 'secret'),
  ha1Sha256: digestHa1('SHA-256', 'Ali"ce', 'intra.example.com', 'secret'),
  strongest: null,
}
const challenge = (overrides: Partial<DigestChallenge> = {}): DigestChallenge => ({
  realm: 'intra.example.com',
  nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
  algorithm: 'MD5',
  opaque: null,
  stale: false,
  ...overrides,
})

describe('digest', () => {
  it('computes what RFC 2617 §3.5 and RFC 7616 §3.9.1 do, but for AUTH', () => {
    // Method and URI differ from the RFCs' GET, so HA1 is compared, and the rest with md5sum’s figure.
    expect(digestHa1('MD5', 'Mufasa', 'testrealm@host.com', 'Circle Of Life')).toBe('939e7578ed9e3c518a452acee763bce9')
    expect(digestHa1('SHA-256', 'Mufasa', 'http-auth@example.org', 'Circle of Life')).toBe(
      '7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232',
    )
    const ha1 = '939e7578ed9e3c518a452acee763bce9'
    expect(digestResponse(ha1, { algorithm: 'MD5', nonce: 'n', cnonce: 'c', nc: 1, uri: 'msrp://a;tcp' })).toBe(
      '08e997524ce23034bbbad1614c006cfb',
    )
  })

  it('reads RFC 4976’s own challenge and answer', () => {
    expect(parseChallenge('Digest realm="intra.example.com", qop="auth", nonce="dcd98b"')).toEqual(
      challenge({ nonce: 'dcd98b' }),
    )
    const answer = parseAuthorization(
      'Digest username="Alice", realm="intra.example.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1"',
    )
    expect(answer).toMatchObject({ username: 'Alice', nc: 1, uri: null, algorithm: 'MD5' })
  })

  it('what we write we read', () => {
    const chosen = chooseChallenge([challenge({ algorithm: 'SHA-256', opaque: 'o\\"p', nonce: 'a,b="c' })], credentials)
    if (typeof chosen === 'string') throw new Error(chosen)
    expect(parseChallenge(serializeChallenge(chosen.challenge))).toEqual(chosen.challenge)
    const header = authorize(chosen, credentials, { uri: 'msrp://a;tcp', cnonce: 'c', nc: 255 })
    expect(parseAuthorization(header)).toMatchObject({
      username: 'Ali"ce',
      nonce: 'a,b="c',
      nc: 255,
      algorithm: 'SHA-256',
    })
  })

  it('takes the strongest it may, and says why it takes none', () => {
    const [md5, sha] = [challenge(), challenge({ algorithm: 'SHA-256' })]
    expect(chooseChallenge([md5, sha], credentials)).toMatchObject({ challenge: sha })
    expect(chooseChallenge([md5], credentials)).toMatchObject({ challenge: md5 })
    expect(chooseChallenge([md5], { ...credentials, strongest: 'SHA-256' })).toBe('weaker-digest')
    expect(chooseChallenge([challenge({ realm: 'evil.example' })], credentials)).toBe('foreign-realm')
    expect(chooseChallenge([sha], { ...credentials, ha1Sha256: null })).toBe('no-credentials')
    expect(chooseChallenge([], credentials)).toBe('unsupported')
    expect(parseChallenge('Basic realm="x"')).toBeNull()
    expect(parseChallenge('Digest realm="x", nonce="n", qop="auth-int"')).toBeNull()
    expect(parseChallenge('Digest realm="x", nonce="n", qop="auth", algorithm=MD5-sess')).toBeNull()
  })

  it('garbage throws nothing but MsrpError', () => {
    const grain = fc.constantFrom(
      'Digest ',
      'realm=',
      '"',
      '\\',
      ',',
      ' ',
      'nonce="n"',
      'qop=auth',
      'nc=00000001',
      'cnonce="c"',
      'response="r"',
      'username="u"',
      'a',
      '=',
      '\0',
      'é',
    )
    fc.assert(
      fc.property(fc.array(grain, { maxLength: 20 }), (grains) => {
        for (const read of [parseChallenge, parseAuthorization, parseDigestParameters]) {
          try {
            read(`Digest ${grains.join('')}`)
          } catch (error) {
            if (!(error instanceof MsrpError)) throw error
          }
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('asking a relay for a path', () => {
  const ask = async (
    answers: ((head: RequestHead) => ResponseHead | null | 'closed')[],
  ): Promise<{ result: unknown; asked: RequestHead[] }> => {
    const asked: RequestHead[] = []
    let ids = 0
    const result = await requestRelayPath({
      relayPath: ['msrps://relay;tcp'],
      ownUri: 'msrps://own.invalid:2855/s;tcp',
      credentials,
      expiresSeconds: 3600,
      newId: () => `id${(ids += 1)}ab`,
      request: (head) => {
        asked.push(head)
        return Promise.resolve(answers.shift()?.(head) ?? null)
      },
    })
    return { result, asked }
  }
  const reply =
    (code: number, ...headers: [string, string][]) =>
    (head: RequestHead): ResponseHead =>
      responseTo(
        head,
        code,
        '',
        headers.map(([name, value]): Header => ({ name, value })),
      )
  const asks = (overrides: Partial<DigestChallenge> = {}) =>
    reply(401, ['WWW-Authenticate', serializeChallenge(challenge(overrides))])
  const grants = reply(200, ['Use-Path', 'msrps://relay:9000/abc;tcp'], ['Expires', '900'])

  it('answers the challenge and takes the path', async () => {
    const { result, asked } = await ask([asks(), grants])
    expect(result).toEqual({ ok: true, value: { usePath: ['msrps://relay:9000/abc;tcp'], expiresSeconds: 900 } })
    expect(asked[0]!.headers).toEqual([{ name: 'Expires', value: '3600' }])
    expect(asked[1]!.headers[1]!.name).toBe('Authorization')
  })

  it.each([
    ['rejected', [asks(), asks()], { kind: 'rejected' }],
    [
      'endlessly stale',
      [asks(), asks({ stale: true }), asks({ stale: true }), asks({ stale: true })],
      { kind: 'rejected' },
    ],
    ['a foreign realm', [asks({ realm: 'evil' })], { kind: 'foreign-realm' }],
    ['forbidden', [reply(403)], { kind: 'refused', status: 403 }],
    ['silence', [() => null], { kind: 'timed-out' }],
    ['a lost connection', [() => 'closed' as const], { kind: 'closed' }],
    ['no Use-Path', [asks(), reply(200)], { kind: 'malformed' }],
    ['a malformed challenge', [reply(401, ['WWW-Authenticate', 'Digest realm="'])], { kind: 'malformed' }],
    [
      'a relay that cannot prove itself',
      [asks(), reply(200, ['Use-Path', 'msrp://r:1/a;tcp'], ['Authentication-Info', 'rspauth="00"'])],
      { kind: 'unproven' },
    ],
    ['423 without bounds', [reply(423)], { kind: 'refused', status: 423 }],
  ] as const)('%s', async (_name, answers, error) => {
    expect((await ask([...answers])).result).toEqual({ ok: false, error })
  })

  it('follows 423', async () => {
    const { result, asked } = await ask([asks(), reply(423, ['Max-Expires', '600']), asks(), grants])
    expect(result).toMatchObject({ ok: true })
    expect(asked[2]!.headers).toEqual([{ name: 'Expires', value: '600' }])
  })
})
