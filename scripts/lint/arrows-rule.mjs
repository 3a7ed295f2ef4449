import path from 'node:path'
import { arrows, packageHomes, parts } from './arrows-table.mjs'

/** The part of the tree a repository-relative path belongs to, or null outside `src`. */
export function partOf(file) {
  return parts.find(([, prefix]) => file.startsWith(prefix))?.[0] ?? null
}

function allowed(from, to) {
  if (from === to) return true
  const rule = arrows[from]
  if (rule === 'all main') return /^(main|shared|protocol)/.test(to)
  if (rule === 'all renderer') return /^(renderer|shared)/.test(to)
  return rule?.includes(to) ?? false
}

/** Where an import specifier points, repository-relative, or null for packages. */
export function resolveSpecifier(specifier, file) {
  if (specifier.startsWith('#')) return `src/${specifier.slice(1)}`
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(file), specifier)
  return null
}

/** Says what is wrong with importing `specifier` in `file` (repository-relative), or null. */
export function checkImport(file, specifier) {
  const from = partOf(file)
  if (from === null) return null
  const target = resolveSpecifier(specifier, file)
  if (target !== null) {
    const to = partOf(target)
    if (to === null) return `${file} may not import ${target}: it is outside src`
    return allowed(from, to) ? null : `${from} may not import ${to}`
  }
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]
  const homes = packageHomes[name]
  if (homes === undefined || homes.some((home) => file.startsWith(home))) return null
  return `package ${name} has one home (${homes.join(', ')})`
}

/** ESLint rule: the import arrows of the architecture. */
export const arrowsRule = {
  meta: { type: 'problem', schema: [], messages: { wrong: '{{why}}' } },
  create(context) {
    const file = path.relative(context.cwd, context.filename).split(path.sep).join('/')
    const check = (node) => {
      const specifier = node.source?.value
      if (typeof specifier !== 'string') return
      // Unit tests beside the code may import anything.
      if (/\.(test|fuzz)\.tsx?$/.test(file)) return
      const why = checkImport(file, specifier)
      if (why !== null) context.report({ node: node.source, messageId: 'wrong', data: { why } })
    }
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    }
  },
}
