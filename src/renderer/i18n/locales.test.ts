import { describe, expect, it } from 'vitest'
import { errorCodes } from '#shared/errors.ts'
import { locales, resolveLanguage } from './i18n.ts'

interface Tree {
  readonly [key: string]: string | Tree
}

function flatten(tree: Tree, prefix = ''): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') texts.set(prefix + key, value)
    else for (const [path, text] of flatten(value, `${prefix}${key}.`)) texts.set(path, text)
  }
  return texts
}
const interpolations = (text: string): readonly string[] =>
  [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1] ?? '').sort()

const en = flatten(locales.en)
describe.each(Object.entries(locales))('locale %s', (_name, tree) => {
  const texts = flatten(tree)

  it('has exactly the keys of English', () => {
    expect([...texts.keys()].sort()).toEqual([...en.keys()].sort())
  })

  it('fills in the same parameters', () => {
    for (const [key, text] of texts)
      expect([key, interpolations(text)]).toEqual([key, interpolations(en.get(key) ?? '')])
  })

  it('has no empty text and no stray spaces', () => {
    for (const [key, text] of texts) {
      expect(text.trim(), key).not.toBe('')
      expect(text, key).toBe(text.trim())
    }
  })

  it('says for every error what happened and what to do', () => {
    const codes = [...texts.keys()].filter((key) => key.startsWith('errors.')).map((key) => key.slice('errors.'.length))
    expect(codes.sort()).toEqual([...errorCodes].sort())
    for (const code of errorCodes) expect(texts.get(`errors.${code}`), code).toMatch(/^\p{Lu}.{15,}\.$/u)
  })
})

describe('language', () => {
  it('follows the setting, else the system, else English', () => {
    expect(resolveLanguage('de', ['en-US'])).toBe('de')
    expect(resolveLanguage('system', ['fr-FR', 'de-AT', 'en'])).toBe('de')
    expect(resolveLanguage('system', ['fr-FR'])).toBe('en')
  })
})
