/** Elements whose content is not for reading. */
const hidden = new Set(['script', 'style', 'head', 'title', 'template', 'noscript'])
const blocks = new Set(['br', 'p', 'div', 'li', 'tr', 'blockquote', 'pre', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6'])
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }
const blank = 0x20
const entityPattern = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,6}));/g

/** The readable text of an HTML message: nothing of it is interpreted, in time linear to its length. */
export function htmlText(html: string): string {
  // Of ASCII only: whole Unicode changes lengths (İ becomes two units), and with them every position.
  const lower = html.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  let text = ''
  let at = 0
  let lone = false
  while (at < html.length) {
    const open = html.indexOf('<', at)
    const until = open === -1 ? html.length : open
    text += html.slice(at, until).replace(/\s+/g, ' ')
    if (open === -1) break
    const tag = readTag(lower, open)
    if (tag === null) {
      // A lone bracket is text.
      text += '<'
      lone = true
      at = open + 1
      continue
    }
    // What stood on both sides of a tag must not read as one.
    if (lone && open === at) text += ' '
    lone = false
    if (blocks.has(tag.name) && !(tag.closing && tag.name === 'br')) text += '\n'
    at = hidden.has(tag.name) && !tag.closing ? endOfHidden(lower, tag) : tag.end
  }
  return tidyLines(decodeEntities(text))
}

/** Lines without blanks around them, and no empty ones; by lines, because ` *\n *` takes squared time over blanks. */
function tidyLines(text: string): string {
  const lines = text.split('\n').map(withoutBlanks)
  return lines
    .filter((line) => line !== '')
    .join('\n')
    .trim()
}

function withoutBlanks(line: string): string {
  let [start, end] = [0, line.length]
  while (line.charCodeAt(start) === blank) start += 1
  while (end > start && line.charCodeAt(end - 1) === blank) end -= 1
  return line.slice(start, end)
}

interface Tag {
  readonly name: string
  readonly closing: boolean
  /** Index after the closing bracket. */
  readonly end: number
}

const tagStart = /<(\/?)([a-z][a-z0-9]{0,15}|!--|!|\?)/y

function readTag(lower: string, open: number): Tag | null {
  tagStart.lastIndex = open
  const match = tagStart.exec(lower)
  const name = match?.[2]
  if (name === undefined) return null
  const terminator = name === '!--' ? '-->' : '>'
  const close = lower.indexOf(terminator, tagStart.lastIndex)
  // An unfinished tag swallows the rest, as in a browser.
  return { name, closing: match?.[1] === '/', end: close === -1 ? lower.length : close + terminator.length }
}

function endOfHidden(lower: string, tag: Tag): number {
  const close = lower.indexOf(`</${tag.name}`, tag.end)
  return close === -1 ? lower.length : (readTag(lower, close)?.end ?? lower.length)
}

function decodeEntities(text: string): string {
  return text.replace(entityPattern, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return entities[name.toLowerCase()] ?? whole
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : '\ufffd'
  })
}
