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

const host = 'src/chromium-host/electron'
const setpriv = `setpriv --reuid=${nobody.uid} --regid=${nobody.gid} --clear-groups`
const asNobody = `exec ${setpriv} '${root}/${host}' "$@"`

/** A checkout in somebody's private folder is shown to `nobody` at another place, in a mount namespace of its own. */
function throughMount(home: string): string {
  const place = `${home}/project`
  const inner = `mount --bind '${root}' '${place}' && exec ${setpriv} '${place}/${host}' "$@"`
  const moved = `for arg; do shift; case $arg in '${root}'/*) arg='${place}'"\${arg#'${root}'}" ;; esac; set -- "$@" "$arg"; done`
  return `mkdir -p '${place}'\n${moved}\nexec unshare -m sh -c '${inner.replaceAll("'", "'\\''")}' sh "$@"`
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
  const environment = `export HOME='${home}' XDG_CONFIG_HOME='${home}/.config' XDG_RUNTIME_DIR='${home}' TMPDIR='${home}'`
  const start = !asRoot ? `exec '${root}/${host}' "$@"` : isOpenToOthers(root) ? asNobody : throughMount(home)
  writeFileSync(wrapper, `#!/bin/sh\n${environment}\n${start}\n`)
  chmodSync(wrapper, 0o755)
  if (asRoot) chownSync(home, nobody.uid, nobody.gid)
  const uid = asRoot ? nobody.uid : (process.getuid?.() ?? 0)
  return { wrapper, home, uid, remove: () => rmSync(home, { recursive: true, force: true }) }
}
