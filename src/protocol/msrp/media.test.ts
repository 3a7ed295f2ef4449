import { describe, expect, it } from 'vitest'
import { MsrpError } from './errors.ts'
import {
  answerSetup,
  msrpMediaAddress,
  msrpMediaAttributes,
  msrpMediaProtocol,
  offererRole,
  parseMsrpMedia,
  type MsrpMedia,
} from './media.ts'

const media: MsrpMedia = {
  secure: true,
  path: ['msrps://[2001:db8::1]:2856/r;tcp', 'msrps://x.invalid:2855/own;ws'],
  acceptTypes: ['message/cpim', 'text/*'],
  acceptWrappedTypes: ['text/plain', 'application/im-iscomposing+xml'],
  maxSize: 1_000_000,
  setup: 'actpass',
}

describe('m=message attributes', () => {
  it('survive writing and reading', () => {
    expect(parseMsrpMedia(msrpMediaProtocol(media), msrpMediaAttributes(media))).toEqual(media)
    const plain = { ...media, secure: false, acceptWrappedTypes: [], maxSize: null, setup: null }
    expect(msrpMediaAttributes(plain).map((attribute) => attribute.name)).toEqual(['accept-types', 'path'])
    expect(parseMsrpMedia('tcp/msrp', msrpMediaAttributes(plain))).toEqual(plain)
    expect(msrpMediaAddress(media)).toEqual({ host: '2001:db8::1', port: 2856 })
  })

  it('need a path, types and the right protocol', () => {
    const attributes = msrpMediaAttributes(media)
    expect(parseMsrpMedia('RTP/AVP', attributes)).toBeNull()
    for (const missing of ['path', 'accept-types']) {
      expect(() =>
        parseMsrpMedia(
          'TCP/MSRP',
          attributes.filter(({ name }) => name !== missing),
        ),
      ).toThrow(MsrpError)
    }
    const odd = [...attributes.filter(({ name }) => name !== 'setup'), { name: 'setup', value: 'both' }]
    expect(parseMsrpMedia('TCP/MSRP', odd)?.setup).toBeNull()
  })

  it('the two ends never take the same role', () => {
    for (const offered of ['active', 'passive', 'actpass', null] as const) {
      const answered = answerSetup(offered)
      expect(offererRole(answered)).not.toBe(answered)
      if (offered === 'active' || offered === 'passive') expect(answered).not.toBe(offered)
    }
    expect(offererRole(null)).toBe('active')
  })
})
