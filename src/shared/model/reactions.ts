/** Emoji that answer a message (RFC 9078), as people write and read them. */
import type { Aor } from './ids.ts'
import { maxReactionLength, maxReactions } from './limits.ts'

/** What one person answered a message with. */
export interface Reaction {
  readonly author: Aor
  /** In the order in which they were chosen, each once. */
  readonly emojis: readonly string[]
}

const onlyEmoji = /^\p{RGI_Emoji}$/v
const presentation = '\ufe0f'
/** What is shown as text unless its variation selector follows, or a skin tone. */
const shownAsText = /(?!\p{Emoji_Presentation})\p{Emoji}(?!\p{Emoji_Modifier})/gu

/** The emoji in its full form (UTS #51, RGI set), whichever of its variation selectors are there; null for what is none. */
export function emojiOf(text: string): string | null {
  const full = text.replaceAll(presentation, '').replace(shownAsText, `$&${presentation}`)
  return onlyEmoji.test(full) ? full : null
}

/** The emoji of a reaction, each once and no more than count; words and what this version does not know are left out. */
export function parseReaction(text: string): readonly string[] {
  const words = text.slice(0, maxReactionLength).split(/\s+/)
  const emojis = words.map(emojiOf).filter((emoji) => emoji !== null)
  return [...new Set(emojis)].slice(0, maxReactions)
}

/** As {@link parseReaction} reads them. */
export function writeReaction(emojis: readonly string[]): string {
  return emojis.join(' ')
}

/** The emoji with one more, or without it; the oldest gives way where there are too many. */
export function withReaction(emojis: readonly string[], emoji: string, chosen: boolean): readonly string[] {
  const others = emojis.filter((other) => other !== emoji)
  return chosen ? [...others, emoji].slice(-maxReactions) : others
}
