import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fail, say } from './say.mjs'
import { inRoot, root } from './root.mjs'

const stampFile = inRoot('node_modules', '.sotto-lock')

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(inRoot('package-lock.json')))
    .digest('hex')
}

function installed() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lockHash()
}

/** Installs the npm packages that the lockfile names, if they are not the ones that are there. */
export function ensurePackages() {
  if (installed()) return
  say('installing the npm packages the lockfile names (first start or lockfile changed)')
  // Install scripts are not needed: every native part comes inside its package.
  const run = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (run.status !== 0)
    fail('npm ci failed: check the network or the registry set in your npm configuration, then try again')
  writeFileSync(stampFile, lockHash())
}

const neededMajor = 24

function majorOf(version) {
  return Number.parseInt(version.replace(/^v/, ''), 10)
}

/** Path of a Node that can run Sotto: the running one, or the one the lockfile brought. */
export function nodePath() {
  if (majorOf(process.versions.node) >= neededMajor) return process.execPath
  const local = inRoot('node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
  const probe = existsSync(local)
    ? spawnSync(local, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' })
    : null
  if (probe?.status === 0 && majorOf(probe.stdout) >= neededMajor) {
    say(`using Node ${probe.stdout.trim()} from npm: the system's ${process.version} is older than ${neededMajor}`)
    return local
  }
  return fail(
    `Sotto needs Node ${neededMajor} and npm has none for ${process.platform}-${process.arch}: install it from your system`,
  )
}

/** Environment in which the project's own Node and tools come first. */
export function toolEnv(extra = {}) {
  const separator = process.platform === 'win32' ? ';' : ':'
  return { ...process.env, PATH: `${inRoot('node_modules', '.bin')}${separator}${process.env.PATH ?? ''}`, ...extra }
}
