import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../../..')

/** Debian's `nobody`: an ordinary user that exists everywhere. */
export const nobody = { uid: 65534, gid: 65534 } as const

/** A wrapper that starts the host as an ordinary user, so that Chromium's sandbox is on; only root can make one. */
export function ordinaryUserHost(): { readonly wrapper: string; readonly home: string; readonly remove: () => void } {
  const home = mkdtempSync(path.join(tmpdir(), 'sotto-user-'))
  const wrapper = path.join(home, 'host')
  writeFileSync(
    wrapper,
    [
      '#!/bin/sh',
      `export HOME='${home}' XDG_CONFIG_HOME='${home}/.config' XDG_RUNTIME_DIR='${home}' TMPDIR='${home}'`,
      `exec setpriv --reuid=${nobody.uid} --regid=${nobody.gid} --clear-groups '${root}/src/chromium-host/electron' "$@"`,
      '',
    ].join('\n'),
  )
  chmodSync(wrapper, 0o755)
  chownSync(home, nobody.uid, nobody.gid)
  return { wrapper, home, remove: () => rmSync(home, { recursive: true, force: true }) }
}
