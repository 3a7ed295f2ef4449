/** What a history holds beside chat, in the real program: none of it stands readable on the disk, not even after a kill. */
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SottoBridge } from '#shared/bridge/api.ts'
import { emptyFilter } from '#shared/model/search.ts'
import { ArchiveProfile, fileEntry, passphrase, sealed } from '#test/integration/archive/archive-fixture.ts'
import { alice, aliceAccount, EntryMaker } from '#test/integration/history/history-fixture.ts'
import { importFile } from '../tour/archive-steps.ts'
import { launchApp, temporaryData, type RunningApp } from '../support/app.ts'
import { chromiumProfiles } from '../support/browser-profiles.ts'
import { countFiles, filesContaining } from '../support/grep.ts'
import { homeDomain, newPerson, testPassphrase } from '../support/person.ts'
import { unlock } from '../support/steps.ts'

const words = {
  imported: 'axolotl-canary-1001',
  fileName: 'capybara-canary-1002.txt',
  content: 'echidna-canary-1003',
  bookmarked: 'fossa-canary-1004',
  searchName: 'gerenuk-canary-1005',
  searched: 'hoatzin-canary-1006',
  draft: 'ibex-canary-1007',
  note: 'jerboa-canary-1008',
} as const
const allWords = [...Object.values(words), testPassphrase, passphrase]
/** Long enough for an export to be met while it runs. */
const contentBytes = 24 * 1024 * 1024
const unfinished = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.sotto-part')) : []

/** An export with a message and a file. */
async function makeExport(target: string): Promise<void> {
  const profile = new ArchiveProfile()
  const make = new EntryMaker()
  const content = Buffer.alloc(contentBytes, `${words.content} `)
  const { entry } = await fileEntry(profile.attachments, make, words.fileName, content)
  const entries = [make.incoming(words.imported), entry]
  await profile.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries })
  await profile.archive.exportSealed({ scope: { kind: 'all' }, protection: sealed })
  copyFileSync(profile.target, target)
  await profile.remove()
}

describe('what is imported, marked, saved and begun', () => {
  const data = temporaryData()
  const home = path.join(data.path, 'home')
  const documents = path.join(home, 'Documents')
  const profiles = path.join(data.path, 'profiles')
  const options = { profile: 'alice', data: data.path, env: { HOME: home } }
  let app: RunningApp
  let recipient: string

  beforeAll(async () => {
    mkdirSync(documents, { recursive: true })
    recipient = await identityToRecipient(await generateX25519Identity())
    const file = path.join(data.path, 'export.age')
    await makeExport(file)
    app = await newPerson(options, 'alice', 'Alice')
    await app.page.keyboard.press('Control+,')
    await app.page.getByRole('tab', { name: 'Storage and keys' }).click()
    await app.page.getByRole('button', { name: 'Import…' }).click()
    await importFile(app.page, file, passphrase)
    await leaveTraces()
  }, 240_000)

  afterAll(async () => {
    await app.quit().catch(() => undefined)
    data.remove()
  }, 60_000)

  async function leaveTraces(): Promise<void> {
    const filter = { ...emptyFilter, text: words.searched }
    const done = await app.page.evaluate(
      async ({ words, filter, peer }) => {
        const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
        const accounts = await sotto.call('accounts.list', {})
        const accountId = accounts.ok ? accounts.value[0]?.id : undefined
        if (accountId === undefined) return ['no account']
        const started = await sotto.call('conversations.start', { accountId, peer })
        if (!started.ok) return [started.code]
        const conversationId = started.value
        const sent = await sotto.call('messages.send', { conversationId, text: words.bookmarked })
        if (!sent.ok) return [sent.code]
        const author = accounts.ok ? accounts.value[0]?.aor : undefined
        if (author === undefined) return ['no address']
        const row = { conversationId, author, messageId: sent.value }
        const replies = [
          await sotto.call('messages.setBookmarked', { ...row, bookmarked: true }),
          await sotto.call('search.save', { id: null, name: words.searchName, filter }),
          await sotto.call('search.query', { filter, before: null, limit: 20 }),
          await sotto.call('conversations.setTimer', { conversationId, seconds: 86_400 }),
          await sotto.call('conversations.setDraft', { conversationId, draft: words.draft }),
          await sotto.call('contacts.update', { conversationId, note: words.note }),
        ]
        return replies.filter((reply) => !reply.ok).map((reply) => JSON.stringify(reply))
      },
      { words, filter, peer: `sip:echo@${homeDomain}` as typeof alice },
    )
    expect(done).toEqual([])
  }

  /** Begins an export and kills the program as soon as something of it lies there. */
  async function killExport(what: 'sealed' | 'readable'): Promise<void> {
    const asked = app.page
      .evaluate(
        async ({ what, recipient }) => {
          const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
          const scope = { kind: 'all' } as const
          const protection = { kind: 'recipients' as const, recipients: [recipient] }
          return what === 'sealed'
            ? sotto.call('archive.exportSealed', { scope, protection })
            : sotto.call('archive.exportReadable', { scope, format: 'html', unprotected: true })
        },
        { what, recipient },
      )
      .catch(() => null)
    await expect.poll(() => unfinished(documents).length, { interval: 5, timeout: 30_000 }).toBe(1)
    if (what === 'sealed') expect(filesContaining(documents, allWords)).toEqual([])
    const child = app.app.process()
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    await asked
    expect(unfinished(documents)).toHaveLength(1)
  }

  async function startAgain(): Promise<void> {
    app = await launchApp(options)
    await unlock(app.page, testPassphrase)
    await app.page.locator('[data-list-row]').first().waitFor({ timeout: 60_000 })
  }

  it("stands readable in no file of the profile, Chromium's included", () => {
    const browsers = chromiumProfiles(data.path)
    expect(browsers.length).toBeGreaterThan(0)
    expect(browsers.flatMap((folder) => filesContaining(folder, allWords))).toEqual([])
    expect(readdirSync(path.join(profiles, 'alice', 'attachments'))).toHaveLength(1)
    expect(countFiles(profiles)).toBeGreaterThan(4)
    expect(filesContaining(data.path, allWords)).toEqual([])
  })

  it('stands in none after a kill in the middle of an export, and the next start removes what it left', async () => {
    await killExport('sealed')
    expect(filesContaining(data.path, allWords)).toEqual([])
    await startAgain()
    await expect.poll(() => unfinished(documents), { timeout: 20_000 }).toEqual([])
    expect(readdirSync(documents)).toEqual([])
  }, 120_000)

  it('that a killed export for everybody left outside the profile is gone after the next start', async () => {
    await killExport('readable')
    expect(filesContaining(profiles, allWords)).toEqual([])
    await startAgain()
    await expect.poll(() => unfinished(documents), { timeout: 20_000 }).toEqual([])
    expect(filesContaining(data.path, allWords)).toEqual([])
  }, 120_000)
})
