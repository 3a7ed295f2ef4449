import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { parseMediaType, readableText } from './body-text.ts'
import { htmlText } from './html-text.ts'

describe('readableText', () => {
  it.each([
    ['text/plain', 'Hello', 'Hello'],
    ['text/plain; charset=UTF-8', 'a\r\nb\rc\u0007\u0000\u009b', 'a\nb\nc'],
    ['text/html', '<b>Hi</b> <i>Bob</i><br>bye', 'Hi Bob\nbye'],
    ['text/html;charset=utf-8', '<script>alert(1)</script>x<style>y</style>', 'x'],
    ['TEXT/HTML', '<p>1 &lt; 2 &amp; &#128512; &#x41; &nope;</p>', '1 < 2 & 😀 A &nope;'],
    ['text/html', '<img src=x onerror=alert(1)>Look', 'Look'],
    ['text/html', 'a <!-- b > c --> d', 'a  d'],
    ['text/html', '1 < 2 <', '1 < 2 <'],
    ['text/html', '<script>never ends', ''],
    ['text/html', 'İİİİ<B>one</B> <SCRIPT>x</SCRIPT>two', 'İİİİone two'],
    ['image/png', 'PNG', '[image/png, 3 B]'],
    ['<evil>', 'x', '[application/octet-stream, 1 B]'],
  ])('%s %j reads %j', (type, body, text) => {
    expect(readableText(type, utf8(body))).toBe(text)
  })

  it('reads other charsets and survives unknown ones', () => {
    expect(readableText('text/plain; charset="iso-8859-1"', Uint8Array.of(0xfc))).toBe('ü')
    expect(readableText('text/plain; charset=martian', utf8('ü'))).toBe('ü')
    expect(readableText('text/plain', Uint8Array.of(0x61, 0xff))).toBe('a\ufffd')
    expect(parseMediaType('text/plain;x=y;charset=koi8-r')).toEqual({ type: 'text/plain', charset: 'koi8-r' })
  })

  it('has no mark of byte order in front, however many came', () => {
    for (const marks of [1, 2, 3]) {
      const payload = Buffer.from(`${'\u{FEFF}'.repeat(marks)}hi\u{FEFF}`)
      expect(readableText('text/plain', payload)).toBe('hi\u{FEFF}')
      expect(readableText('text/html', payload)).toBe('hi')
    }
  })

  it('takes linear time for hostile HTML', () => {
    // Processor time and a ratio: other work on the machine must not decide.
    const cost = (piece: string, length: number): number => {
      const before = process.cpuUsage()
      htmlText(piece.repeat(length / piece.length))
      return process.cpuUsage(before).user / 1000
    }
    for (const piece of ['<script>', '<!--', '<', '</script', '&#', '<br', '<p>\n ', '<b> ', '&#32;', '&#10;'])
      expect(cost(piece, 2_000_000), piece).toBeLessThan(24 * cost(piece, 250_000) + 300)
  })

  it('never throws, and never lets a tag with a name through as markup', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), (type, payload) => {
        expect(readableText(type, payload).isWellFormed()).toBe(true)
        expect(readableText('text/html', payload).isWellFormed()).toBe(true)
      }),
    )
    fc.assert(
      fc.property(fc.array(fc.constantFrom('<', '>', '/', 'script', 'b', '!--', '-->', ' ', 'x')), (parts) => {
        expect(/<[a-z]/i.test(htmlText(parts.join('')))).toBe(false)
      }),
      { numRuns: 2000, examples: [[['<', '<', 'b', '>', 'b']]] },
    )
  })
})
