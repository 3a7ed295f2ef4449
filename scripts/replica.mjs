// `npm run replica`: runs a replica alone until Ctrl+C. Options go through: `npm run replica -- --data DIR --invite`.
import { ensurePackages, nodePath } from './lib/packages.mjs'
import { inRoot } from './lib/root.mjs'
import { run } from './lib/run.mjs'

ensurePackages()
process.exitCode = await run(nodePath(), [
  '--disable-warning=ExperimentalWarning',
  inRoot('src', 'server', 'replica', 'main.ts'),
  ...process.argv.slice(2),
])
