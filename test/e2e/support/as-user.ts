import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../../..')

/** Debian's `nobody`: an ordinary user that exists everywhere. */
const nobody = { uid: 65534, gid: 65534 } as const

/** Whether others may enter a folder and all folders above it. */
function isOpenToOthers(folder: string): boolean {
  const open = (statSync(folder).mode & 0o001) !== 0
  return open && (path.dirname(folder) === folder || isOpenToOthers(path.dirname(folder)))
}

/** `nobody` may have to read a checkout that lies in somebody's private folder: read only, nothing else of root's. */
function becomeNobody(): string {
  const ids = `--reuid=${nobody.uid} --regid=${nobody.gid} --clear-groups`
  const read = isOpenToOthers(root) ? '' : ' --inh-caps=+dac_read_search --ambient-caps=+dac_read_search'
  return `setpriv ${ids}${read} `
}

/** How to start the host as an ordinary user, so that Chromium's sandbox is on. */
export interface OrdinaryUserHost {
  readonly wrapper: string
  readonly home: string
  readonly uid: number
  readonly remove: () => void
}

/** Root becomes `nobody`; anybody else stays who they are. */
export function ordinaryUserHost(): OrdinaryUserHost {
  const asRoot = process.getuid?.() === 0
  const home = mkdtempSync(path.join(tmpdir(), 'sotto-user-'))
  const wrapper = path.join(home, 'host')
  const become = asRoot ? becomeNobody() : ''
  const environment = `export HOME='${home}' XDG_CONFIG_HOME='${home}/.config' XDG_RUNTIME_DIR='${home}' TMPDIR='${home}'`
  writeFileSync(wrapper, `#!/bin/sh\n${environment}\nexec ${become}'${root}/src/chromium-host/electron' "$@"\n`)
  chmodSync(wrapper, 0o755)
  if (asRoot) chownSync(home, nobody.uid, nobody.gid)
  const uid = asRoot ? nobody.uid : (process.getuid?.() ?? 0)
  return { wrapper, home, uid, remove: () => rmSync(home, { recursive: true, force: true }) }
}
