import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect as visible } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Entry } from '#shared/model/entry.ts'
import { aliceAccount, alice as aliceAor, EntryMaker } from '#test/integration/history/history-fixture.ts'
import { ArchiveProfile, passphrase, sealed } from '#test/integration/archive/archive-fixture.ts'
import { launchApp, temporaryData, type RunningApp } from '../support/app.ts'
import { testPassphrase } from '../support/person.ts'
import { openConversation, protectProfile } from '../support/steps.ts'
import { importHistory } from '../tour/archive-steps.ts'

const content = new Uint8Array(randomBytes(3_000_000))
const received = '../plans/Garden \u202eplan.pdf'

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(content)
}

/** An export with one file in it, whose name its sender chose badly. */
async function exportWithFile(target: string): Promise<void> {
  const profile = new ArchiveProfile()
  try {
    const { id, key, size } = await profile.attachments.write(bytes())
    const base = new EntryMaker().incoming('')
    if (base.body.kind !== 'message') throw new Error('not a message')
    const { conversation, peer, author, messageId, sentAt } = base.body
    const place = { conversation, peer, author, messageId, sentAt }
    const file = { fileName: received, mediaType: 'application/pdf', size, attachment: id, attachmentKey: key }
    const entry: Entry = { ...base, body: { kind: 'file', ...place, ...file } }
    await profile.history.writer.commit({ accounts: [{ id: aliceAccount, aor: aliceAor }] })
    await profile.history.writer.commit({ entries: [entry] })
    await profile.archive.exportSealed({ scope: { kind: 'all' }, protection: { ...sealed } })
    copyFileSync(profile.target, target)
  } finally {
    await profile.remove()
  }
}

describe('a file of the history', () => {
  const data = temporaryData()
  const home = path.join(data.path, 'home')
  let app: RunningApp

  beforeAll(async () => {
    mkdirSync(home)
    const file = path.join(data.path, 'export.age')
    await exportWithFile(file)
    app = await launchApp({ profile: 'alice', data: data.path, env: { HOME: home } })
    await protectProfile(app.page, testPassphrase)
    await importHistory(app.page, file, passphrase)
  }, 120_000)

  afterAll(async () => {
    await app.quit()
    data.remove()
  }, 60_000)

  it('is saved byte for byte under a name that is safe, once more beside the first, and with no trace of its own', async () => {
    const { page } = app
    await openConversation(page, /bob/i)
    const row = page.getByRole('log').locator('[data-message]').filter({ hasText: 'Garden' })
    const downloads = path.join(home, 'Downloads')
    expect(existsSync(downloads)).toBe(false)
    await row.hover()
    await row.getByRole('button', { name: /^Save/ }).click()
    await visible(row.getByText('· Saved')).toBeVisible({ timeout: 20_000 })
    expect(readdirSync(downloads)).toEqual(['plans Garden plan.pdf'])
    expect(readFileSync(path.join(downloads, 'plans Garden plan.pdf')).equals(content)).toBe(true)
    await row.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'Save', exact: true }).click()
    await visible
      .poll(() => readdirSync(downloads).toSorted())
      .toEqual(['plans Garden plan (2).pdf', 'plans Garden plan.pdf'])
  }, 60_000)
})
