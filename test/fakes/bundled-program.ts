/** A child program in one file: one that starts thousands of times would spend its time reading hundreds of them. */
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Where modules beside the project's are still found. */
const folder = path.join(root, 'node_modules', '.cache', 'sotto-test-programs')

export interface BundledProgram extends Disposable {
  readonly file: string
}

/** Bundles a program and what it imports of the project and of packages, native ones aside; the file goes with it. */
export async function bundleProgram(entry: string): Promise<BundledProgram> {
  mkdirSync(folder, { recursive: true })
  const outDir = mkdtempSync(path.join(folder, 'program-'))
  const name = path.basename(entry, '.ts')
  await build({
    ...{ root, configFile: false, logLevel: 'error' },
    build: { outDir, ssr: entry, target: 'node24', rolldownOptions: { output: { entryFileNames: `${name}.mjs` } } },
    ssr: { noExternal: true, external: ['better-sqlite3', 'pg'] },
  })
  return { file: path.join(outDir, `${name}.mjs`), [Symbol.dispose]: () => rmSync(outDir, { recursive: true }) }
}
