// `npm run server`: runs the home server alone until Ctrl+C. Options go through: `npm run server -- --lan --invite`.
import { ensurePackages, nodePath } from './lib/packages.mjs'
import { inRoot } from './lib/root.mjs'
import { run } from './lib/run.mjs'

ensurePackages()
process.exitCode = await run(nodePath(), [
  '--disable-warning=ExperimentalWarning',
  inRoot('src', 'server', 'home', 'main.ts'),
  '--keep',
  ...process.argv.slice(2),
])
