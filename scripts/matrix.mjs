// `npm run matrix [word…]`: calls between the program and real phones, printed as a table; words choose rows.
import { ensureHost } from './lib/host.mjs'
import { ensurePackages, nodePath } from './lib/packages.mjs'
import { inRoot } from './lib/root.mjs'
import { run } from './lib/run.mjs'

ensurePackages()
const host = ensureHost('chromium')
const program = inRoot('test', 'interop', 'calls', 'print-matrix.ts')
process.exitCode = await run(nodePath(), [program, ...process.argv.slice(2)], { SOTTO_CHROMIUM: host.binary })
