import { describe, expect, it } from 'vitest'
import type { CallPolicy } from '#shared/model/calls.ts'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia, type RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { allowsClear, allowsSdes, answeredKeying, chooseKeying, type KeyRules, mayFollow } from './keying.ts'

const key = 'inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd'
const lines = {
  crypto: `a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${key}`,
  zrtp: `a=zrtp-hash:1.10 ${'ab'.repeat(32)}`,
  dtls: `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
}

function media(protocol: string, ...with_: readonly (keyof typeof lines)[]): RtpMedia {
  const head = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio 4000 ${protocol} 0`]
  const session = parseSdp([...head, ...with_.map((name) => lines[name])].join('\r\n'))
  const [section] = session.media
  const read = section === undefined ? null : readRtpMedia(session, section)
  if (read === null) throw new Error('no section')
  return read
}

const rules = (policy: CallPolicy, more: Partial<KeyRules> = {}): KeyRules => ({
  policy,
  ...{ signallingSecure: true, verified: false, choseDtls: false },
  ...more,
})
const policies = ['zrtp-required', 'zrtp-preferred', 'sdes-over-tls', 'any'] as const
const text = (chosen: ReturnType<typeof chooseKeying>): string =>
  typeof chosen === 'string' ? chosen : `${chosen.kind}${chosen.zrtp ? '+zrtp' : ''}`
const chosen = (offered: RtpMedia, more: Partial<KeyRules> = {}): string[] =>
  policies.map((policy) => text(chooseKeying(offered, rules(policy, more))))

const [avp, savp, dtls] = ['RTP/AVP', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF']
const needs = 'needs-encryption'

describe('what a policy allows', () => {
  it('of SDES depends on the signalling', () => {
    expect(policies.map((policy) => allowsSdes(rules(policy)))).toEqual([false, true, true, true])
    expect(policies.map((policy) => allowsSdes(rules(policy, { signallingSecure: false })))).toEqual([
      ...[false, false, false, true],
    ])
  })

  it('of clear media is nothing for contacts that were compared', () => {
    expect(policies.map((policy) => allowsClear(rules(policy)))).toEqual([false, true, false, true])
    expect(policies.map((policy) => allowsClear(rules(policy, { verified: true })))).toEqual(Array(4).fill(false))
    expect(policies.map((policy) => allowsClear(rules(policy, { choseDtls: true })))).toEqual(Array(4).fill(false))
  })
})

describe('an offered section', () => {
  it.each<[string, RtpMedia, readonly string[]]>([
    //                                                    required     preferred    sdes         any
    ['in clear', media(avp), ['clear+zrtp', 'clear+zrtp', 'clear+zrtp', 'clear+zrtp']],
    ['with ZRTP', media(avp, 'zrtp'), ['clear+zrtp', 'clear+zrtp', 'clear+zrtp', 'clear+zrtp']],
    ['with both', media(avp, 'zrtp', 'crypto'), ['clear+zrtp', 'clear+zrtp', 'clear+zrtp', 'clear+zrtp']],
    ['with SDES at will', media(avp, 'crypto'), ['clear+zrtp', 'sdes+zrtp', 'sdes+zrtp', 'sdes+zrtp']],
    ['with SDES', media(savp, 'crypto'), [needs, 'sdes', 'sdes', 'sdes']],
    ['with SDES and ZRTP', media(savp, 'crypto', 'zrtp'), [needs, 'sdes+zrtp', 'sdes+zrtp', 'sdes+zrtp']],
    ['secure without keys', media(savp), [needs, needs, needs, needs]],
    ['with DTLS', media(dtls, 'dtls'), [needs, 'dtls', 'dtls', 'dtls']],
    ['over DTLS without a fingerprint', media(dtls, 'crypto', 'zrtp'), [needs, needs, needs, needs]],
  ])('%s', (_what, offered, keyed) => {
    expect(chosen(offered)).toEqual(keyed)
  })

  it('with SDES through clear signalling is taken under any alone', () => {
    expect(chosen(media(savp, 'crypto'), { signallingSecure: false })).toEqual([needs, needs, needs, 'sdes'])
  })

  it('of a compared contact is ZRTP or a downgrade', () => {
    const verified = { verified: true }
    expect(chosen(media(avp, 'zrtp'), verified)).toEqual(Array(4).fill('clear+zrtp'))
    for (const lesser of [media(savp, 'crypto'), media(dtls, 'dtls')])
      expect(chosen(lesser, verified)).toEqual(Array(4).fill('downgrade'))
  })

  it('is taken with DTLS by the user’s choice, but not below the floor', () => {
    const choice = { verified: true, choseDtls: true }
    expect(chosen(media(dtls, 'dtls'), choice)).toEqual([needs, 'dtls', 'dtls', 'dtls'])
    expect(chosen(media(avp, 'zrtp'), choice)).toEqual(['clear+zrtp', needs, needs, needs])
  })
})

describe('an answered section', () => {
  const [ours] = media(savp, 'crypto').crypto
  const descriptions = ours === undefined ? [] : [ours]
  const answered = (answer: RtpMedia, kind: 'zrtp' | 'sdes' | 'dtls', policy: CallPolicy = 'zrtp-preferred') =>
    text(answeredKeying(answer, { kind, descriptions: kind === 'dtls' ? [] : descriptions }, rules(policy)))

  it.each<[string, RtpMedia, ...string[]]>([
    //                                               zrtp          sdes                  dtls
    ['in clear', media(avp), 'clear+zrtp', 'refuses-encryption', 'refuses-encryption'],
    ['with ZRTP', media(avp, 'zrtp'), 'clear+zrtp', 'refuses-encryption', 'refuses-encryption'],
    ['with our tag', media(savp, 'crypto'), 'sdes', 'sdes', 'refuses-encryption'],
    ['with our tag and ZRTP', media(avp, 'crypto', 'zrtp'), 'sdes+zrtp', 'sdes+zrtp', 'refuses-encryption'],
    ['secure without keys', media(savp), 'refuses-encryption', 'refuses-encryption', 'refuses-encryption'],
    ['with DTLS', media(dtls, 'dtls'), 'refuses-encryption', 'refuses-encryption', 'dtls'],
    ['over DTLS without a fingerprint', media(dtls), 'refuses-encryption', 'refuses-encryption', 'refuses-encryption'],
  ])('%s', (_what, answer, ...keyed) => {
    expect([answered(answer, 'zrtp'), answered(answer, 'sdes'), answered(answer, 'dtls')]).toEqual(keyed)
  })

  it('with keys that were not offered has none', () => {
    const others = { kind: 'zrtp', descriptions: descriptions.map((one) => ({ ...one, tag: 2 })) } as const
    expect(text(answeredKeying(media(avp, 'crypto'), others, rules('any')))).toBe('clear+zrtp')
    expect(text(answeredKeying(media(savp, 'crypto'), others, rules('any')))).toBe('refuses-encryption')
  })

  it('never takes SDES where ZRTP is required', () => {
    expect(answered(media(savp, 'crypto'), 'zrtp', 'zrtp-required')).toBe('refuses-encryption')
    expect(answered(media(avp, 'crypto'), 'zrtp', 'zrtp-required')).toBe('clear+zrtp')
  })
})

describe('keys that follow others', () => {
  const description = { tag: 1, suite: 'AEAD_AES_128_GCM', key: new Uint8Array(16), salt: new Uint8Array(12) } as const
  const clear = { kind: 'clear', zrtp: true } as const
  const dtls = { kind: 'dtls', zrtp: false } as const
  const sdes = { kind: 'sdes', zrtp: false, description: { ...description, lifetime: null, mki: null } } as const

  it.each([
    ['anything at first', null, clear, true],
    ['SDES after clear', clear, sdes, true],
    ['clear after SDES', sdes, clear, false],
    ['SDES after SDES', sdes, sdes, true],
    ['DTLS after DTLS', dtls, dtls, true],
    ['clear after DTLS', dtls, clear, false],
    ['SDES after DTLS', dtls, sdes, false],
    ['DTLS after clear', clear, dtls, false],
  ] as const)('%s', (_what, before, now, may) => {
    expect(mayFollow(before, now, false)).toBe(may)
  })

  it('of ZRTP stay whatever is described, but for DTLS', () => {
    expect([clear, sdes].map((now) => mayFollow(sdes, now, true))).toEqual([true, true])
    expect(mayFollow(clear, dtls, true)).toBe(false)
  })
})
