import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SipParseError } from '../errors.ts'
import { headerValue } from '../headers.ts'
import { bareDescription, restoreIdentity, unsupportedOptions, withSipIdentities } from './normalise.ts'
import { farRequest } from '#test/fakes/sip-flow-server.ts'

const sdp = 'v=0\r\ns=-\r\nm=message 1 TCP/MSRP *\r\n'
const described = (type: string, body: string): string => {
  const message = bareDescription(farRequest('INVITE', { 'content-type': type }, { body: Buffer.from(body) }))
  return headerValue(message, 'content-type') === 'application/sdp' ? Buffer.from(message.body).toString() : 'kept'
}

describe('session descriptions', () => {
  it('lose parameters, and are found among other parts', () => {
    expect(described('Application/SDP ; charset="utf-8"', sdp)).toBe(sdp)
    const other = '--x\r\nContent-Type: application/isup;version=1\r\n\r\n\x01\x02\r\n'
    const part = `--x\r\nContent-Disposition: session\r\ncontent-type: Application/SDP; a=b\r\n\r\n${sdp.trimEnd()}\r\n`
    expect(described('multipart/mixed;boundary=x', `preamble\r\n${other}${part}--x--\r\nepilogue`)).toBe(sdp)
    expect(described('multipart/alternative; boundary="x"', `${part}${other}--x--`)).toBe(sdp)
  })

  it.each([
    ['no boundary', 'multipart/mixed', sdp],
    ['no such part', 'multipart/mixed;boundary=x', '--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--'],
    ['after the end', 'multipart/mixed;boundary=x', `--x--\r\n--x\r\nContent-Type: application/sdp\r\n\r\n${sdp}`],
    [
      'encoded',
      'multipart/mixed;boundary=x',
      `--x\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\ndj0w\r\n--x--`,
    ],
    ['another type', 'text/plain', sdp],
  ])('are not invented: %s', (_name, type, body) => {
    expect(described(type, body)).toBe('kept')
  })

  it('nothing in a body or its type throws anything but a parse error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (bytes, parameters) => {
        try {
          described(
            `multipart/mixed;boundary=x${parameters.replace(/[\r\n\0]/g, '')}`,
            `--x${Buffer.from(bytes).toString('latin1')}\r\n--x\r\n\r\n`,
          )
        } catch (error) {
          expect(error).toBeInstanceOf(SipParseError)
        }
      }),
    )
  })
})

describe('identities', () => {
  it.each([
    ['<tel:+1-555-0100;phone-context=example.org>;tag=a', '<sip:+15550100@home.test>;tag=a'],
    ['"Ä" <sips:bob@b.test;x=y>;tag=a', '"Ä" <sip:bob@b.test;x=y>;tag=a'],
    ['<urn:service:sos>;tag=a', '<sip:anonymous@home.test>;tag=a'],
  ])('%s becomes %s, and comes back', (from, expected) => {
    const { request, original } = withSipIdentities(farRequest('INVITE', { from }), 'home.test')
    expect(headerValue(request, 'from')).toBe(expected)
    expect(original?.from).toBe(from)
    expect(restoreIdentity(from, headerValue(request, 'from')!)).toBe(from)
  })

  it('sip stays as it is, byte by byte', () => {
    const request = farRequest('INVITE', { from: 'Bob <sip:bob@b.test>;tag=1;x="y"' })
    expect(withSipIdentities(request, 'home.test')).toEqual({ request, original: null })
  })

  it('get the tag that was made in between', () => {
    expect(restoreIdentity('<tel:+15550100>', '<sip:+15550100@home.test>;tag=new')).toBe('<tel:+15550100>;tag=new')
  })
})

it('only known option tags pass', () => {
  expect(unsupportedOptions(['timer', 'outbound', '100rel'])).toBeNull()
  expect(unsupportedOptions(['precondition', 'timer', 'x'])).toBe('precondition, x')
})
