import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fail, say } from './say.mjs'
import { inRoot } from './root.mjs'

const chromiumPaths = [
  '/usr/lib/chromium/chromium',
  '/usr/lib/chromium-browser/chromium-browser',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Path of the system's Chromium, or null. */
export function findChromium() {
  const chosen = process.env['SOTTO_CHROMIUM']
  if (chosen !== undefined && existsSync(chosen)) return chosen
  return chromiumPaths.find((path) => existsSync(path)) ?? null
}

/** Path of Electron's binary, or null: npm brings the package without it. */
export function findElectron() {
  const folder = inRoot('node_modules', 'electron')
  if (!existsSync(`${folder}/path.txt`)) return null
  const binary = `${folder}/dist/${readFileSync(`${folder}/path.txt`, 'utf8').trim()}`
  return existsSync(binary) ? binary : null
}

function isDebianRoot() {
  return process.platform === 'linux' && existsSync('/etc/debian_version') && process.getuid?.() === 0
}

/** Installs Debian packages; returns whether that worked. */
export function aptInstall(packages, why) {
  if (!isDebianRoot()) return false
  say(`installing ${packages.join(', ')} through apt: ${why}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] }
  const install = () =>
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], quiet).status === 0
  if (install()) return true
  spawnSync('apt-get', ['update', '-qq'], quiet)
  return install()
}

function fetchElectron() {
  say('fetching the Electron binary for this platform: no Chromium is installed')
  const run = spawnSync(process.execPath, [inRoot('node_modules', 'electron', 'install.js')], {
    stdio: 'inherit',
    timeout: 300_000,
  })
  return run.status === 0 ? findElectron() : null
}

function chromiumHost() {
  const found = findChromium()
  if (found !== null) return { kind: 'chromium', binary: found }
  if (!aptInstall(['chromium'], 'Sotto needs a browser engine and Electron is not here')) return null
  const binary = findChromium()
  return binary === null ? null : { kind: 'chromium', binary }
}

function electronHost() {
  const binary = findElectron()
  return binary === null ? null : { kind: 'electron', binary }
}

/**
 * Which host opens the windows: Electron if its binary is here, else the system's Chromium, else whichever can be had.
 * `wanted` = `electron` or `chromium` insists on one.
 */
export function ensureHost(wanted) {
  if (wanted === 'chromium')
    return chromiumHost() ?? fail('no Chromium found: install Debian\'s "chromium" package or set SOTTO_CHROMIUM')
  const host = electronHost() ?? (wanted === 'electron' ? null : chromiumHost())
  if (host !== null) return host
  const binary = fetchElectron()
  if (binary !== null) return { kind: 'electron', binary }
  return fail(
    'neither Electron nor Chromium is here: install Chromium from your system, or allow npm to fetch Electron, then try again',
  )
}
