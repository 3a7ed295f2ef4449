// `npm test`: bootstraps like `npm start`, then runs every test; `--long` runs the long suites.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { ensureBuild } from './lib/build.mjs'
import { ensureHost } from './lib/host.mjs'
import { ensurePackages, nodePath } from './lib/packages.mjs'
import { inRoot } from './lib/root.mjs'
import { run } from './lib/run.mjs'
import { say } from './lib/say.mjs'

const args = process.argv.slice(2)
const long = args.includes('--long')
const inCi = process.env['CI'] === 'true'

ensurePackages()
const node = nodePath()
const host = ensureHost('chromium')
ensureBuild(node)

const report = inRoot('node_modules', '.vitest-report.json')
rmSync(report, { force: true })
const config = long ? 'vitest.long.config.ts' : 'vitest.config.ts'
const vitest = [
  inRoot('node_modules', 'vitest', 'vitest.mjs'),
  'run',
  '--config',
  config,
  '--reporter=default',
  '--reporter=json',
  `--reporter=${inRoot('scripts', 'lib', 'second-try-reporter.mjs')}`,
  `--outputFile.json=${report}`,
]
const code = await run(node, [...vitest, ...args.filter((arg) => arg !== '--long')], { SOTTO_CHROMIUM: host.binary })

let skipped = 0
let failed = 1
if (existsSync(report)) {
  const result = JSON.parse(readFileSync(report, 'utf8'))
  skipped = result.numPendingTests + result.numTodoTests
  failed =
    result.numFailedTests +
    result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
  if (inCi && skipped > 0) say('tests were skipped and CI=true: that is a failure (a peer or a browser is missing)')
  process.stdout.write(`${result.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`)
}
process.exitCode = code !== 0 || failed > 0 || (inCi && skipped > 0) ? 1 : 0
