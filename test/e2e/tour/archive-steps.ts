/** Exporting and importing a history in the window, and looking at the file with plain `age`. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, type Page } from '@playwright/test'
import type { SottoBridge } from '#shared/bridge/api.ts'
import { ageAtTerminal, tar } from '../../interop/age.ts'

const patient = { timeout: 60_000 }

/** Exports everything under a passphrase; returns where the file went. */
export async function exportHistory(page: Page, passphrase: string): Promise<string> {
  await page.keyboard.press('Control+,')
  await page.getByRole('tab', { name: 'Storage and keys' }).click(patient)
  await page.getByRole('button', { name: 'Export…' }).click(patient)
  await page.getByLabel('Passphrase of the export').fill(passphrase)
  await page.getByLabel('Passphrase again').fill(passphrase)
  await page.getByRole('button', { name: 'Export', exact: true }).click()
  await page.getByText('read back from the disk').waitFor(patient)
  const file = await page.getByRole('dialog').locator('dd').last().innerText()
  await page.getByRole('button', { name: 'Done', exact: true }).click()
  return file
}

/** Opens the export as anybody can, and looks whether what it says is what is in it. */
export async function checkWithAge(file: string, passphrase: string): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sotto-tour-age-'))
  try {
    const opened = await ageAtTerminal(['-d', '-o', path.join(folder, 'plain.tar'), file], [passphrase])
    expect(opened.code, opened.output).toBe(0)
    expect(await tar('xf', path.join(folder, 'plain.tar'), '-C', folder)).toMatchObject({ code: 0 })
    const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as { counts: { entries: number } }
    const lines = readFileSync(path.join(folder, 'entries/000001.jsonl'), 'utf8').trimEnd().split('\n')
    expect(lines).toHaveLength(manifest.counts.entries)
    const texts = lines.map((line) => (JSON.parse(line) as { body: { text?: string } }).body.text)
    expect(texts).toContain('Gladly. I bring the plans.')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Imports a file on the first start, before there is an account. */
export async function importHistory(page: Page, file: string, passphrase: string): Promise<void> {
  await page.getByRole('button', { name: 'Import a history…' }).click(patient)
  await importFile(page, file, passphrase)
}

/** Imports a file in the dialog that is open. */
export async function importFile(page: Page, file: string, passphrase: string): Promise<void> {
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Choose a file…' }).click(patient)
  await (await chooser).setFiles(file)
  await page.getByLabel('Passphrase of the file').fill(passphrase, patient)
  await page.getByRole('button', { name: 'Check the file' }).click()
  await page.getByText('Importing it would bring').waitFor(patient)
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await page.getByText(/messages? (was|were) imported/).waitFor(patient)
  await page.getByRole('button', { name: 'Done', exact: true }).click()
}

interface SeenMessage {
  readonly key: string
  readonly text: string
  readonly sentAt: number
  readonly deleted: boolean
  readonly call: unknown
}

/** Every conversation with its messages, oldest first, as the screen is told of them. */
export function wholeHistory(page: Page): Promise<readonly { readonly peer: string; readonly name: string; readonly messages: readonly SeenMessage[] }[]> {
  return page.evaluate(async () => {
    const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
    const list = await sotto.call('conversations.list', {})
    if (!list.ok) throw new Error(list.code)
    const held = []
    for (const { id, peer, name } of list.value.conversations) {
      const found = await sotto.call('messages.page', { conversationId: id, anchor: { at: 'newest' }, limit: 200 })
      if (!found.ok) throw new Error(found.code)
      const messages = found.value.messages.map(({ key, text, sentAt, deleted, call }) => ({ key, text, sentAt, deleted, call }))
      if (messages.length > 0) held.push({ peer, name, messages })
    }
    return held.sort((a, b) => (a.peer < b.peer ? -1 : 1))
  })
}
