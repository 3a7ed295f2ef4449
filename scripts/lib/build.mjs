import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fail, say } from './say.mjs'
import { inRoot, root } from './root.mjs'
import { toolEnv } from './packages.mjs'

function newestUnder(folder) {
  let newest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) newest = Math.max(newest, statSync(path.join(entry.parentPath, entry.name)).mtimeMs)
  }
  return newest
}

const stamp = inRoot('out', '.built')

/** Whether the last build is newer than every source. */
export function isBuilt() {
  const inputs = ['package.json', 'electron.vite.config.ts', 'tsconfig.base.json'].map(
    (file) => statSync(inRoot(file)).mtimeMs,
  )
  const newest = Math.max(newestUnder(inRoot('src')), newestUnder(inRoot('resources')), ...inputs)
  return existsSync(stamp) && statSync(stamp).mtimeMs >= newest
}

/** Builds main, preload and renderer where that is needed. */
export function ensureBuild(node) {
  if (isBuilt()) return
  say('building (main, preload, renderer)')
  const begun = new Date()
  const run = spawnSync(
    node,
    [inRoot('node_modules', 'electron-vite', 'bin', 'electron-vite.js'), 'build', '--logLevel', 'warn'],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: toolEnv(),
    },
  )
  if (run.status !== 0) fail('the build failed: the lines above say where')
  writeFileSync(stamp, '')
  utimesSync(stamp, begun, begun)
}
