import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { privacyTable } from '#shared/model/privacy-table.ts'
import type { RunningApp } from '../support/app.ts'
import { temporaryData } from '../support/app.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { countFiles, filesContaining } from '../support/grep.ts'
import { homeDomain, newPerson, testPassphrase } from '../support/person.ts'
import { foreignUses } from '../support/socket-trace.ts'
import { openConversation, sendMessage, startConversation, expectMessage } from '../support/steps.ts'
import { traceHost, type TracedHost } from '../support/traced-host.ts'

const canaries = ['zebrafish-canary-4711', 'Quetzalcoatlus Canary', 'umbrella-canary-0815']

const missing = missingCommands('strace')

describe.skipIf(missing.length > 0)(titleWithNeeds('a whole conversation, watched from outside', missing), () => {
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
    await startConversation(alice.page, `bob@${homeDomain}`)
    await sendMessage(alice.page, canaries[0] ?? '')
    await openConversation(bob.page, /Quetzalcoatlus/)
    await bob.page.getByRole('button', { name: 'Accept' }).first().click()
    await sendMessage(bob.page, canaries[2] ?? '')
    await expectMessage(alice.page, canaries[2] ?? '')
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
      expect(filesContaining(folder, [...canaries, testPassphrase])).toEqual([])
    }
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

/** Browser profiles of the hosts that run on `data`: the folder's name holds the host's process id. */
function chromiumProfiles(data: string): readonly string[] {
  const folders = new Set<string>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const folder = /--user-data-dir=([^\0]+)/.exec(commandOf(pid))?.[1]
    const host = /sotto-chromium-(\d+)-/.exec(folder ?? '')?.[1]
    if (folder !== undefined && host !== undefined && commandOf(host).includes(data)) folders.add(folder)
  }
  return [...folders]
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
