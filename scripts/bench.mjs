// `npm run bench`: every speed promise side by side with a peer or a simple ideal, in one run; `--smoke` is the short form.
import { readdirSync } from 'node:fs'
import { ensureBuild } from './lib/build.mjs'
import { ensureHost } from './lib/host.mjs'
import { ensurePackages, nodePath } from './lib/packages.mjs'
import { inRoot } from './lib/root.mjs'
import { run } from './lib/run.mjs'
import { say } from './lib/say.mjs'

const args = process.argv.slice(2)
const flags = args.filter((arg) => arg.startsWith('--'))
const wanted = args.filter((arg) => !arg.startsWith('--'))
ensurePackages()
const node = nodePath()
const host = ensureHost('chromium')
ensureBuild(node)
let failures = 0
for (const file of readdirSync(inRoot('bench'))
  .filter((name) => name.endsWith('.ts'))
  .sort()) {
  if (wanted.length > 0 && !wanted.some((name) => file.includes(name))) continue
  say(`bench ${file}`)
  const code = await run(node, ['--expose-gc', inRoot('bench', file), ...flags], { SOTTO_CHROMIUM: host.binary })
  if (code !== 0) failures += 1
}
process.exitCode = failures === 0 ? 0 : 1
