import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pageOriginOf, toAppUrl, toPageUrl } from './page-url.ts'

describe('page addresses', () => {
  it('map there and back', () => {
    expect(toPageUrl('sotto://app/index.html?a=1#/chat')).toBe('https://app.sotto.invalid/index.html?a=1#/chat')
    expect(toAppUrl('https://app.sotto.invalid/index.html?a=1#/chat')).toBe('sotto://app/index.html?a=1#/chat')
    expect(toPageUrl('sotto://app')).toBe('https://app.sotto.invalid/')
    expect(pageOriginOf('sotto://app/x')).toBe('https://app.sotto.invalid')
  })

  it.each([
    'https://example.org/',
    'http://app.sotto.invalid/',
    'https://app.sotto.invalid.example.org/',
    'https://app.sotto.invalid:8443/',
    'https://user@app.sotto.invalid/',
    'https://app.sotto.invalid@example.org/',
    'https://a.app.sotto.invalid/',
    'data:text/html,x',
    'file:///etc/passwd',
    '',
  ])('does not take %s for ours', (url) => {
    expect(toAppUrl(url)).toBeNull()
  })

  it.each(['https://example.org/', 'http://x/', 'data:text/html,x', 'sotto:app', 'sotto://a b/'])(
    'opens no %s',
    (url) => {
      expect(toPageUrl(url)).toBeNull()
    },
  )

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl()), (text) => {
        toAppUrl(text)
        toPageUrl(text)
      }),
    )
  })
})
