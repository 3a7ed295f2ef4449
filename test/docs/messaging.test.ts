import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readBody } from '#main/chat/wire-read.ts'
import { utf8 } from '#shared/bytes/bytes.ts'

const page = readFileSync(new URL('../../docs/messaging.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/```cpim\n([\s\S]*?)\n```/g)].map((match) => match[1]!)
const read = (example: string) => readBody({ contentType: 'message/cpim', payload: utf8(example) }, 'call-id')

describe('docs/messaging.md', () => {
  it('has examples that mean what the page says', () => {
    const original = 'Y3VyaW91c2VyYW5kb20xMg'
    const [alice, bob] = ['sip:alice@example.org', 'sip:bob@example.org']
    expect(examples.map(read)).toMatchObject([
      {
        ...{ kind: 'line', author: alice, recipient: bob, messageId: original, previous: 'YW5vdGhlcnJhbmRvbWlkMQ' },
        sentAt: Date.UTC(2026, 10, 20, 20, 15),
        content: { kind: 'text', text: 'Shall we meet at eight?' },
        wanted: { delivered: true, displayed: true },
      },
      { kind: 'line', content: { kind: 'edit', target: original, text: 'Shall we meet at nine?' }, ownCopy: null },
      { kind: 'line', content: { kind: 'delete', target: original }, wanted: { delivered: false, displayed: false } },
      {
        ...{ kind: 'line', author: bob, recipient: alice, wanted: { delivered: false, displayed: false } },
        content: { kind: 'reaction', target: original, of: 'recipient', emojis: ['👍', '❤️'] },
      },
      { kind: 'receipt', author: bob, target: original, state: 'displayed', ownCopy: null },
      { kind: 'line', author: alice, messageId: original, ownCopy: { direction: 'outgoing' } },
      { kind: 'mark', author: bob, recipient: alice, state: 'read', target: 'Ym9ic21lc3NhZ2VyYW5kb20' },
      {
        ...{ kind: 'contact', author: alice, recipient: bob, entryId: 'Y29udGFjdGNvbnRhY3Rjbw' },
        hlc: { wallMs: Date.UTC(2026, 10, 20, 20, 19), counter: 3 },
        said: { policy: 'accepted', muted: false, name: 'Bob from work', note: 'sings\nbass' },
        ownCopy: { direction: 'outgoing' },
      },
    ])
  })

  it('has the same examples with the line ends of the wire', () => {
    for (const example of examples) expect(read(example.replaceAll('\n', '\r\n'))).toEqual(read(example))
  })
})
