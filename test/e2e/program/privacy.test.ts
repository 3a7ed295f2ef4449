import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SottoBridge } from '#shared/bridge/api.ts'
import { privacyTable } from '#shared/model/privacy-table.ts'
import type { RunningApp } from '../support/app.ts'
import { temporaryData } from '../support/app.ts'
import { chromiumProfiles } from '../support/browser-profiles.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { countFiles, filesContaining } from '../support/grep.ts'
import { aliceAndBob, introduce, newPerson, testPassphrase } from '../support/person.ts'
import { foreignUses } from '../support/socket-trace.ts'
import { sendMessage, expectMessage } from '../support/steps.ts'
import { traceHost, type TracedHost } from '../support/traced-host.ts'

const canaries = ['zebrafish-canary-4711', 'Quetzalcoatlus Canary', 'umbrella-canary-0815']
/** What was changed, taken back, only begun or only looked for. */
const passing = {
  edited: 'wolverine-canary-2342',
  deleted: 'narwhal-canary-1234',
  draft: 'okapi-canary-9876',
  searched: 'pangolin-canary-5555',
} as const
const allWords = [...canaries, ...Object.values(passing), testPassphrase]

const missing = missingCommands('strace')

describe.skipIf(missing.length > 0)(titleWithNeeds('a whole conversation, watched from outside', missing), () => {
  const since = Date.now()
  const data = temporaryData()
  const browserProfiles: string[] = []
  let host: TracedHost
  let running: RunningApp[] = []

  beforeAll(async () => {
    // The home server is followed, too.
    host = traceHost(data.path)
    const { wrapper } = host
    const alice = await newPerson({ profile: 'alice', data: data.path, wrapper }, 'alice', canaries[1] ?? '')
    const bob = await newPerson({ profile: 'bob', data: data.path, wrapper }, 'bob', 'Bob')
    running = [alice, bob]
    const [asking, asked] = aliceAndBob(alice, bob)
    await introduce({ ...asking, name: 'Quetzalcoatlus' }, asked, canaries[0] ?? '')
    await sendMessage(bob.page, canaries[2] ?? '')
    await expectMessage(alice.page, canaries[2] ?? '')
    await leaveTraces(alice.page)
    browserProfiles.push(...chromiumProfiles(data.path))
  }, 180_000)

  afterAll(async () => {
    await Promise.all(running.map((app) => app.quit()))
    data.remove()
  }, 60_000)

  it("leaves no message text, name or passphrase in any file of a profile, Chromium's included", () => {
    const profiles = path.join(data.path, 'profiles')
    expect(countFiles(profiles)).toBeGreaterThan(4)
    expect(browserProfiles.length).toBeGreaterThanOrEqual(2)
    for (const folder of [profiles, ...browserProfiles]) {
      expect(filesContaining(folder, allWords)).toEqual([])
    }
  })

  it('leaves none in the folders for what is temporary either', () => {
    const folders = [tmpdir(), '/dev/shm', process.env.XDG_RUNTIME_DIR ?? ''].flatMap((folder) =>
      foldersOfOurs(folder, since),
    )
    // The profiles' own folder is one of them.
    expect(folders).toContain(data.path)
    expect(folders.flatMap((folder) => filesContaining(folder, allWords))).toEqual([])
  })

  it('would find a word in each of the forms it looks for', () => {
    const folder = path.join(data.path, 'forms')
    mkdirSync(folder)
    const text = `{"text":"${canaries[0] ?? ''}"}`
    const forms = { plain: text, wide: Buffer.from(text, 'utf16le'), base64: Buffer.from(text).toString('base64') }
    for (const [name, bytes] of Object.entries({
      ...forms,
      gzip: Buffer.concat([Buffer.from('head'), gzipSync(text)]),
    }))
      writeFileSync(path.join(folder, name), bytes)
    const found = filesContaining(folder, allWords).map((file) => path.basename(file))
    rmSync(folder, { recursive: true })
    expect(found.sort()).toEqual(['base64', 'gzip', 'plain', 'wide'])
  })

  it('keeps no file without a row in the privacy table', () => {
    const rows = privacyTable
      .flatMap(({ covers }) => covers)
      .filter((name) => name.startsWith('profile.file.'))
      .map((name) => name.slice('profile.file.'.length))
    const isKnown = (name: string): boolean => rows.some((row) => path.matchesGlob(name, row))
    const profiles = path.join(data.path, 'profiles')
    const files = readdirSync(profiles).flatMap((profile) => readdirSync(path.join(profiles, profile)))
    expect(files).toContain('history.db')
    expect(files.filter((name) => !isKnown(name))).toEqual([])
  })

  it("touches no address but this computer's", () => {
    const uses = [...host.uses().values()].flat()
    // Registration, relay and sign-up at least: a watch that sees nothing proves nothing.
    expect(uses.filter((use) => use.call === 'connect').length).toBeGreaterThan(5)
    expect(foreignUses(uses)).toEqual([])
  })

  it("removes Chromium's profile when it quits", async () => {
    await Promise.all(running.map((app) => app.quit()))
    running = []
    expect(browserProfiles.filter((folder) => countFiles(folder) > 0)).toEqual([])
  })
})

/** Writes, changes, takes back, begins and looks for words, as a person does. */
async function leaveTraces(page: Page): Promise<void> {
  const composer = page.getByRole('textbox', { name: /^Message to / })
  await sendMessage(page, 'to be changed')
  await expectMessage(page, 'to be changed')
  await composer.press('ArrowUp')
  await composer.fill(passing.edited)
  await composer.press('Enter')
  await expectMessage(page, passing.edited)
  await sendMessage(page, passing.deleted)
  await expectMessage(page, passing.deleted)
  await deleteNewest(page)
  await composer.fill(passing.draft)
  await page.getByRole('searchbox').first().fill(passing.searched)
  await page.getByText('Nothing found').first().waitFor()
}

/** Takes the newest message of the newest conversation back. */
async function deleteNewest(page: Page): Promise<void> {
  const isDone = await page.evaluate(async () => {
    const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
    const list = await sotto.call('conversations.list', {})
    const conversationId = list.ok ? list.value.conversations[0]?.id : undefined
    if (conversationId === undefined) return false
    const found = await sotto.call('messages.page', { conversationId, anchor: { at: 'newest' }, limit: 1 })
    const messageId = found.ok ? found.value.messages[0]?.messageId : undefined
    return messageId !== undefined && (await sotto.call('messages.delete', { conversationId, messageId })).ok
  })
  expect(isDone).toBe(true)
}

/** Folders and files of the program and its browser in a folder for temporary files, younger than `since`. */
function foldersOfOurs(folder: string, since: number): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => /sotto|chromium|playwright/i.test(name))
    .map((name) => path.join(folder, name))
    .filter((file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= since - 1000)
}
