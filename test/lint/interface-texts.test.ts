import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../../src/renderer')
/** Attributes whose value a person reads or hears. */
const spoken = new Set([
  ...['aria-label', 'aria-description', 'aria-roledescription', 'aria-valuetext', 'alt', 'title', 'placeholder'],
  ...['label', 'hint', 'error', 'text', 'revealLabel', 'closeLabel', 'busyText', 'pendingText', 'description'],
])
const hasLetters = (text: string): boolean => /\p{L}/u.test(text)

/** Text in the source that a person would read untranslated. */
function literals(file: string, source: string): readonly string[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX)
  const found: string[] = []
  const note = (node: ts.Node, text: string): void => {
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree))
    if (hasLetters(text)) found.push(`${file}:${String(line + 1)}: ${text.trim()}`)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) note(node, node.text)
    if (ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent) && node.expression !== undefined) {
      if (ts.isStringLiteralLike(node.expression)) note(node, node.expression.text)
    }
    if (ts.isJsxAttribute(node) && spoken.has(node.name.getText(tree))) {
      const value = node.initializer
      const inner = value !== undefined && ts.isJsxExpression(value) ? value.expression : value
      if (inner !== undefined && ts.isStringLiteralLike(inner)) note(node, inner.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

describe('texts of the interface', () => {
  it('come from the locales, never from the source', () => {
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tsx'))
    expect(files.length).toBeGreaterThan(30)
    const found = files.flatMap((name) => literals(name, readFileSync(path.join(root, name), 'utf8')))
    expect(found).toEqual([])
  })

  it('would be found if they did not', () => {
    expect(literals('x.tsx', '<p>Hello</p>')).toHaveLength(1)
    expect(literals('x.tsx', "<p>{'Hello'}</p>")).toHaveLength(1)
    expect(literals('x.tsx', '<Field label="Name" />')).toHaveLength(1)
    expect(literals('x.tsx', "<Field label={'Name'} className='flex' />")).toHaveLength(1)
    expect(literals('x.tsx', "<Field label={t('x.y')}>{name} · </Field>")).toEqual([])
  })

  it('are all used', () => {
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.test.ts'))
      .map((name) => readFileSync(path.join(root, name), 'utf8'))
      .join('\n')
    const leaf = (tree: object, prefix: string): readonly string[] =>
      Object.entries(tree).flatMap(([key, value]) =>
        typeof value === 'string' ? [prefix + key] : leaf(value as object, `${prefix}${key}.`),
      )
    const locale = JSON.parse(readFileSync(path.join(root, 'i18n/locales/en.json'), 'utf8')) as object
    const unused = leaf(locale, '')
      .map((key) => key.replace(/_(?:one|other)$/, ''))
      .filter((key) => !key.startsWith('errors.'))
      // Keys put together from a prefix and a name count as used when the name stands in the source.
      .filter((key) => !sources.includes(`'${key}'`) && !sources.includes(key.split('.').at(-1) ?? ''))
    expect(unused).toEqual([])
  })
})
