import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { besideKeyring } from './keyring.ts'

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

/** The host, started by the command `before`. */
function startOf(home: string, asRoot: boolean, before: string): string {
  if (!asRoot) return `exec ${before} '${root}/${host}' "$@"`
  return isOpenToOthers(root) ? `exec ${setpriv} ${before} '${root}/${host}' "$@"` : throughMount(home, before)
}

/** A checkout in somebody's private folder is shown to `nobody` at another place, in a mount namespace of its own. */
function throughMount(home: string, before: string): string {
  const place = `${home}/project`
  const inner = `mount --bind '${root}' '${place}' && exec ${setpriv} ${before} '${place}/${host}' "$@"`
  const moved = `for arg; do shift; case $arg in '${root}'/*) arg='${place}'"\${arg#'${root}'}" ;; esac; set -- "$@" "$arg"; done`
  return `mkdir -p '${place}'\n${moved}\nexec unshare -m sh -c '${inner.replaceAll("'", "'\\''")}' sh "$@"`
}

/** How to start the host as an ordinary user, so that Chromium's sandbox is on. */
export interface OrdinaryUserHost {
  readonly wrapper: string
  /** The same, beside a keyring of its own that is open. */
  readonly withKeyring: string
  readonly home: string
  readonly uid: number
  readonly remove: () => void
}

/** Root becomes `nobody`; anybody else stays who they are. */
export function ordinaryUserHost(): OrdinaryUserHost {
  const asRoot = process.getuid?.() === 0
  const home = mkdtempSync(path.join(tmpdir(), 'sotto-user-'))
  const environment = `export HOME='${home}' XDG_CONFIG_HOME='${home}/.config' XDG_RUNTIME_DIR='${home}' TMPDIR='${home}'`
  const write = (name: string, before: string): string => {
    const wrapper = path.join(home, name)
    writeFileSync(wrapper, `#!/bin/sh\n${environment}\n${startOf(home, asRoot, before)}\n`)
    chmodSync(wrapper, 0o755)
    return wrapper
  }
  const wrapper = write('host', '')
  const withKeyring = write('host-with-keyring', besideKeyring(home, 'open'))
  if (asRoot) chownSync(home, nobody.uid, nobody.gid)
  const uid = asRoot ? nobody.uid : (process.getuid?.() ?? 0)
  return { wrapper, withKeyring, home, uid, remove: () => rmSync(home, { recursive: true, force: true }) }
}
