import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromBase64Url, toBase64Url } from '../bytes/base64url.ts'
import { parseInvitation, serializeInvitation } from './invitation.ts'

const invitation = {
  host: '192.168.1.20',
  port: 5061,
  code: Uint8Array.from({ length: 16 }, (_, i) => i),
  spkiSha256: Uint8Array.from({ length: 32 }, (_, i) => 255 - i),
  expiresAt: 1_800_000_000_000,
}

describe('invitation', () => {
  test('comes back as it was made, also broken over lines', () => {
    const text = serializeInvitation(invitation)
    expect(text).toMatch(/^sotto-invite:1:[A-Za-z0-9_-]+$/)
    expect(parseInvitation(text)).toEqual({ ok: true, value: invitation })
    expect(parseInvitation(` ${text.slice(0, 30)}\r\n  ${text.slice(30)}\n`)).toEqual({ ok: true, value: invitation })
  })

  test('any changed character is noticed', () => {
    const text = serializeInvitation(invitation)
    const start = 'sotto-invite:1:'.length
    for (let i = start; i < text.length; i += 1) {
      const other = text[i] === 'A' ? 'B' : 'A'
      expect(parseInvitation(text.slice(0, i) + other + text.slice(i + 1)).ok).toBe(false)
    }
    expect(parseInvitation(text.slice(0, -1)).ok).toBe(false)
  })

  test('says what is wrong', () => {
    expect(parseInvitation('hello')).toEqual({ ok: false, error: 'not-an-invitation' })
    expect(parseInvitation('sotto-invite:2:AAAA')).toEqual({ ok: false, error: 'newer-version' })
    expect(parseInvitation('sotto-invite:1:AAAA')).toEqual({ ok: false, error: 'damaged' })
    expect(parseInvitation('x'.repeat(1_000_000))).toEqual({ ok: false, error: 'not-an-invitation' })
  })

  test('garbage never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseInvitation(text)
        parseInvitation(`sotto-invite:1:${text}`)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (b) => void parseInvitation(`sotto-invite:1:${toBase64Url(b)}`)),
    )
  })

  test('base64url is the usual one, and strict', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = toBase64Url(bytes)
        expect(text).toBe(Buffer.from(bytes).toString('base64url'))
        expect(fromBase64Url(text)).toEqual(new Uint8Array(bytes))
      }),
    )
    expect(fromBase64Url('AB')).toBeNull()
    expect(fromBase64Url('A')).toBeNull()
    expect(fromBase64Url('AA==')).toBeNull()
  })
})
