import { readdirSync, readFileSync } from 'node:fs'
import { deflateRawSync, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fuzz } from './cpim.fuzz.ts'
import { parseCpim, parseDateTime, serializeCpim, type CpimMessage } from './cpim.ts'
import { CpimError } from './errors.ts'
import {
  findImdn,
  imdnContent,
  imdnHeaders,
  imdnMessageId,
  parseImdn,
  requestedDispositions,
  serializeImdn,
  type ImdnReport,
} from './imdn.ts'
import { inflateBounded } from './inflate.ts'
import {
  parseIsComposing,
  serializeIsComposing,
  stepComposer,
  stepReceiver,
  type ComposerEvent,
  type ComposerState,
} from './is-composing.ts'
import { parseXml } from './xml.ts'

const vectors = new URL('../../../test/vectors/', import.meta.url)

function vector(name: string): Buffer {
  return readFileSync(new URL(name, vectors))
}

/** Some vectors begin with the MIME header that surrounds the CPIM body; one breaks a line for print. */
function cpimVector(name: string): Buffer {
  return Buffer.from(
    vector(`cpim/${name}`)
      .toString('latin1')
      .replace(/^content-type: message\/cpim\r?\n\r?\n/i, '')
      .replace(/;\r?\nboundary/, '; boundary'),
    'latin1',
  )
}

const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8')
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

function message(overrides: Partial<CpimMessage> = {}): CpimMessage {
  return {
    from: { displayName: 'Älice "A" \\ Doe', uri: 'sip:alice@example.com' },
    to: [{ displayName: '', uri: 'sip:bob@example.com' }],
    cc: [],
    dateTimeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    subject: null,
    require: [],
    headers: imdnHeaders('d834jied93rf', ['positive-delivery', 'display']),
    content: { contentType: 'text/plain; charset=utf-8', headers: [], body: utf8('Grüße 👋\n') },
    ...overrides,
  }
}

describe('CPIM bodies printed in the RFCs', () => {
  const names = readdirSync(new URL('cpim/', vectors)).filter((name) => name.endsWith('.cpim'))
  const templates = ['rfc3862-01.cpim', 'rfc3862-02.cpim', 'rfc3862-03.cpim']
  it('are all there', () => expect(names).toHaveLength(16))

  it.each(templates)('%s is a template, not a message', (name) => {
    expect(() => parseCpim(cpimVector(name))).toThrow(CpimError)
  })

  it.each(names.filter((name) => !templates.includes(name)))(
    '%s is read, with LF and with CRLF, and survives writing',
    (name) => {
      const lf = cpimVector(name).toString('latin1').replace(/\r\n/g, '\n')
      const parsed = parseCpim(Buffer.from(lf, 'latin1'))
      const other = parseCpim(Buffer.from(lf.replace(/\n/g, '\r\n'), 'latin1'))
      expect({ ...other, content: null }).toEqual({ ...parsed, content: null })
      expect(parsed.from ?? parsed.dateTimeMs).not.toBeNull()
      expect(parseCpim(serializeCpim(parsed))).toEqual(parsed)
    },
  )

  it('RFC 3862 §5.1 means what it says', () => {
    const parsed = parseCpim(cpimVector('rfc3862-04.cpim'))
    expect(parsed.from).toEqual({ displayName: 'MR SANDERS', uri: 'im:piglet@100akerwood.com' })
    expect(parsed.subject).toBe('the weather will be fine today')
    expect(parsed.dateTimeMs).toBe(Date.UTC(2000, 11, 13, 21, 40))
    expect(parsed.require).toEqual(['MyFeatures.VitalMessageOption'])
    expect(parsed.headers[0]).toMatchObject({ namespace: 'mid:MessageFeatures@id.foo.com', name: 'VitalMessageOption' })
    expect(parsed.content.contentType).toBe('text/xml; charset=utf-8')
    expect(parsed.content.headers).toEqual([{ name: 'Content-ID', value: '<1234567890@foo.com>' }])
    expect(textOf(parsed.content.body)).toMatch(/^<body>/)
  })

  it('RFC 5438 asks and answers', () => {
    const asked = parseCpim(cpimVector('rfc5438-01-L467.cpim'))
    expect(imdnMessageId(asked)).toBe('34jk324j')
    expect(requestedDispositions(asked)).toEqual(['positive-delivery', 'negative-delivery'])
    const answer = findImdn('message/cpim', cpimVector('rfc5438-02-L605.cpim'))
    expect(answer).toMatchObject({ messageId: '34jk324j', disposition: { kind: 'delivery', status: 'delivered' } })
  })
})

describe('CPIM', () => {
  it('writes strict CRLF and raw UTF-8', () => {
    expect(textOf(serializeCpim(message()))).toBe(
      [
        'From: "Älice \\"A\\" \\\\ Doe" <sip:alice@example.com>',
        'To: <sip:bob@example.com>',
        'DateTime: 2026-01-02T03:04:05.678Z',
        'NS: imdn <urn:ietf:params:imdn>',
        'imdn.Message-ID: d834jied93rf',
        'imdn.Disposition-Notification: positive-delivery, display',
        '',
        'Content-Type: text/plain; charset=utf-8',
        '',
        'Grüße 👋\n',
      ].join('\r\n'),
    )
  })

  it('takes what Blink writes', () => {
    const blink =
      'From: Bob <sip:bob@example.com>\r\nTo: <sip:alice@example.com>\r\nDateTime: 2026-01-02T03:04:05+01:00\r\n\r\n' +
      'Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding:\n\nhé\nllo'
    const parsed = parseCpim(utf8(blink))
    expect(textOf(parsed.content.body)).toBe('hé\nllo')
    expect(parsed.content.contentType).toBe('text/plain; charset="utf-8"')
  })

  it('keeps control characters in names and subjects from becoming headers', () => {
    const hostile = message({
      from: { displayName: 'x\r\nTo: <sip:eve@example.com>\u2028', uri: 'sip:a@b' },
      subject: 'a\r\n\r\nb\\u0041',
    })
    const parsed = parseCpim(serializeCpim(hostile))
    expect(parsed.to).toHaveLength(1)
    expect(parsed.from?.displayName).toBe('x\r\nTo: <sip:eve@example.com>')
    expect(parsed.subject).toBe('a\r\n\r\nb\\u0041')
  })

  it.each([
    { from: { displayName: '', uri: 'sip:a@b>\r\nX: y' } },
    { content: { contentType: 'text/plain\r\nX: y', headers: [], body: utf8('') } },
    { content: { contentType: 'text/plain', headers: [{ name: 'X Y', value: '' }], body: utf8('') } },
    { headers: [{ namespace: 'urn:x>', name: 'A', value: 'b', parameters: [] }] },
    { headers: [{ namespace: 'urn:x', name: 'A:', value: 'b', parameters: [] }] },
  ] as Partial<CpimMessage>[])('refuses to write %j', (overrides) => {
    expect(() => serializeCpim(message(overrides))).toThrow(CpimError)
  })

  it.each([
    ['nothing', ''],
    ['no colon', 'From <sip:a@b>\r\n\r\n\r\nx'],
    ['a bad address', 'From: <>\r\n\r\n\r\nx'],
    ['endless headers', 'X: y\r\n'.repeat(1000)],
    ['an endless line', `X: ${'y'.repeat(100_000)}`],
    ['a bad namespace', 'NS: imdn urn\r\n\r\n'],
  ])('refuses %s', (_name, text) => expect(() => parseCpim(utf8(text))).toThrow(CpimError))

  it('reads times with zones and nothing else', () => {
    expect(parseDateTime('2008-04-04T12:16:49-05:00')).toBe(Date.UTC(2008, 3, 4, 17, 16, 49))
    expect(parseDateTime('2008-04-04T12:16:49+0100')).toBe(Date.UTC(2008, 3, 4, 11, 16, 49))
    for (const text of ['', 'yesterday', '2008-04-04', '2008-13-44T99:99:99Z', '1'])
      expect(parseDateTime(text)).toBeNull()
  })

  it('any text and any body survive', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => text.isWellFormed())
    fc.assert(
      fc.property(texts, texts, texts, fc.uint8Array({ maxLength: 200 }), (name, subject, value, body) => {
        const header = { namespace: 'urn:x:y', name: 'Note', value: value.trim(), parameters: [] }
        const written = message({
          from: { displayName: name.trim(), uri: 'sip:a@b' },
          subject: subject.trim(),
          headers: [header],
          content: { contentType: 'a/b', headers: [], body },
        })
        const parsed = parseCpim(serializeCpim(written))
        expect(parsed.from?.displayName.trim()).toBe(name.trim())
        expect(parsed.subject?.trim()).toBe(subject.trim())
        expect(parsed.headers).toEqual([header])
        expect([...parsed.content.body]).toEqual([...body])
      }),
      { numRuns: 300 },
    )
  })
})

describe('IMDN', () => {
  const names = readdirSync(new URL('presence-imdn-xml/', vectors)).filter((name) => name.startsWith('rfc5438'))
  it.each(names)('%s is read and survives writing', (name) => {
    const report = parseImdn(vector(`presence-imdn-xml/${name}`))
    expect(report.messageId).toBe('34jk324j')
    expect(report.recipientUri).toBe('im:bob@example.com')
    expect(parseImdn(serializeImdn(report))).toEqual(report)
  })
  it('all five are there', () => expect(names).toHaveLength(5))

  it('is found bare, wrapped and deflated', () => {
    const report: ImdnReport = {
      messageId: 'abc<&>"\'123',
      dateTimeMs: 1_700_000_000_000,
      recipientUri: 'sip:bob@example.com?a=1&b=2',
      originalRecipientUri: null,
      disposition: { kind: 'display', status: 'displayed' },
    }
    const bare = serializeImdn(report)
    expect(findImdn('Message/IMDN+xml; charset=utf-8', bare)).toEqual(report)
    expect(findImdn('message/cpim', serializeCpim(message({ content: imdnContent(report) })))).toEqual(report)
    expect(findImdn('text/plain', bare)).toBeNull()
    for (const packed of [deflateSync(bare), deflateRawSync(bare)])
      expect(textOf(inflateBounded(packed, 65_536))).toBe(textOf(bare))
  })

  it('does not inflate a bomb or noise', () => {
    expect(() => inflateBounded(deflateSync(Buffer.alloc(10_000_000)), 65_536)).toThrow(CpimError)
    expect(() => inflateBounded(Buffer.from('not deflated at all'), 65_536)).toThrow(CpimError)
  })
})

describe('XML', () => {
  it.each([
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['an unknown entity', '<a>&b;</a>'],
    ['an unbound prefix', '<x:a/>'],
    ['two roots', '<a/><b/>'],
    ['a broken tag', '<a'],
    ['nothing', ''],
    ['great depth', '<a>'.repeat(40) + '</a>'.repeat(40)],
    ['many elements', `<a>${'<b/>'.repeat(600)}</a>`],
    ['great length', `<a>${' '.repeat(70_000)}</a>`],
  ])('refuses %s', (_name, text) => expect(() => parseXml(utf8(text))).toThrow(CpimError))

  it('refuses what is not UTF-8', () => expect(() => parseXml(Buffer.from('<a>\xff</a>', 'latin1'))).toThrow(CpimError))
  it('knows the five entities and numbers', () => expect(parseXml(utf8('<a>&lt;&#65;&amp;</a>')).text).toBe('<A&'))
})

describe('is-composing', () => {
  it.each(['rfc3994-01-isComposing.wf.xml', 'rfc3994-02-isComposing.wf.xml'])(
    '%s is read and survives writing',
    (name) => {
      const parsed = parseIsComposing(vector(`presence-imdn-xml/${name}`))
      expect(parsed.contentType).toMatch(/^(text\/plain|audio)$/)
      expect(parseIsComposing(serializeIsComposing(parsed))).toEqual(parsed)
    },
  )

  const run = (...events: ComposerEvent[]): string[] => {
    let state: ComposerState = 'idle'
    return events.flatMap((event) => {
      const step = stepComposer(state, event)
      state = step.state
      return step.effects.flatMap((effect) => (effect.kind === 'send' ? [effect.state] : []))
    })
  }
  it('says active once, refreshes, and says idle after silence or when cleared, never after sending', () => {
    expect(run('typed', 'typed', 'typed')).toEqual(['active'])
    expect(run('typed', 'refresh-timer', 'idle-timer', 'typed')).toEqual(['active', 'active', 'idle', 'active'])
    expect(run('typed', 'sent', 'idle-timer', 'refresh-timer', 'cleared')).toEqual(['active'])
    expect(run('typed', 'cleared', 'sent')).toEqual(['active', 'idle'])
  })

  it('shows composing until idle, a message, or a missing refresh', () => {
    const active = { state: 'active', lastActiveMs: null, contentType: null, refreshSeconds: null } as const
    const status = (refreshSeconds: number | null) =>
      ({ kind: 'status', status: { ...active, refreshSeconds } }) as const
    const timer = (refresh: number | null) =>
      stepReceiver('idle', status(refresh)).effects.find((effect) => effect.kind === 'start-timer')
    expect(timer(null)).toMatchObject({ timer: 'expiry', delayMs: 120_000 })
    expect(timer(90)).toMatchObject({ delayMs: 90_000 })
    expect(timer(1)).toMatchObject({ delayMs: 60_000 })
    expect(timer(999_999_999)).toMatchObject({ delayMs: 3_600_000 })
    for (const event of [
      { kind: 'message' },
      { kind: 'expiry' },
      { kind: 'status', status: { ...active, state: 'idle' } },
    ] as const) {
      expect(stepReceiver('composing', event)).toMatchObject({
        state: 'idle',
        effects: [{ kind: 'show', composing: false }, {}],
      })
      expect(stepReceiver('idle', event).effects).toEqual([])
    }
  })
})

it('garbage throws nothing but CpimError', () => fuzz(2000, 1))
