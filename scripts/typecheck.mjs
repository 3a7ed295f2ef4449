// Runs tsc once per process configuration, so that no process sees another's globals.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { inRoot } from './lib/root.mjs'

const { references } = JSON.parse(readFileSync(inRoot('tsconfig.json'), 'utf8'))
const only = process.argv.slice(2)
let failed = 0
for (const { path } of references) {
  if (only.length > 0 && !only.includes(path.replace(/^\.\//, ''))) continue
  const tsc = [inRoot('node_modules/typescript/bin/tsc'), '-p', inRoot(path)]
  // What has not changed since the last run is not looked at again.
  const kept = [
    '--incremental',
    '--tsBuildInfoFile',
    inRoot('out', 'types', `${path.replaceAll(/[./]+/g, '-')}.tsbuildinfo`),
  ]
  const run = spawnSync(process.execPath, [...tsc, ...kept], { stdio: 'inherit' })
  if (run.status !== 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
