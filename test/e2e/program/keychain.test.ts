import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect as visible } from '@playwright/test'
import { afterAll, describe, expect, it } from 'vitest'
import { launchApp } from '../support/app.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { createLocalAccount, postponePaperSecret } from '../support/steps.ts'

const root = path.resolve(import.meta.dirname, '../../..')

const missing = missingCommands('gnome-keyring-daemon', 'dbus-run-session', 'secret-tool')

describe.skipIf(missing.length > 0)(
  titleWithNeeds('with a keychain (gnome-keyring on a bus of its own)', missing),
  () => {
    const home = mkdtempSync(path.join(tmpdir(), 'sotto-keyring-'))
    const wrapper = path.join(home, 'host')
    const inner = path.join(home, 'inner')
    writeFileSync(
      inner,
      `#!/bin/sh\nprintf 'login password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1\n` +
        `exec '${root}/src/chromium-host/electron' "$@"\n`,
    )
    writeFileSync(
      wrapper,
      `#!/bin/sh\nexport HOME='${home}' XDG_DATA_HOME='${home}/data-home' XDG_RUNTIME_DIR='${home}'\n` +
        `exec dbus-run-session -- '${inner}' "$@"\n`,
    )
    for (const file of [wrapper, inner]) chmodSync(file, 0o755)
    chmodSync(home, 0o700)
    const options = { profile: 'alice', data: path.join(home, 'sotto'), wrapper }

    afterAll(() => rmSync(home, { recursive: true, force: true }))

    it('protects a profile without a passphrase, and opens it without asking', async () => {
      const first = await launchApp(options)
      await first.page.getByText("Use this computer's keychain").click()
      await first.page.getByRole('button', { name: 'Protect and continue' }).click()
      await createLocalAccount(first.page, 'alice', 'Alice')
      await postponePaperSecret(first.page)
      await first.quit()
      expect(readdirSync(path.join(options.data, 'profiles/alice')).some((name) => name.startsWith('keychain-'))).toBe(
        true,
      )
      const again = await launchApp(options)
      await visible(again.page.getByText('alice@sotto.home.arpa').first()).toBeVisible({ timeout: 30_000 })
      await visible(again.page.getByText('Sotto is locked')).toHaveCount(0)
      await again.quit()
    }, 180_000)
  },
)
