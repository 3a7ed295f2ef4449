import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from '#shared/model/entry.ts'
import type { Aor, MessageId } from '#shared/model/ids.ts'
import { alice, aliceAccount, bob, conversationWith, eve, EntryMaker, messageIdOf } from '../history/history-fixture.ts'
import { anyBytes, ArchiveProfile, passphrase, piecesOf, secret } from './archive-fixture.ts'
import { utf8 } from '#shared/bytes/bytes.ts'

let from: ArchiveProfile
let to: ArchiveProfile
let make: EntryMaker
beforeEach(() => {
  from = new ArchiveProfile()
  to = new ArchiveProfile()
  make = new EntryMaker()
})
afterEach(async () => {
  await from.remove()
  await to.remove()
})

const all = { kind: 'all' } as const
const protection = () => ({ kind: 'passphrase', passphrase: utf8(passphrase) }) as const

async function story(): Promise<void> {
  const hello = make.incoming('hello <b>Alice</b>')
  const reply = make.outgoing('hi Bob 👋')
  const gone = make.incoming('forget this')
  const reaction = (author: Aor, target: Entry, emojis: string): Entry =>
    make.entry({
      ...{ kind: 'reaction', conversation: conversationWith(bob), peer: bob, author, emojis, sentAt: 1 },
      ...{ messageId: `r-${author}` as MessageId, target: messageIdOf(target) },
      targetAuthor: author === alice ? bob : alice,
    })
  const entries: Entry[] = [
    make.contact({ name: 'Bob Miller', note: 'from school', policy: 'accepted' }),
    ...[hello, reply, gone, make.incoming('from Eve', { peer: eve })],
    ...[
      make.edit(messageIdOf(hello), 'hello Alice'),
      make.delete(messageIdOf(gone)),
      make.delivery(messageIdOf(reply), 'displayed', bob),
    ],
    ...[make.call({ outcome: 'answered', durationMs: 61_000 }), make.read(messageIdOf(hello))],
    ...[reaction(alice, hello, '👍'), reaction(bob, reply, '❤️ 😂')],
  ]
  await from.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries })
  await from.identity.ensure(alice)
}

async function importInto(profile: ArchiveProfile): Promise<Awaited<ReturnType<ArchiveProfile['archive']['apply']>>> {
  profile.source = from.target
  await profile.archive.choose()
  await profile.archive.verify({ secret: secret() })
  return profile.archive.apply()
}

const shown = async (profile: ArchiveProfile) =>
  (await profile.messages()).map(({ key, text, deleted, edited, call, sentAt, reactions }) => ({
    reactions,
    key,
    text,
    deleted,
    edited,
    call,
    sentAt,
  }))

describe('an export', () => {
  it('holds the whole history, verified, and comes back in an empty profile', async () => {
    await story()
    const result = await from.archive.exportSealed({ scope: all, protection: protection() })
    expect(result).toMatchObject({ entries: 12, messages: 4, conversations: 2, attachments: 0, signedBy: [alice] })
    expect(readdirSync(from.folder)).toEqual(['export.age'])

    const done = await importInto(to)
    expect(done.newMessages).toBe(5)
    expect(await shown(to)).toEqual(await shown(from))
    expect((await shown(to)).flatMap(({ reactions = [] }) => reactions)).toHaveLength(2)
    const names = async (profile: ArchiveProfile) =>
      (await profile.history.reader.conversations()).conversations.map(({ id, name, peer }) => ({ id, name, peer }))
    expect(await names(to)).toEqual(await names(from))
    expect((await to.messages()).every(({ authenticatedBy }) => authenticatedBy === 'file')).toBe(true)
  })

  it('changes nothing the second time', async () => {
    await story()
    await from.archive.exportSealed({ scope: all, protection: protection() })
    await importInto(to)
    const before = await to.messages()
    to.source = from.target
    await to.archive.choose()
    const summary = await to.archive.verify({ secret: secret() })
    expect(summary).toMatchObject({ newMessages: 0, newOthers: 0, newConversations: 0, conflicts: 0, heldMessages: 5 })
    await to.archive.apply()
    expect(await to.messages()).toEqual(before)
  })

  it('keeps what its own device said where the identity is the same', async () => {
    await story()
    await from.archive.exportSealed({ scope: all, protection: protection() })
    const before = { messages: await from.messages(), contacts: await from.history.reader.contacts() }
    await from.history.writer.commit({ eraseAccounts: [alice], accounts: [] })
    await from.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }] })
    expect(await from.messages()).toEqual([])
    from.source = from.target
    await from.archive.choose()
    expect(await from.archive.verify({ secret: secret() })).toMatchObject({ worth: 'own', leftOut: 0 })
    await from.archive.apply()
    expect(await from.messages()).toEqual(before.messages)
    expect(await from.history.reader.contacts()).toEqual(before.contacts)
  })

  it('brings attachments along, under the same ids, also from a foreign file', async () => {
    const plain = anyBytes(300_000)
    const kept = await from.attachments.write(piecesOf(plain))
    const lost = { id: anyBytes(32), key: anyBytes(32) }
    const file = (fileName: string, attachment: string, attachmentKey: Uint8Array): Entry => {
      const { head, body } = make.incoming('')
      if (body.kind !== 'message') throw new Error('not a message')
      const { conversation, peer, author, messageId, sentAt } = body
      return {
        head,
        body: {
          ...{
            kind: 'file',
            conversation,
            peer,
            author,
            messageId,
            sentAt,
            fileName,
            mediaType: 'image/png',
            size: plain.length,
          },
          ...{ attachment: attachment as typeof kept.id, attachmentKey },
        },
      }
    }
    const entries = [
      file('kept.png', kept.id, kept.key),
      file('lost.png', Buffer.from(lost.id).toString('base64url'), lost.key),
    ]
    await from.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries })
    const result = await from.archive.exportSealed({ scope: all, protection: protection() })
    expect(result).toMatchObject({ attachments: 1, missingAttachments: 1 })
    expect(await importInto(to)).toMatchObject({ attachments: 1 })
    const files = (await to.messages()).map(({ file: shownFile }) => shownFile?.name)
    expect(files).toEqual(['kept.png', 'lost.png'])
    expect(await to.attachments.isIntact(kept.id)).toBe(true)
    const pieces: Uint8Array[] = []
    for await (const piece of to.attachments.read(kept)) pieces.push(piece)
    expect(Buffer.concat(pieces).equals(plain)).toBe(true)
    expect(await importInto(to)).toMatchObject({ attachments: 0 })

    to.target = path.join(to.folder, 'pages')
    const pages = await to.archive.exportReadable({ scope: all, format: 'html' })
    expect(pages).toMatchObject({ attachments: 1, missingAttachments: 1 })
    expect(readFileSync(path.join(to.target, 'files/00001-kept.png')).equals(plain)).toBe(true)
    expect(readFileSync(path.join(to.target, 'conversation-00001.html'), 'utf8')).toContain(
      'href="files/00001-kept.png"',
    )
  })

  it('of one conversation or a period holds that and no more', async () => {
    await story()
    const one = await from.archive.exportSealed({
      scope: { kind: 'conversation', conversationId: conversationWith(eve) },
      protection: protection(),
    })
    expect(one).toMatchObject({ messages: 1, conversations: 1 })
    const [first] = await from.messages()
    const period = { kind: 'period', from: 0, to: (first?.receivedAt ?? 0) + 1 } as const
    const early = await from.archive.exportSealed({ scope: period, protection: protection() })
    expect(early.messages).toBe(1)
    await expect(
      from.archive.exportSealed({ scope: { kind: 'period', from: 0, to: 1 }, protection: protection() }),
    ).rejects.toMatchObject({ code: 'export-nothing' })
  })
})
