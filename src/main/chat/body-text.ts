import { htmlText } from './html-text.ts'

/** A media type with the one parameter that matters here, lower case. */
export interface MediaType {
  readonly type: string
  readonly charset: string
}

/** Reads `type/subtype; charset=…`; whatever is unreadable becomes `application/octet-stream`. */
export function parseMediaType(header: string): MediaType {
  const [type = '', ...parameters] = header.slice(0, 300).toLowerCase().split(';')
  const charset = parameters.map((parameter) => /^\s*charset\s*=\s*"?([a-z0-9._:-]+)"?\s*$/.exec(parameter)?.[1])
  return {
    type: /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/.test(type.trim()) ? type.trim() : 'application/octet-stream',
    charset: charset.find((name) => name !== undefined) ?? 'utf-8',
  }
}

/**
 * What a person gets to read of a body: its text, the text of HTML, or for everything else the type and size. Never
 * markup that anything would interpret.
 */
export function readableText(contentType: string, payload: Uint8Array): string {
  const { type, charset } = parseMediaType(contentType)
  if (type === 'text/html' || type === 'application/xhtml+xml') return tidy(htmlText(decodeText(payload, charset)))
  if (type.startsWith('text/')) return tidy(decodeText(payload, charset))
  return `[${type}, ${payload.length} B]`
}

function decodeText(payload: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset).decode(payload)
  } catch {
    // An unknown charset: show what can be read.
    return new TextDecoder().decode(payload)
  }
}

/** Marks of byte order in front: how many are left depends on how often text was decoded on its way. */
export function withoutMarks(text: string): string {
  return text.replace(/^\u{FEFF}+/u, '')
}

/** Line ends as `\n`, no control characters but tab and newline, no half surrogates, no mark of byte order in front. */
function tidy(text: string): string {
  return withoutMarks(text.toWellFormed())
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
}
