import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { decodeIdentity } from '#main/identity/identity-record.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { utf8 } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { alice, aliceAccount, bob, conversationWith, EntryMaker, messageIdOf } from '../history/history-fixture.ts'
import { ArchiveProfile } from './archive-fixture.ts'

let from: ArchiveProfile
let to: ArchiveProfile
let make: EntryMaker
let identity: string
let recipient: string
beforeEach(async () => {
  from = new ArchiveProfile()
  to = new ArchiveProfile()
  make = new EntryMaker()
  identity = await generateX25519Identity()
  recipient = await identityToRecipient(identity)
})
afterEach(async () => {
  await from.remove()
  await to.remove()
})

const exportAll = () =>
  from.archive.exportSealed({ scope: { kind: 'all' }, protection: { kind: 'recipients', recipients: [recipient] } })

async function verify(profile: ArchiveProfile) {
  profile.source = from.target
  await profile.archive.choose()
  return profile.archive.verify({ secret: utf8(identity) })
}

describe('a foreign file', () => {
  it('never touches what is here: texts, edits, deletes, names, settings, what is unread', async () => {
    const here = make.incoming('mine', { id: 'same' })
    const unread = make.incoming('not read yet', { id: 'unread' })
    await to.history.writer.commit({
      accounts: [{ id: aliceAccount, aor: alice }],
      entries: [
        ...[here, unread],
        {
          ...make.contact({ name: 'My Bob', policy: 'accepted', muted: false }),
          head: { ...make.contact({}).head, authenticatedBy: 'own-device' },
        },
      ],
    })
    const before = {
      messages: await to.messages(),
      contacts: await to.history.reader.contacts(),
      conversations: (await to.history.reader.conversations()).conversations,
    }
    const claims = { authenticatedBy: 'own-device', verified: true } as const
    const entries = [
      make.incoming('theirs', { id: 'same' }),
      make.edit('same', 'edited'),
      make.delete('unread'),
      make.read('unread'),
      make.contact({ name: 'Evil', note: 'evil', policy: 'blocked', muted: true }),
    ].map((entry) => ({ ...entry, head: { ...entry.head, ...claims } }))
    await from.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries })
    await from.identity.ensure(alice)
    await exportAll()

    const summary = await verify(to)
    expect(summary).toMatchObject({ worth: 'foreign', newMessages: 0, conflicts: 1 })
    expect(summary.leftOut).toBeGreaterThanOrEqual(1)
    await to.archive.apply()
    expect(await to.messages()).toEqual(before.messages)
    const now = (await to.history.reader.contacts()).map(({ name, policy, callPolicy }) => ({
      name,
      policy,
      callPolicy,
    }))
    expect(now).toEqual(before.contacts.map(({ name, policy, callPolicy }) => ({ name, policy, callPolicy })))
    expect((await to.history.reader.conversations()).conversations).toEqual(before.conversations)
  })

  it('brings new conversations without trust, policy, marks or unread messages', async () => {
    const hello = make.incoming('hello')
    const claims = { authenticatedBy: 'omemo', verified: true } as const
    await from.history.writer.commit({
      accounts: [{ id: aliceAccount, aor: alice }],
      entries: [
        {
          ...hello,
          head: {
            ...hello.head,
            ...claims,
            hlc: { wallMs: 4_000_000_000_000, counter: 0 },
            observedAt: 4_000_000_000_000,
          },
        },
        make.contact({ name: 'Bob \u202egnp.exe', policy: 'accepted', muted: true }),
        make.outgoing('never sent'),
      ],
    })
    await exportAll()
    await verify(to)
    await to.archive.apply()
    const [conversation] = (await to.history.reader.conversations()).conversations
    expect(conversation).toMatchObject({ policy: 'none', muted: false, unread: 0, name: 'Bob gnp.exe' })
    const messages = await to.messages()
    expect(messages.map(({ authenticatedBy, state }) => ({ authenticatedBy, state }))).toEqual([
      { authenticatedBy: 'file', state: 'sent' },
      { authenticatedBy: 'file', state: 'delivered' },
    ])
    expect(Math.max(...messages.map(({ receivedAt }) => receivedAt))).toBeLessThanOrEqual(Date.now())
    expect(await to.history.reader.unreadUpTo(conversationWith(bob), Number.MAX_SAFE_INTEGER, 10)).toEqual([])
    expect((await to.history.lastHlc()).wallMs).toBeLessThanOrEqual(Date.now())
  })

  it('gives way to the real thing, whichever comes first', async () => {
    const real = make.incoming('real', { id: 'one' })
    const told = make.incoming('told by a file', { id: 'one' })
    await from.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries: [told] })
    await exportAll()
    await verify(to)
    await to.archive.apply()
    expect((await to.messages()).map(({ text }) => text)).toEqual(['told by a file'])
    await to.history.writer.commit({ entries: [real] })
    expect(await to.messages()).toMatchObject([{ text: 'real', conflicting: false, authenticatedBy: 'server' }])
  })
})

describe('an import that stops in the middle', { timeout: 240_000 }, () => {
  it('is completed by the next, which goes on where it stopped', async () => {
    const entries = Array.from({ length: 6_000 }, (_, i) => make.incoming(`message ${i}`))
    await from.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries })
    await exportAll()
    let commits = 0
    const broken = new ArchiveProfile({
      writer: {
        commit: (commit) => {
          commits += 1
          if (commits === 12) throw new SottoError('disk-failed')
          return to.history.writer.commit(commit)
        },
      },
      reader: to.history.reader,
    })
    await verify(broken)
    await expect(broken.archive.apply()).rejects.toMatchObject({ code: 'disk-failed' })
    await broken.remove()
    expect((await to.history.reader.counts()).messages).toBe(5500)

    const summary = await verify(to)
    expect(summary).toMatchObject({ resumes: true, newMessages: 500, heldMessages: 5500 })
    const phases = to.activities.length
    await to.archive.apply()
    expect((await to.history.reader.counts()).messages).toBe(6_000)
    expect(to.activities.slice(phases).length).toBeGreaterThan(0)
    expect(await to.history.reader.setting('archive.import')).toBeNull()
    expect(await verify(to)).toMatchObject({ resumes: false, newMessages: 0 })
  })

  it('by the user rejects as cancelled; so does an export, which leaves nothing behind', async () => {
    const entries = Array.from({ length: 6_000 }, (_, i) => make.incoming(`message ${i}`))
    await from.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries })
    let cancelled: Promise<void> | null = null
    const eager = new ArchiveProfile({
      reader: from.history.reader,
      changed: (activity) => {
        if (activity?.phase === 'writing') cancelled ??= eager.archive.cancel()
      },
    })
    const options = { scope: { kind: 'all' }, protection: { kind: 'recipients', recipients: [recipient] } } as const
    await expect(eager.archive.exportSealed(options)).rejects.toMatchObject({ code: 'cancelled' })
    expect(readdirSync(eager.folder)).toEqual([])
    await eager.remove()

    await exportAll()
    await verify(to)
    const applying = to.archive.apply()
    await new Promise((resolve) => setTimeout(resolve, 30))
    await to.archive.cancel()
    await expect(applying).rejects.toMatchObject({ code: 'cancelled' })
    await verify(to)
    await to.archive.apply()
    expect((await to.history.reader.counts()).messages).toBe(6_000)
  })
})

describe('an export', () => {
  it('replaces an older one only when it is whole', async () => {
    await from.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries: [make.incoming('one')] })
    writeFileSync(from.target, 'an older export')
    const failing = new ArchiveProfile({
      reader: { ...from.history.reader, archivePage: () => Promise.reject(new SottoError('disk-failed')) },
    })
    failing.target = from.target
    const options = { scope: { kind: 'all' }, protection: { kind: 'recipients', recipients: [recipient] } } as const
    await expect(failing.archive.exportSealed(options)).rejects.toMatchObject({ code: 'disk-failed' })
    await failing.remove()
    expect(readFileSync(from.target, 'utf8')).toBe('an older export')
    expect(readdirSync(from.folder)).toEqual(['export.age'])
    await exportAll()
    expect(statSync(from.target).mode & 0o777).toBe(0o600)
    expect(readdirSync(from.folder)).toEqual(['export.age'])
  })

  it('refuses recipients that are none, and weak passphrases', async () => {
    const scope = { kind: 'all' } as const
    const mistyped = recipient.slice(0, -1) + (recipient.endsWith('q') ? 'p' : 'q')
    for (const bad of ['age1xyz', mistyped, 'ssh-ed25519 AAAA'])
      await expect(
        from.archive.exportSealed({ scope, protection: { kind: 'recipients', recipients: [bad] } }),
      ).rejects.toMatchObject({ code: 'recipient-invalid' })
    await expect(
      from.archive.exportSealed({ scope, protection: { kind: 'passphrase', passphrase: utf8('short') } }),
    ).rejects.toMatchObject({ code: 'passphrase-too-weak' })
  })

  it('holds no secret: no key of the device, no setting, no outbox, no memory of calls', async () => {
    const message = make.outgoing('waiting')
    await from.history.writer.commit({
      accounts: [{ id: aliceAccount, aor: alice }],
      entries: [message],
      addJobs: [make.job(message, { payload: utf8('CANARY-PAYLOAD') })],
      settings: [{ key: 'canary', valueJson: '"CANARY-SETTING"' }],
    })
    await from.identity.ensure(alice)
    await exportAll()
    const { openAgeFile } = await import('#main/archive/age/age-reader.ts')
    const { memorySource } = await import('#main/archive/age/byte-source.ts')
    const file = await openAgeFile(memorySource(readFileSync(from.target)), { kind: 'identity', text: identity })
    const pieces: Uint8Array[] = []
    for await (const piece of file.walk()) pieces.push(piece)
    const whole = Buffer.concat(pieces)
    const plain = whole.toString('utf8')
    expect(plain).toContain('waiting')
    for (const secret of ['CANARY', messageIdOf(message) + 'x']) expect(plain).not.toContain(secret)
    const { seeds, paperSecret } = decodeIdentity((await from.history.reader.secret(`identity.${alice}`))!)
    for (const key of [seeds.ed25519, seeds.x25519, seeds.omemo, paperSecret!]) {
      expect(key.length).toBeGreaterThanOrEqual(16)
      const bytes = Buffer.from(key)
      expect(whole.includes(bytes)).toBe(false)
      for (const form of ['hex', 'base64', 'base64url'] as const) expect(plain).not.toContain(bytes.toString(form))
    }
    expect(path.basename(from.target)).toBe('export.age')
  })
})
