import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { escapeHtml } from '#main/archive/readable/html.ts'
import { safeFileName } from '#main/archive/readable/readable-job.ts'
import { alice, aliceAccount, bob, conversationWith, eve, EntryMaker, messageIdOf } from '../history/history-fixture.ts'
import type { MessageId } from '#shared/model/ids.ts'
import { ArchiveProfile } from './archive-fixture.ts'

const attack =
  '<script>alert(1)</script><img src="https://evil.example/x.png" onerror=alert(2)> & "quotes" \'\u0000\u202e'
let profile: ArchiveProfile
beforeEach(async () => {
  profile = new ArchiveProfile()
  profile.target = path.join(profile.folder, 'readable')
  const make = new EntryMaker()
  const hello = make.incoming(attack)
  const gone = make.incoming('forget this')
  const reaction = make.entry({
    ...{ kind: 'reaction', conversation: conversationWith(bob), peer: bob, author: alice, sentAt: 1 },
    ...{ messageId: 'r1' as MessageId, target: messageIdOf(hello), targetAuthor: bob, emojis: '👍 ❤️' },
  })
  await profile.history.writer.commit({
    accounts: [{ id: aliceAccount, aor: alice }],
    entries: [
      ...[
        hello,
        make.outgoing('fine'),
        gone,
        make.delete(messageIdOf(gone)),
        make.call({ outcome: 'missed', video: true }),
      ],
      ...[make.contact({ name: '<b>Bob</b>' }), reaction, make.incoming('from Eve', { peer: eve })],
    ],
  })
})
afterEach(() => profile.remove())

const read = (name: string) => readFileSync(path.join(profile.target, name), 'utf8')

describe('pages that anybody can read', () => {
  it('show the messages, escaped, and load nothing from anywhere', async () => {
    const result = await profile.archive.exportReadable({ scope: { kind: 'all' }, format: 'html' })
    expect(result).toMatchObject({ path: profile.target, messages: 5, conversations: 2, signedBy: [] })
    expect(readdirSync(profile.target).sort()).toEqual([
      'conversation-00001.html',
      'conversation-00002.html',
      'index.html',
    ])
    const pages = ['conversation-00001.html', 'conversation-00002.html'].map(read)
    const bobs = pages.find((page) => page.includes('fine')) ?? ''
    expect(bobs).toContain(escapeHtml(attack))
    expect(bobs).toContain('&lt;b&gt;Bob&lt;/b&gt;')
    expect(bobs).toContain('👍 ❤️ <bdi>alice@example.org</bdi>')
    expect(bobs).toContain('Message deleted')
    expect(bobs).toContain('Missed call, with video')
    expect(bobs).not.toContain('forget this')
    for (const page of [...pages, read('index.html')]) {
      expect(page).toContain(`default-src 'none'; style-src 'sha256-`)
      expect(page).not.toMatch(/<(?:script|img|link|iframe|object|form|base)\b/i)
      expect(page).not.toMatch(/<[^>]*\son\w+=/i)
      expect(page).not.toContain('\u0000')
      expect(page).toContain('color-scheme:light dark')
    }
  })

  it('are JSON for programs', async () => {
    await profile.archive.exportReadable({ scope: { kind: 'all' }, format: 'json' })
    const index = JSON.parse(read('index.json')) as {
      conversations: { file: string; messages: number; peer: string }[]
    }
    expect(index.conversations.map(({ messages }) => messages).sort()).toEqual([1, 4])
    for (const { file, messages } of index.conversations) {
      const page = JSON.parse(read(file)) as { messages: { text: string }[] }
      expect(page.messages).toHaveLength(messages)
    }
    const texts = index.conversations.flatMap(({ file }) =>
      (JSON.parse(read(file)) as { messages: { text: string }[] }).messages.map(({ text }) => text),
    )
    expect(texts).toContain(attack)
    const whole = index.conversations.map(({ file }) => read(file)).join('')
    expect(whole).toContain(JSON.stringify([{ author: alice, emojis: ['👍', '❤️'] }]))
  })

  it('leave nothing behind when there is nothing to export, or the name is taken', async () => {
    await expect(
      profile.archive.exportReadable({ scope: { kind: 'period', from: 0, to: 1 }, format: 'html' }),
    ).rejects.toMatchObject({ code: 'export-nothing' })
    expect(existsSync(profile.target)).toBe(false)
    await profile.archive.exportReadable({ scope: { kind: 'all' }, format: 'html' })
    await expect(profile.archive.exportReadable({ scope: { kind: 'all' }, format: 'html' })).rejects.toMatchObject({
      code: 'disk-failed',
    })
    expect(readdirSync(profile.folder)).toEqual(['readable'])
  })
})

describe('names of files beside the pages', () => {
  it('mean a plain file on every system', () => {
    const names = [
      'plan.pdf',
      '../../etc/passwd',
      '.bashrc',
      'a\u202egpj.exe',
      'con\\aux:1?.txt',
      '...',
      'x'.repeat(300),
      'Übersicht 1.odt',
    ]
    for (const name of names.map(safeFileName)) {
      expect(name).toMatch(/^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u)
      expect(name.length).toBeLessThanOrEqual(80)
      expect(name).not.toContain('..')
    }
  })
})
