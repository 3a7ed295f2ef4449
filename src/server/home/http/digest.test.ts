import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { digestResponse, HttpDigest, parseDigest } from './digest.ts'
import { ManualClock } from '#test/fakes/home-server.ts'
import { systemRandom } from '../system-ports.ts'

const ha1 = '7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232'

test('RFC 7616 §3.9.1, SHA-256', () => {
  const response = digestResponse(ha1, {
    method: 'GET',
    uri: '/dir/index.html',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    nc: '00000001',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  })
  expect(response).toBe('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1')
})

describe('HttpDigest', () => {
  let clock: ManualClock
  let digest: HttpDigest
  const answer = (challenge: string, fields: Partial<Record<string, string>> = {}): string => {
    const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? ''
    const used = { username: 'alice', realm: 'home', uri: '/me', nc: '00000001', cnonce: 'c', nonce, ...fields }
    const response = digestResponse(fields.ha1 ?? ha1, { ...used, method: 'GET' })
    return (
      `Digest username="${used.username}", realm="${used.realm}", nonce="${used.nonce}", uri="${used.uri}", ` +
      `algorithm=SHA-256, qop=auth, nc=${used.nc}, cnonce="${used.cnonce}", response="${response}"`
    )
  }

  beforeEach(() => {
    clock = new ManualClock()
    digest = new HttpDigest({
      realm: 'home',
      clock,
      random: systemRandom,
      ha1: (user) => (user === 'alice' ? ha1 : null),
    })
  })

  test('proves the user once per nonce count', () => {
    const header = answer(digest.challenge(false))
    expect(digest.verify(header, 'GET', '/me')).toEqual({ user: 'alice' })
    expect(digest.verify(header, 'GET', '/me')).toEqual({ refused: 'stale' })
  })

  test('refuses other targets, methods, realms, users, secrets and nonces', () => {
    const challenge = digest.challenge(false)
    expect(digest.verify(answer(challenge), 'DELETE', '/me')).toEqual({ refused: 'wrong' })
    expect(digest.verify(answer(challenge), 'GET', '/me/export')).toEqual({ refused: 'wrong' })
    expect(digest.verify(answer(challenge, { realm: 'other' }), 'GET', '/me')).toEqual({ refused: 'wrong' })
    expect(digest.verify(answer(challenge, { username: 'bob' }), 'GET', '/me')).toEqual({ refused: 'wrong' })
    expect(digest.verify(answer(challenge, { username: 'bob', ha1: '0'.repeat(64) }), 'GET', '/me')).toEqual({
      refused: 'wrong',
    })
    expect(digest.verify(answer(challenge, { ha1: '1'.repeat(64) }), 'GET', '/me')).toEqual({ refused: 'wrong' })
    expect(digest.verify(answer(challenge, { nonce: 'mine' }), 'GET', '/me')).toEqual({ refused: 'stale' })
    expect(digest.verify(undefined, 'GET', '/me')).toEqual({ refused: 'missing' })
    expect(digest.verify(answer(challenge), 'GET', '/me')).toEqual({ user: 'alice' })
  })

  test('looks secrets up elsewhere, once for an answer to a fresh challenge', async () => {
    const asked: string[] = []
    const find = (user: string): Promise<string | null> => {
      asked.push(user)
      return Promise.resolve(user === 'alice' ? ha1 : null)
    }
    const verify = (header: string | undefined) => digest.verifyWith(find, header, { method: 'GET', uri: '/me' })
    const header = answer(digest.challenge(false))
    expect(await verify(undefined)).toEqual({ refused: 'missing' })
    expect(await verify(answer('nonce="mine"'))).toEqual({ refused: 'stale' })
    expect(asked).toEqual([])
    // Both at once: only one of them counts.
    expect(await Promise.all([verify(header), verify(header)])).toEqual([{ user: 'alice' }, { refused: 'stale' }])
    expect(await verify(answer(digest.challenge(false), { username: 'bob' }))).toEqual({ refused: 'wrong' })
    expect(asked).toEqual(['alice', 'alice', 'bob'])
  })

  test('forgets nonces after five minutes and keeps a bounded number', () => {
    const challenge = digest.challenge(false)
    clock.advance(300_001)
    expect(digest.verify(answer(challenge), 'GET', '/me')).toEqual({ refused: 'stale' })
    const early = digest.challenge(false)
    for (let i = 0; i < 1_000; i += 1) digest.challenge(false)
    expect(digest.verify(answer(early), 'GET', '/me')).toEqual({ refused: 'stale' })
  })

  test('garbage is no answer and throws nothing', () => {
    fc.assert(fc.property(fc.string(), (text) => parseDigest(`Digest ${text}`) === null))
    expect(parseDigest(`${answer('nonce="x"')}, nc=00000002`)).toBeNull()
    expect(parseDigest(answer('nonce="x"').replace('SHA-256', 'MD5'))).toBeNull()
  })
})
