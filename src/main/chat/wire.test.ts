import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8, utf8Text } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import type { Aor, DeviceId, MessageId } from '#shared/model/ids.ts'
import type { Line, Mark } from './wire-forms.ts'
import { readBody } from './wire-read.ts'
import { isSilentInPlain, writeLine, writeMark, writePlainLine, writeReceipt } from './wire-write.ts'

const alice = 'sip:alice@example.org' as Aor
const bob = 'sip:bob@example.org' as Aor
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/).map((text) => text as MessageId)
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .map((s) => s.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?'))
const ownCopy = fc.record({
  direction: fc.constantFrom('outgoing' as const, 'incoming' as const),
  device: fc.constant('ZGV2aWNlIGRldmljZSBkZQ' as DeviceId),
})
const line: fc.Arbitrary<Line> = fc.record({
  author: fc.constant(alice),
  recipient: fc.constant(bob),
  messageId: id,
  sentAt: fc.integer({ min: 0, max: 4e12 }),
  content: fc.oneof(
    fc.record({ kind: fc.constant('text' as const), text }),
    fc.record({ kind: fc.constant('edit' as const), target: id, text }),
    fc.record({ kind: fc.constant('delete' as const), target: id }),
    fc.record({
      ...{ kind: fc.constant('reaction' as const), target: id },
      of: fc.constantFrom('author' as const, 'recipient' as const),
      emojis: fc.uniqueArray(fc.constantFrom('👍', '❤️', '🏳️‍🌈', '👨‍👩‍👧‍👦', '🇩🇪', '👍🏽'), { maxLength: 6 }),
    }),
    fc.record({ kind: fc.constant('timer' as const), seconds: fc.integer({ min: 0, max: 31_536_000 }) }),
  ),
  expiresAfter: fc.option(fc.integer({ min: 1, max: 31_536_000 })),
  previous: fc.option(id),
  wanted: fc.record({ delivered: fc.boolean(), displayed: fc.boolean() }),
  ownCopy: fc.option(ownCopy),
})

const sample: Line = {
  ...{ author: alice, recipient: bob, messageId: 'm1' as MessageId, sentAt: 0, previous: null, ownCopy: null },
  ...{ content: { kind: 'text', text: 'Hi' }, expiresAfter: null },
  wanted: { delivered: true, displayed: true },
}

describe('lines, marks and receipts', () => {
  it('read back as they were written', () => {
    fc.assert(
      fc.property(line, (written) => {
        const body = writeLine(written)
        expect(readBody(body, 'unused')).toEqual({ kind: 'line', wrapped: true, ...written })
      }),
    )
    const mark: Mark = {
      ...{ author: alice, recipient: bob, messageId: 'm2' as MessageId, target: 'm1' as MessageId, at: 5 },
      ...{ state: 'failed', ownCopy: { direction: 'outgoing', device: 'device' as DeviceId } },
    }
    const { messageId: _id, at: _at, ...rest } = mark
    expect(readBody(writeMark(mark), 'unused')).toEqual({ kind: 'mark', ...rest })
    const receipt = { author: bob, recipient: alice, messageId: 'r' as MessageId, target: 'm1' as MessageId, at: 5 }
    for (const state of ['delivered', 'displayed'] as const)
      expect(readBody(writeReceipt({ ...receipt, state }), 'unused')).toEqual({
        ...{ kind: 'receipt', author: bob, target: 'm1', state, ownCopy: null },
      })
  })

  it('read as plain text elsewhere', () => {
    const edit = { kind: 'edit', target: 'm1' as MessageId, text: 'Hello' } as const
    expect(utf8Text(writePlainLine(edit).payload)).toBe('* Hello')
    expect(utf8Text(writeLine({ ...sample, content: edit }).payload)).toMatch(/\r\n\r\n\* Hello$/)
    const withdrawal = { kind: 'delete', target: 'm1' as MessageId } as const
    expect(utf8Text(writeLine({ ...sample, content: withdrawal }).payload)).toMatch(
      /\r\n\r\nThis message was withdrawn\.$/,
    )
  })

  it('take plain text, foreign wrappers and every way to write an address', () => {
    expect(readBody({ contentType: 'text/plain', payload: utf8('hey') }, 'call-id@host')).toMatchObject({
      ...{ kind: 'line', messageId: 'call-id@host', content: { kind: 'text', text: 'hey' }, author: null },
      wanted: { delivered: false, displayed: false },
    })
    for (const from of ['"Al" <sip:alice@EXAMPLE.org;gr=x>', '<sips:alice@example.org:5061>', 'im:alice@example.org'])
      expect(
        readBody(
          { contentType: 'Message/CPIM', payload: utf8(`From: ${from}\n\nContent-Type: text/plain\n\nhi`) },
          't',
        ),
      ).toMatchObject({ author: alice, messageId: 't', content: { text: 'hi' } })
    const subject = 'From: <sip:alice@example.org>\r\nSubject: News\r\n\r\nContent-Type: text/html\r\n\r\n<b>big</b>'
    expect(readBody({ contentType: 'message/cpim', payload: utf8(subject) }, 't')).toMatchObject({
      content: { text: 'News\nbig' },
    })
  })

  it.each([
    ['what must be understood and is not', 'Require: x.Secret\r\n', 'must-understand'],
    ['an author without address', 'From: <tel:+4912345>\r\n', 'bad-address'],
    ['a copy in no direction', 'NS: s <urn:x-sotto:chat:1>\r\ns.Own-Copy: sideways\r\n', 'bad-own-copy'],
    ['a mark outside of a copy', 'NS: s <urn:x-sotto:chat:1>\r\ns.Mark: read\r\ns.Target: m\r\n', 'bad-own-copy'],
    ['an edit of nothing', 'NS: s <urn:x-sotto:chat:1>\r\ns.Replaces: a b\r\n', 'bad-message-id'],
  ])('refuse %s', (_what, headers, code) => {
    const payload = utf8(`To: <sip:bob@example.org>\r\n${headers}\r\nContent-Type: text/plain\r\n\r\nx`)
    expect(() => readBody({ contentType: 'message/cpim', payload }, 't')).toThrow(expect.objectContaining({ code }))
  })

  it('throw nothing but ProtocolError, whatever comes', () => {
    const types = fc.oneof(
      fc.constantFrom('message/cpim', 'message/imdn+xml', 'application/im-iscomposing+xml', 'text/html', 'text/plain'),
      fc.string(),
    )
    const attempt = (contentType: string, payload: Uint8Array, transportId: string) => {
      try {
        readBody({ contentType, payload }, transportId)
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
      }
    }
    fc.assert(fc.property(types, fc.uint8Array({ maxLength: 200 }), fc.string(), attempt))
    const whole = writeLine({ ...sample, ownCopy: { direction: 'outgoing', device: 'd' as DeviceId } }).payload
    for (let end = 0; end <= whole.length; end++) attempt('message/cpim', whole.subarray(0, end), 't')
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        attempt('message/cpim', whole.with(at, byte), 't')
      }),
    )
  })
})

describe('a reaction', () => {
  const reactionWith = (body: string, { by = 'to', disposition = 'reaction' } = {}) => ({
    contentType: 'message/cpim',
    payload: utf8(
      [
        ...['From: <sip:bob@example.org>', 'To: <sip:alice@example.org>', 'NS: imdn <urn:ietf:params:imdn>'],
        ...['NS: sotto <urn:x-sotto:chat:1>', 'imdn.Message-ID: r1', 'sotto.In-Reply-To: m1'],
        ...[`sotto.In-Reply-To-Author: ${by}`, '', 'Content-Type: text/plain; charset=utf-8'],
        ...[`Content-Disposition: ${disposition}`, '', body],
      ].join('\r\n'),
    ),
  })
  const emojisOf = (body: string) => {
    const read = readBody(reactionWith(body), 'unused')
    return read.kind === 'line' && read.content.kind === 'reaction' ? read.content.emojis : null
  }

  it('has emoji only, each once and eight at most, in their full form', () => {
    expect(emojisOf('👍 \t ❤️\r\n')).toEqual(['👍', '❤️'])
    expect(emojisOf('❤ ☀ 👍 👍')).toEqual(['❤️', '☀️', '👍'])
    expect(emojisOf('😀 😁 😂 😃 😄 😅 😆 😇 😈 😉')).toHaveLength(8)
    expect(emojisOf('hello 👍')).toEqual(['👍'])
    for (const none of ['', ' \r\n', 'The reaction was taken back.']) expect([none, emojisOf(none)]).toEqual([none, []])
    expect(emojisOf('👍 '.repeat(100_000))).toEqual(['👍'])
  })

  it('changes nothing where it says something else, such as emoji of the future', () => {
    for (const none of [
      'hello',
      '1',
      '#',
      '👍👍',
      '\u200d',
      '🇩',
      '\u202e👍',
      '<b>',
      '\u{1fbff}',
      `${'😀'.repeat(200_000)} 👍`,
    ])
      expect(readBody(reactionWith(none), 'unused')).toEqual({
        kind: 'nothing',
        author: 'sip:bob@example.org',
        ownCopy: null,
      })
  })

  it('is refused where it does not say whose message it answers', () => {
    for (const by of ['', 'sip:alice@example.org', 'TO'])
      expect(() => readBody(reactionWith('👍', { by }), 'unused')).toThrow(ProtocolError)
  })

  it('is a text where the part is no reaction', () => {
    for (const disposition of ['inline', 'reactions', 'attachment; filename=reaction'])
      expect(readBody(reactionWith('👍', { disposition }), 'unused')).toMatchObject({
        content: { kind: 'text', text: '👍' },
      })
  })

  it('is its emoji in plain text, and words where it is taken back', () => {
    const content = { kind: 'reaction', target: 'm1' as MessageId, of: 'recipient', emojis: ['👍', '❤️'] } as const
    expect(utf8Text(writePlainLine(content).payload)).toBe('👍 ❤️')
    expect(isSilentInPlain(content)).toBe(false)
    expect(isSilentInPlain({ ...content, emojis: [] })).toBe(true)
  })
})
