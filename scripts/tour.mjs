// `npm run tour`: the main job without a person, on the real program in headless Chromium.
import { ensureBuild } from './lib/build.mjs'
import { ensureHost } from './lib/host.mjs'
import { ensurePackages, nodePath } from './lib/packages.mjs'
import { inRoot } from './lib/root.mjs'
import { run } from './lib/run.mjs'

ensurePackages()
const node = nodePath()
const host = ensureHost('chromium')
ensureBuild(node)
process.exitCode = await run(node, [inRoot('test', 'e2e', 'tour', 'main.ts'), ...process.argv.slice(2)], {
  SOTTO_CHROMIUM: host.binary,
})
