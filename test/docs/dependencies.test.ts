import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Manifest {
  readonly dependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
  readonly optionalDependencies: Record<string, string>
}

interface Lock {
  readonly packages: Record<string, { readonly license?: string; readonly dev?: boolean; readonly resolved?: string }>
}

const manifest = JSON.parse(read('package.json')) as Manifest
const lock = JSON.parse(read('package-lock.json')) as Lock

/** Licences that may be combined with GPL-3.0-or-later. */
const compatible =
  /^(MIT|ISC|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|0BSD|CC0-1\.0|Unlicense|BlueOak-1\.0\.0|Python-2\.0|MPL-2\.0|WTFPL|Zlib|CC-BY-3\.0|CC-BY-4\.0|GPL-3\.0.*|LGPL.*)$/

describe('dependencies', () => {
  it('each has a line in docs/dependencies.md', () => {
    const page = read('docs/dependencies.md')
    const names = Object.keys({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    })
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })

  it('everything in the lockfile that ships is compatible with GPL-3.0-or-later', () => {
    const shipped = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && entry.dev !== true)
    const odd = shipped
      .map(([path, entry]) => [path, entry.license ?? 'none'] as const)
      .filter(
        ([, license]) =>
          !license
            .replace(/[()]/g, '')
            .split(' OR ')
            .some((one) => compatible.test(one.trim())),
      )
    expect(shipped.length).toBeGreaterThan(20)
    expect(odd).toEqual([])
  })

  it('the lockfile names no registry', () => {
    expect(Object.values(lock.packages).filter((entry) => entry.resolved !== undefined)).toEqual([])
  })
})
