import { describe, expect, it } from 'vitest'
import { emojiOf, parseReaction } from './reactions.ts'

const selector = '\ufe0f'
const isEmoji = (text: string) => /^\p{RGI_Emoji}$/v.test(text)

/** All code points that are emoji, and those of them that are text unless told otherwise. */
const emojis = Array.from({ length: 0x20000 }, (_, at) => at)
  .filter((at) => at < 0xd800 || at > 0xdfff)
  .map((at) => String.fromCodePoint(at))
  .filter((text) => /^\p{Emoji}$/u.test(text))
const texts = emojis.filter((text) => !/^\p{Emoji_Presentation}$/u.test(text))

/** Emoji in their full form that have a variation selector, made of up to two pictures. */
function* withSelectors(): Generator<string> {
  for (const one of texts) yield* [one + selector, `${one}${selector}\u20e3`]
  for (const one of emojis)
    for (const other of texts)
      for (const first of [one, one + selector, `${one}\u{1f3fd}`]) yield `${first}\u200d${other}${selector}`
  for (const one of texts) for (const other of emojis) yield `${one}${selector}\u200d${other}`
}

/** The text without any of its selectors, in every way. */
function fewer(text: string): readonly string[] {
  const [first = '', ...others] = text.split(selector)
  return others.reduce<readonly string[]>(
    (made, part) => made.flatMap((before) => [before + part, before + selector + part]),
    [first],
  )
}

describe('an emoji of a reaction', () => {
  it('is the same with all, some or none of its variation selectors', () => {
    const full = [...new Set([...withSelectors()].filter(isEmoji)), '👩‍❤️‍💋‍👨', '🧑🏻‍❤️‍💋‍🧑🏿']
    expect(full.length).toBeGreaterThan(400)
    for (const emoji of full) for (const form of fewer(emoji)) expect([form, emojiOf(form)]).toEqual([form, emoji])
    expect(['❤‍🔥', '🏳‍🌈', '1⃣', '🕵🏽‍♀', '👁‍🗨', '🏳️‍⚧'].map(emojiOf)).toEqual(['❤️‍🔥', '🏳️‍🌈', '1️⃣', '🕵🏽‍♀️', '👁️‍🗨️', '🏳️‍⚧️'])
  })

  it('is itself in its full form, and never another one', () => {
    for (const emoji of ['👍', '👍🏿', '👨‍👩‍👧', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🇩🇪', '🫱🏻‍🫲🏿', '©️']) expect(emojiOf(emoji)).toBe(emoji)
    for (const none of ['', selector, '1', `1${selector}`, '❤\ufe0e', '🇩', '❤️❤️', '‍', 'a', '❤‍'])
      expect(emojiOf(none)).toBeNull()
  })

  it('counts once, however it is written', () => {
    expect(parseReaction(`❤‍🔥 ❤️‍🔥 👍${selector} 👍`)).toEqual(['❤️‍🔥', '👍'])
  })
})
