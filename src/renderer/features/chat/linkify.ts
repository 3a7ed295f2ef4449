/** Cuts message text into plain runs and links; only `https` links are made, and always shown in full. */
export interface TextRun {
  readonly kind: 'text' | 'link'
  readonly text: string
}

/** Most links made in one message; the rest stays text. */
const linkLimit = 200
/** Beyond this a message is shown without links: scanning stays quick. */
const scanLimit = 100_000
const candidate = /\bhttps:\/\/[^\s<>"'`\u0000-\u001f\u007f\u200b-\u200f\u2028-\u202f\u2066-\u2069]+/giu

function countOf(text: string, character: string): number {
  return text.split(character).length - 1
}

/** Brackets and punctuation that end a sentence rather than an address. */
function trimEnd(text: string): string {
  // Counted once: a thousand closing brackets must not be counted a thousand times.
  const unopened = new Map([
    [')', countOf(text, ')') - countOf(text, '(')],
    [']', countOf(text, ']') - countOf(text, '[')],
  ])
  let end = text.length
  while (end > 0) {
    const last = text[end - 1] ?? ''
    const left = unopened.get(last) ?? 0
    if (left > 0) unopened.set(last, left - 1)
    else if (!'.,;:!?…*_~|'.includes(last)) break
    end -= 1
  }
  return text.slice(0, end)
}

/** Whether a link may be opened: `https`, a host in plain ASCII letters or punycode, no credentials. */
export function isSafeLink(text: string): boolean {
  if (text.length > 2000 || !URL.canParse(text)) return false
  const url = new URL(text)
  const typedHost = /^https:\/\/([^/?#]*)/iu.exec(text)?.[1] ?? ''
  return (
    url.protocol === 'https:' &&
    url.username === '' &&
    url.password === '' &&
    !text.includes('@') &&
    !text.includes('\\') &&
    // A host in another script may look like a known one: it stays text.
    /^[a-z0-9.-]+(?::\d{1,5})?$/iu.test(typedHost) &&
    typedHost.includes('.')
  )
}

/** The runs of `text`, in order; joined they are `text` again. */
export function linkify(text: string): readonly TextRun[] {
  if (text.length > scanLimit || !/https:/iu.test(text)) return [{ kind: 'text', text }]
  const runs: TextRun[] = []
  let at = 0
  for (const match of text.matchAll(candidate)) {
    if (runs.length >= linkLimit * 2) break
    const link = trimEnd(match[0])
    if (!isSafeLink(link)) continue
    if (match.index > at) runs.push({ kind: 'text', text: text.slice(at, match.index) })
    runs.push({ kind: 'link', text: link })
    at = match.index + link.length
  }
  if (at < text.length) runs.push({ kind: 'text', text: text.slice(at) })
  return runs
}

/** Up to three pictographs and nothing else: drawn larger. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= 48 && /^(?:\p{RGI_Emoji}\s*){1,3}$/v.test(text)
}
