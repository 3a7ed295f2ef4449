/** Pages of a readable export: every text escaped, nothing loaded from anywhere, no script. */
import { createHash } from 'node:crypto'
import type { ArchivedConversation } from '#main/history/archive-port.ts'
import { displayAor } from '#shared/model/aor.ts'
import type { MessageView } from '#shared/model/views.ts'
import type { ReadableWords } from './words.ts'

const style = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:2rem 1rem;background:Canvas;color:CanvasText}
header p{opacity:.75}
article{margin:.75rem 0;padding:.6rem .9rem;border:1px solid color-mix(in srgb,CanvasText 18%,Canvas);border-radius:.75rem;max-width:80%}
article.own{margin-inline-start:auto;background:color-mix(in srgb,Highlight 14%,Canvas)}
article h2{font-size:.85rem;margin:0;font-weight:600}
article p{margin:.2rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
small{opacity:.75}
a{color:LinkText}`
const styleHash = createHash('sha256').update(style).digest('base64')

/** Text as content or attribute value of HTML; characters that turn text around are shown as what they are. */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** Start of a page. */
export function pageStart(title: string, words: ReadableWords): string {
  return `<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1><bdi>${escapeHtml(title)}</bdi></h1><p>${escapeHtml(words.warning)}</p></header>
<main>
`
}

export const pageEnd = '</main>\n</body>\n</html>\n'

/** A row of the first page. */
export function conversationLink(conversation: ArchivedConversation, page: string, count: string): string {
  const { name, peer, account } = conversation
  const facts = `${displayAor(peer)} · ${displayAor(account)} · ${count}`
  return `<p><a href="${escapeHtml(page)}"><bdi>${escapeHtml(name)}</bdi></a><br><small>${escapeHtml(facts)}</small></p>\n`
}

/** A message; `file` = path of its attachment beside the page. */
export function messageArticle(
  message: MessageView,
  name: string,
  {
    words,
    file,
  }: { readonly words: ReadableWords; readonly file: { readonly label: string; readonly path: string | null } | null },
): string {
  const own = message.direction === 'outgoing'
  const at = new Date(message.sentAt)
  const iso = Number.isNaN(at.getTime()) ? '' : at.toISOString()
  const marks = marksOf(message, words).map(escapeHtml).join(' · ')
  return `<article${own ? ' class="own"' : ''}><h2><bdi>${escapeHtml(name)}</bdi> <small><time datetime="${iso}">${escapeHtml(iso.slice(0, 16).replace('T', ' '))} UTC</time></small></h2>
${contentOf(message, words)}${file === null ? '' : fileOf(file, words)}${reactionsOf(message)}<small>${marks}</small></article>
`
}

function contentOf(message: MessageView, words: ReadableWords): string {
  if (message.call !== undefined) {
    const { outcome, video, durationMs } = message.call
    const seconds = Math.round(durationMs / 1000)
    const parts = [words.call[outcome], ...(video ? [words.video] : []), ...(seconds > 0 ? [`${seconds} s`] : [])]
    return `<p>${escapeHtml(parts.join(', '))}</p>\n`
  }
  if (message.deleted) return `<p><em>${escapeHtml(words.deleted)}</em></p>\n`
  return message.text === '' ? '' : `<p dir="auto">${escapeHtml(message.text)}</p>\n`
}

function reactionsOf({ reactions = [] }: MessageView): string {
  return reactions
    .map(
      ({ author, emojis }) =>
        `<p><small>${escapeHtml(emojis.join(' '))} <bdi>${escapeHtml(displayAor(author))}</bdi></small></p>\n`,
    )
    .join('')
}

function fileOf(
  { label, path }: { readonly label: string; readonly path: string | null },
  words: ReadableWords,
): string {
  const name = `<bdi>${escapeHtml(label)}</bdi>`
  if (path === null) return `<p>${name}<br><small>${escapeHtml(words.missingFile)}</small></p>\n`
  return `<p><a href="${escapeHtml(path)}" download>${name}</a></p>\n`
}

function marksOf(message: MessageView, words: ReadableWords): readonly string[] {
  return [
    ...(message.direction === 'outgoing' && message.call === undefined ? [words.state[message.state]] : []),
    ...(message.edited ? [words.edited] : []),
    ...(message.conflicting ? [words.conflicting] : []),
    ...(message.authenticatedBy === 'file' ? [words.fromFile] : []),
  ]
}
