import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isEmojiOnly, isSafeLink, linkify } from './linkify.ts'

const links = (text: string): readonly string[] =>
  linkify(text)
    .filter((run) => run.kind === 'link')
    .map((run) => run.text)

describe('links in messages', () => {
  it.each([
    ['see https://example.org/a?b=c#d.', 'https://example.org/a?b=c#d'],
    ['(https://example.org/a_(b))', 'https://example.org/a_(b)'],
    ['"https://example.org"', 'https://example.org'],
    ['HTTPS://EXAMPLE.ORG/x', 'HTTPS://EXAMPLE.ORG/x'],
    ['https://example.org:8443/x, and', 'https://example.org:8443/x'],
  ])('finds the link in %s', (text, link) => {
    expect(links(text)).toEqual([link])
  })

  it.each([
    'http://example.org',
    'javascript:alert(1)',
    'https://user:secret@example.org',
    'https://example.org@evil.example',
    'https://еxample.org',
    'https://localhost/x',
    'https://example.org\\@evil.example',
    'xhttps://example.org',
    '<a href="file:///etc/passwd">x</a>',
  ])('makes no link of %s', (text) => {
    expect(links(text)).not.toContain(text)
    for (const link of links(text)) expect(isSafeLink(link)).toBe(true)
    expect(links(text).filter((link) => link.includes('@') || link.includes('\\'))).toEqual([])
  })

  it('loses nothing and links only what is safe', () => {
    const piece = fc.constantFrom(
      'https://example.org/',
      ' ',
      '(',
      ')',
      '.',
      '@',
      '\u202e',
      'https:',
      '//',
      'a',
      '日本',
      '\n',
    )
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join('')),
        (text) => {
          expect(
            linkify(text)
              .map((run) => run.text)
              .join(''),
          ).toBe(text)
          for (const link of links(text)) expect(isSafeLink(link)).toBe(true)
        },
      ),
    )
  })

  it('stays quick on a hostile megabyte', () => {
    const started = performance.now()
    linkify('https://'.repeat(125_000))
    linkify('https://a.example/'.repeat(5_500))
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('emoji-only messages', () => {
  it.each([
    ['🎉', true],
    ['👩‍👩‍👧‍👦 👍🏽', true],
    ['🇩🇪', true],
    ['🎉🎉🎉🎉', false],
    ['5', false],
    ['ok 👍', false],
    ['', false],
  ])('%s: %s', (text, expected) => {
    expect(isEmojiOnly(text)).toBe(expected)
  })

  it('does not stall on a link that ends in nothing but brackets', () => {
    const before = performance.now()
    const text = `https://example.org/${')'.repeat(49_000)}${']'.repeat(49_000)}`
    expect(linkify(text)[0]).toEqual({ kind: 'link', text: 'https://example.org/' })
    // It took most of a minute when each bracket was counted anew.
    expect(performance.now() - before).toBeLessThan(3_000)
  })
})
