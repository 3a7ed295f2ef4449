// `npm start`: installs what is missing, builds, and opens Sotto; without a display, runs the tour instead.
import { ensureBuild } from './lib/build.mjs'
import { ensureHost } from './lib/host.mjs'
import { ensurePackages, nodePath } from './lib/packages.mjs'
import { inRoot } from './lib/root.mjs'
import { run } from './lib/run.mjs'
import { say } from './lib/say.mjs'

const args = process.argv.slice(2)
const hostFlag = args.find((arg) => arg.startsWith('--host='))
const passed = args.filter((arg) => arg !== hostFlag)
const hasDisplay =
  process.platform !== 'linux' || Boolean(process.env['DISPLAY']) || Boolean(process.env['WAYLAND_DISPLAY'])

ensurePackages()
const node = nodePath()
const host = ensureHost(hostFlag?.slice('--host='.length))
ensureBuild(node)

if (!hasDisplay) {
  say('no display here: running the tour headless instead (screenshots in tour/)')
  process.exitCode = await run(node, [inRoot('test', 'e2e', 'tour', 'main.ts')])
} else if (host.kind === 'electron') {
  say(`opening on Electron (${host.binary})`)
  process.exitCode = await run(host.binary, [inRoot('out', 'main', 'main.js'), ...passed])
} else {
  say(`opening on the system's Chromium (${host.binary}); Electron's binary is not installed`)
  // The program that the tests start, which sets up Node's memory; Windows has no shell for it.
  const start =
    process.platform === 'win32'
      ? [node, inRoot('src', 'chromium-host', 'launch.ts')]
      : [inRoot('src', 'chromium-host', 'electron')]
  const [command = node, ...first] = start
  process.exitCode = await run(command, [...first, inRoot('out', 'main', 'main.js'), ...passed], {
    SOTTO_NODE: node,
    SOTTO_CHROMIUM: host.binary,
  })
}
