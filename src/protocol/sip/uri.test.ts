import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '#shared/errors.ts'
import { equalUris } from './uri-compare.ts'
import { escapeUser, parseUri, serializeUri, unescapeUri } from './uri.ts'

describe('parseUri', () => {
  it('reads every part', () => {
    expect(parseUri('SIPS:alice;day=tuesday:pw@Atlanta.COM:5061;Transport=TCP;lr?subject=x&Priority=urgent')).toEqual({
      scheme: 'sips',
      user: 'alice;day=tuesday',
      password: 'pw',
      host: 'atlanta.com',
      port: 5061,
      parameters: new Map([
        ['transport', 'TCP'],
        ['lr', null],
      ]),
      headers: 'subject=x&Priority=urgent',
    })
    expect(parseUri('sip:[2001:db8::1]:5060')).toMatchObject({ user: null, host: '[2001:db8::1]', port: 5060 })
    expect(parseUri('tel:+1-555-0100;ext=7')).toMatchObject({ scheme: 'tel', number: '+1-555-0100' })
    expect(parseUri('urn:service:sos')).toEqual({ scheme: 'other', name: 'urn', text: 'urn:service:sos' })
  })

  it.each([
    'sip:',
    'sip:@b',
    'sip:a@',
    'sip:a b@c',
    'sip:a@b:99999',
    'sip:a@b:x',
    'sip:a@b;',
    'sip:a@b;x;x',
    'sip:%4@b',
    'sip:a@b@c',
    'nothing',
    'tel:',
    'tel:+',
    'sip:ä@b',
  ])('refuses %s', (text) => expect(() => parseUri(text)).toThrow(ProtocolError))

  it('writes back what it read', () => {
    const user = fc.string({ minLength: 1, maxLength: 20 }).map(escapeUser)
    const uri = fc.record({
      user,
      host: fc.domain(),
      port: fc.option(fc.integer({ min: 0, max: 65_535 })),
      lr: fc.boolean(),
    })
    fc.assert(
      fc.property(uri, ({ user: name, host, port, lr }) => {
        const text = `sip:${name}@${host}${port === null ? '' : `:${port}`}${lr ? ';lr' : ''}`
        const parsed = parseUri(text)
        expect(parseUri(serializeUri(parsed))).toEqual(parsed)
        expect(equalUris(parsed, parseUri(serializeUri(parsed)))).toBe(true)
      }),
    )
    fc.assert(fc.property(fc.string(), (text) => unescapeUri(escapeUser(text.toWellFormed())) === text.toWellFormed()))
  })
})

describe('equalUris, RFC 3261 §19.1.4', () => {
  it.each([
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtlanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['tel:+1-555-0100', 'tel:+15550100'],
  ])('%s = %s', (a, b) => {
    expect(equalUris(parseUri(a), parseUri(b))).toBe(true)
    expect(equalUris(parseUri(b), parseUri(a))).toBe(true)
  })

  it.each([
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:a@b', 'sips:a@b'],
  ])('%s ≠ %s', (a, b) => {
    expect(equalUris(parseUri(a), parseUri(b))).toBe(false)
    expect(equalUris(parseUri(b), parseUri(a))).toBe(false)
  })
})
