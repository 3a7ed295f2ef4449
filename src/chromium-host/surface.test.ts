import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import * as host from './electron.ts'

const root = path.resolve(import.meta.dirname, '../..')

/** Names that `source` imports from Electron as values. */
function valueImports(source: string): string[] {
  const lists = [...source.matchAll(/import \{([^}]*)\} from 'electron'/g)].map(([, list = '']) => list)
  return lists.flatMap((list) => list.split(',').map((name) => name.trim())).filter((name) => /^\w+$/.test(name))
}

it('has every name that main imports from Electron', () => {
  const files = globSync('src/main/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
  const names = new Set(files.flatMap((file) => valueImports(readFileSync(path.join(root, file), 'utf8'))))
  expect(names.has('app') || names.has('protocol')).toBe(true)
  expect([...names].filter((name) => !(name in host))).toEqual([])
})
