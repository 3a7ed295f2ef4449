import { describe, expect, it } from 'vitest'
import {
  bundlePathOf,
  contentSecurityPolicy,
  isAllowedPermission,
  isTrustedSender,
  mimeTypeOf,
  pageHeaders,
} from './security.ts'

describe('bundlePathOf', () => {
  it('names files of the bundle', () => {
    expect(bundlePathOf('sotto://app/index.html')).toBe('index.html')
    expect(bundlePathOf('sotto://app/assets/main-abc.js')).toBe('assets/main-abc.js')
  })

  it.each([
    'https://app/index.html',
    'sotto://evil/index.html',
    'sotto://app/',
    'sotto://app/assets/%2e%2e/%2e%2e/keys.json',
    'sotto://app/assets/..%2fkeys.json',
    'sotto://app/.hidden',
    'sotto://app/a//b.js',
    'file:///etc/passwd',
    'not a url',
  ])('refuses %s', (url) => {
    expect(bundlePathOf(url)).toBeNull()
  })
})

describe('page security', () => {
  it('trusts only the top frame of our page', () => {
    expect(isTrustedSender({ url: 'sotto://app/index.html#/chat', top: true })).toBe(true)
    expect(isTrustedSender({ url: 'sotto://app/index.html', top: false })).toBe(false)
    expect(isTrustedSender({ url: 'https://evil.example/index.html', top: true })).toBe(false)
    expect(isTrustedSender(null)).toBe(false)
  })

  it('allows no inline code and no network', () => {
    expect(contentSecurityPolicy).toContain("default-src 'none'")
    expect(contentSecurityPolicy).toContain("connect-src 'none'")
    expect(contentSecurityPolicy).not.toMatch(/unsafe|https?:|\*/)
  })

  it('serves known types and grants what calls and notifications need', () => {
    expect(mimeTypeOf('a/b.js')).toBe('text/javascript; charset=utf-8')
    expect(mimeTypeOf('a/b.exe')).toBeNull()
    expect(mimeTypeOf('a/b.constructor')).toBeNull()
    expect(['notifications', 'media', 'speaker-selection'].every(isAllowedPermission)).toBe(true)
    expect(['geolocation', 'midi', 'display-capture', 'clipboard-read', ''].some(isAllowedPermission)).toBe(false)
  })

  it('lets our own pages, and nobody else, capture', () => {
    const allowed = pageHeaders['permissions-policy']
    expect(allowed).toContain('microphone=(self), camera=(self)')
    expect(allowed).not.toContain('*')
  })
})
