import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '#shared/errors.ts'
import {
  dateOf,
  expiresOf,
  headerItems,
  maxForwardsOf,
  parseContacts,
  parseCSeq,
  parseNameAddress,
  parseVia,
  serializeDate,
  serializeNameAddress,
  serializeVia,
  withHeader,
} from './headers.ts'
import type { SipRequest } from './message.ts'

const request = (...headers: [string, string][]): SipRequest => ({
  kind: 'request',
  method: 'REGISTER',
  uri: 'sip:b',
  headers: headers.map(([name, value]) => ({ name, value })),
  body: new Uint8Array(0),
})

describe('name-addr', () => {
  it.each([
    ['"A. \\"G\\" <x>;y, z" <sip:a@b;lr>;tag=1', 'A. "G" <x>;y, z', 'sip:a@b;lr', '1'],
    ['Alice Example<sip:a@b>;Tag=2', 'Alice Example', 'sip:a@b', '2'],
    ['sip:a@b;tag=3', '', 'sip:a@b', '3'],
    ['<tel:+1;ext=2> ; tag = "q 4"', '', 'tel:+1;ext=2', 'q 4'],
  ])('reads %s', (value, displayName, uri, tag) => {
    const address = parseNameAddress(value)
    expect([address.displayName, address.uri, address.parameters.get('tag')]).toEqual([displayName, uri, tag])
    expect(parseNameAddress(serializeNameAddress(address))).toEqual(address)
  })

  it.each([
    '"open <sip:a@b>',
    '"a" sip:a@b',
    '<sip:a@b',
    'sip:a@b?x=y',
    'Bell, Alexander <sip:a@b>',
    '< sip:a@b >',
    '<sip:a@b>x',
    '<sip:a@b>;=',
    '',
    '<>',
  ])('refuses %s', (value) => expect(() => parseNameAddress(value)).toThrow(ProtocolError))

  it('carries any display name there and back', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
        (name) => {
          const displayName = name.replace(/[\r\n]/g, '').toWellFormed()
          const address = { displayName, uri: 'sip:a@b', parameters: new Map([['tag', 'x']]) }
          expect(parseNameAddress(serializeNameAddress(address))).toEqual(address)
        },
      ),
    )
  })

  it('stays quick on a megabyte of hostile name', () => {
    const started = performance.now()
    for (const value of [
      `${'a'.repeat(1_000_000)}@`,
      `"${'\\'.repeat(1_000_000)}`,
      `${'a '.repeat(500_000)}\x01<sip:a@b>`,
      `<sip:a@b>${';a'.repeat(400_000)}=`,
    ]) {
      expect(() => parseNameAddress(value)).toThrow(ProtocolError)
    }
    expect(performance.now() - started).toBeLessThan(1_500)
  })
})

describe('lists and numbers', () => {
  it('splits at commas outside quotes and brackets only', () => {
    const message = request(['contact', '"a,b" <sip:a@b?x=1,2>, <sip:c@d>;q="0,5"'], ['contact', 'sip:e@f'])
    expect(headerItems(message, 'contact')).toEqual(['"a,b" <sip:a@b?x=1,2>', '<sip:c@d>;q="0,5"', 'sip:e@f'])
    for (const value of ['a,,b', ',a', 'a,', '"a,b'])
      expect(() => headerItems(request(['x', `${value}, c`]), 'x')).toThrow(ProtocolError)
    expect(parseContacts(request(['contact', '*']))).toBe('*')
    expect(() => parseContacts(request(['contact', '*'], ['contact', '<sip:a@b>']))).toThrow(ProtocolError)
  })

  it('reads Via with blanks, ports and IPv6', () => {
    expect(
      parseVia('SIP / 2.0 / udp  first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1'),
    ).toMatchObject({ transport: 'UDP', host: 'first.example.com', port: 4000 })
    const six = parseVia('SIP/2.0/TLS [2001:db8::9:1]:5061;received=[2001:db8::9:255];rport;branch=z9hG4bKas3')
    expect([six.host, six.port, six.parameters.get('received'), six.parameters.get('rport')]).toEqual([
      '[2001:db8::9:1]',
      5061,
      '[2001:db8::9:255]',
      null,
    ])
    expect(parseVia(serializeVia(six))).toEqual(six)
    for (const value of [
      'SIP/3.0/UDP h',
      'SIP/2.0/UDP',
      'SIP/2.0/UDP h:99999',
      'SIP/2.0/UDP h;;b=1',
      'SIP/2.0/UDP h b',
    ]) {
      expect(() => parseVia(value)).toThrow(ProtocolError)
    }
  })

  it('bounds CSeq, Max-Forwards and Expires', () => {
    expect(parseCSeq('0009 INVITE')).toEqual({ sequence: 9, method: 'INVITE' })
    for (const value of ['2147483648 A', '-1 A', '1', '1 A B', 'x A', '99999999999 A'])
      expect(() => parseCSeq(value)).toThrow(ProtocolError)
    expect(maxForwardsOf(request(['max-forwards', '255']))).toBe(255)
    expect(() => maxForwardsOf(request(['max-forwards', '256']))).toThrow(ProtocolError)
    expect(expiresOf(request(['expires', '4294967295']))).toBe(4294967295)
    expect(() => expiresOf(request(['expires', '1; x']))).toThrow(ProtocolError)
  })

  it('reads and writes Date in GMT only', () => {
    expect(dateOf(request(['date', serializeDate(1_700_000_000_000)]))).toBe(1_700_000_000_000)
    expect(dateOf(request(['date', 'Fri, 01 Jan 2010 16:00:00 EST']))).toBeNull()
  })

  it('replaces in place', () => {
    const message = request(['a', '1'], ['b', '2'], ['a', '3'])
    expect(withHeader(message, 'a', '9').headers).toEqual([
      { name: 'a', value: '9' },
      { name: 'b', value: '2' },
    ])
  })
})
