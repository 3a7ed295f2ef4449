/** A gnome-keyring of a test's own, on a session bus of its own: nobody's real keychain is seen or touched. */
import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const host = path.resolve(import.meta.dirname, '../../../src/chromium-host/electron')
const daemon = 'gnome-keyring-daemon --components=secrets'
const starts = {
  open: `printf 'login password' | ${daemon} --unlock >/dev/null 2>&1`,
  locked: `${daemon} --start >/dev/null 2>&1`,
  none: ':',
} as const

/** How the keyring is found: open as after a login, locked, or not there at all. */
export type KeyringState = keyof typeof starts

/** Commands these scripts need. */
export const keyringNeeds = ['gnome-keyring-daemon', 'dbus-run-session', 'secret-tool'] as const

/**
 * Writes a script that runs a command, its arguments, beside a keyring; returns its path. What the keyring keeps lies in
 * `folder`, so that the next run finds it.
 */
export function besideKeyring(folder: string, state: KeyringState): string {
  const script = path.join(folder, `beside-keyring-${state}`)
  const inner = `${script}-inner`
  const runtime = path.join(folder, 'keyring-runtime')
  writeFileSync(inner, `#!/bin/sh\n${starts[state]}\nexec "$@"\n`)
  writeFileSync(
    script,
    `#!/bin/sh\nmkdir -p -m 700 '${runtime}'\n` +
      `export XDG_DATA_HOME='${folder}/keyring-data' XDG_RUNTIME_DIR='${runtime}'\n` +
      `exec dbus-run-session -- '${inner}' "$@"\n`,
  )
  for (const file of [inner, script]) chmodSync(file, 0o755)
  return script
}

/** Writes an executable that starts the host beside a keyring, with `folder` as its home; returns its path. */
export function hostBesideKeyring(folder: string, state: KeyringState): string {
  const wrapper = path.join(folder, `host-${state}`)
  const script = besideKeyring(folder, state)
  writeFileSync(wrapper, `#!/bin/sh\nexport HOME='${folder}'\nexec '${script}' '${host}' "$@"\n`)
  chmodSync(wrapper, 0o755)
  return wrapper
}
