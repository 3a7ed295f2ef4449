import { readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import type { SottoBridge } from '#shared/bridge/api.ts'
import { expect as visible } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningApp } from '../support/app.ts'
import { ordinaryUserHost } from '../support/as-user.ts'
import { homeDomain, newPerson } from '../support/person.ts'
import { sendMessage, startConversation } from '../support/steps.ts'

describe('as an ordinary user, with the browser sandbox on', () => {
  const host = ordinaryUserHost()
  let alice: RunningApp

  beforeAll(async () => {
    const options = { profile: 'alice', data: path.join(host.home, 'data'), wrapper: host.wrapper }
    alice = await newPerson(options, 'alice', 'Alice')
  }, 120_000)

  afterAll(async () => {
    await alice.quit()
    host.remove()
  }, 60_000)

  it('runs Chromium without --no-sandbox, and says so', async () => {
    const view = await alice.page.evaluate(() =>
      (globalThis as unknown as { sotto: SottoBridge }).sotto.call('app.view', {}),
    )
    expect(view).toMatchObject({ ok: true, value: { sandboxed: true, host: 'chromium' } })
    const commands = commandsOf(host.uid).filter((command) => command.includes('--user-data-dir='))
    expect(commands.length).toBeGreaterThan(0)
    expect(commands.filter((command) => command.includes('--no-sandbox'))).toEqual([])
    await visible(alice.page.getByText("Chromium's sandbox is off")).toHaveCount(0)
  })

  it('chats', async () => {
    await startConversation(alice.page, `echo@${homeDomain}`)
    await sendMessage(alice.page, 'from the sandbox')
    await visible(alice.page.getByRole('log').getByText('from the sandbox')).toHaveCount(2, { timeout: 20_000 })
  }, 60_000)

  it('runs no page but the window', () => {
    const [browser = ''] = commandsOf(host.uid).filter((command) => command.includes('--user-data-dir='))
    const folder = /--user-data-dir=\S+/.exec(browser)?.[0] ?? ''
    expect(folder).not.toBe('')
    // By their folder: a sandboxed process need not be seen as its user's.
    const renderers = allCommands().filter((command) => command.includes('--type=renderer') && command.includes(folder))
    expect(renderers).toHaveLength(1)
  })
})

const pids = (): readonly string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name))

function commandsOf(uid: number): readonly string[] {
  return pids()
    .filter((pid) => ownerOf(pid) === uid)
    .map(commandOf)
}

function allCommands(): readonly string[] {
  return pids().map(commandOf)
}

function ownerOf(pid: string): number | null {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? null
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
