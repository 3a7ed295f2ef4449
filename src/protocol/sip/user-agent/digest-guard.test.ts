import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { computeHa1, parseAuthorization, verifyResponse } from '../digest.ts'
import type { SipRequest } from '../message.ts'
import { DigestGuard } from './digest-guard.ts'
import { farRequest, respond } from '#test/fakes/sip-flow-server.ts'
import type { DigestSecrets } from './user-agent.ts'

const secrets: DigestSecrets = {
  username: 'alice',
  realm: 'example.org',
  ha1Md5: computeHa1('MD5', 'alice', 'example.org', 'pw'),
  ha1Sha256: computeHa1('SHA-256', 'alice', 'example.org', 'pw'),
  password: null,
  strongest: 'SHA-256',
}
const guard = (changes: Partial<DigestSecrets> = {}): DigestGuard =>
  new DigestGuard({ ...secrets, ...changes }, new SeededRandom(1))
const challenge = (text: string): { name: string; value: string } => ({
  name: 'proxy-authenticate',
  value: `Digest ${text}`,
})
const strong = challenge('realm="example.org", nonce="a", algorithm=SHA-256, qop="auth"')
const weak = challenge('realm="example.org", nonce="b", algorithm=MD5, qop="auth"')
const foreign = challenge('realm="evil", nonce="c", algorithm=SHA-256, qop="auth"')
const inDialog = (method: string, callId: string): SipRequest =>
  farRequest(method, { to: '<sip:bob@example.org>;tag=theirs', 'call-id': callId })

describe('which challenges are answered', () => {
  it.each([
    ['MD5 after SHA-256', [weak], 'weaker-digest-refused'],
    ['another realm', [foreign], 'foreign-realm-refused'],
    ['nothing at all', [], 'no-usable-challenge'],
    ['a broken challenge', [challenge('realm="example.org", nonce="a", nonce="b"')], 'no-usable-challenge'],
  ])('not: %s', (_name, challenges, refusal) => {
    const request = farRequest('INVITE')
    expect(guard().judge(respond(request, 407, challenges), request)).toEqual({ ok: false, error: refusal })
  })

  it('the strongest of the own realm, in whatever order', () => {
    const own = guard()
    for (const order of [
      [strong, weak, foreign],
      [foreign, weak, strong],
    ]) {
      const request = farRequest('MESSAGE', {}, { body: Buffer.from('x') })
      const judged = own.judge(respond(request, 407, order), request)
      if (!judged.ok) throw new Error(judged.error)
      const proof = parseAuthorization(own.authorize(judged.value.ticket, request)!)!
      expect(proof).toMatchObject({ nonce: 'a', algorithm: 'SHA-256' })
      expect(verifyResponse(proof, request, secrets.ha1Sha256!)).toBe(true)
    }
  })

  it('MD5 only while nothing stronger was ever seen', () => {
    const request = farRequest('REGISTER')
    const own = guard({ strongest: null })
    expect(own.judge(respond(request, 407, [weak]), request).ok).toBe(true)
  })

  it('in a dialog only after the own proxy challenged its INVITE, and never a BYE', () => {
    const own = guard()
    const refused = { ok: false, error: 'no-usable-challenge' }
    const judge = (request: SipRequest): unknown => own.judge(respond(request, 407, [strong]), request)
    expect(judge(inDialog('INVITE', 'call'))).toEqual(refused)
    expect(judge(farRequest('INVITE', { 'call-id': 'call' }))).toMatchObject({ ok: true })
    expect(judge(inDialog('INVITE', 'call'))).toMatchObject({ ok: true })
    expect(judge(inDialog('UPDATE', 'another'))).toEqual(refused)
    expect(judge(inDialog('BYE', 'call'))).toEqual(refused)
  })

  it('once per request, unless the nonce was stale', () => {
    const own = guard()
    const request = farRequest('REGISTER')
    const first = own.judge(respond(request, 407, [strong]), request)
    if (!first.ok) throw new Error(first.error)
    expect(own.authorize(first.value.ticket, request)).not.toBeNull()
    expect(own.authorize(first.value.ticket, request)).toBeNull()
    expect(own.judge(respond(request, 407, [strong]), request)).toEqual({ ok: false, error: 'wrong-password' })
    const stale = challenge('realm="example.org", nonce="d", algorithm=SHA-256, qop="auth", stale=true')
    expect(own.judge(respond(request, 407, [stale]), request)).toMatchObject({ ok: true, value: { stale: true } })
  })
})

describe('what a registration teaches', () => {
  it('a server that moved from MD5 to SHA-256 is not let back', () => {
    const own = guard({ strongest: 'MD5' })
    const request = farRequest('REGISTER')
    const judged = own.judge(respond(request, 407, [strong]), request)
    if (!judged.ok) throw new Error(judged.error)
    own.authorize(judged.value.ticket, request)
    expect(own.confirm(request)).toMatchObject({ strongest: 'SHA-256', realm: 'example.org' })
    expect(own.confirm(request)).toBeNull()
    const later = farRequest('REGISTER')
    expect(own.judge(respond(later, 407, [weak]), later)).toEqual({ ok: false, error: 'weaker-digest-refused' })
  })

  it('a changed password, once, under the pinned realm and no weaker than before', () => {
    const password = Buffer.from('new')
    const own = guard({ ha1Md5: null, ha1Sha256: null, password })
    const request = farRequest('REGISTER')
    expect(own.judge(respond(request, 407, [foreign]), request)).toMatchObject({ error: 'foreign-realm-refused' })
    expect(own.judge(respond(request, 407, [weak]), request)).toMatchObject({ error: 'weaker-digest-refused' })
    const judged = own.judge(respond(request, 407, [strong]), request)
    if (!judged.ok) throw new Error(judged.error)
    own.authorize(judged.value.ticket, request)
    expect(own.confirm(request)).toEqual({
      ...secrets,
      ha1Md5: computeHa1('MD5', 'alice', 'example.org', 'new'),
      ha1Sha256: computeHa1('SHA-256', 'alice', 'example.org', 'new'),
    })
    expect(password.toString()).toBe('\0\0\0')
    expect(own.confirm(request)).toBeNull()
  })

  it('a success without our credentials teaches nothing', () => {
    expect(guard({ realm: null, password: Buffer.from('pw') }).confirm(farRequest('REGISTER'))).toBeNull()
  })
})
