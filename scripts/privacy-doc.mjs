// Writes the table of docs/privacy.md from src/shared/model/privacy-table.ts; `--check` only compares. Needs Node 24.
import { readFileSync, writeFileSync } from 'node:fs'

const begin = '<!-- table: written by scripts/privacy-doc.mjs -->'
const end = '<!-- end of table -->'

/** The table in Markdown. */
export function renderTable(rows) {
  const cell = (text) => text.replaceAll('|', '\\|')
  const head = ['Datum', 'Where', 'Why', 'How long', 'Who can read it', 'How to erase it']
  const lines = rows.map((row) => [row.datum, row.where, row.why, row.howLong, row.whoReads, row.howToErase])
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...lines.map(line)].join('\n')
}

/** The page with its table replaced. */
export function replaceTable(page, rows) {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error('docs/privacy.md has lost its table marks')
  return `${page.slice(0, from + begin.length)}\n\n${renderTable(rows)}\n\n${page.slice(to)}`
}

if (process.argv[1] === import.meta.filename) {
  const path = new URL('../docs/privacy.md', import.meta.url)
  const { privacyTable } = await import('../src/shared/model/privacy-table.ts')
  const page = readFileSync(path, 'utf8')
  const next = replaceTable(page, privacyTable)
  if (!process.argv.includes('--check')) writeFileSync(path, next)
  else if (next !== page) {
    process.stderr.write('docs/privacy.md is not up to date: run node scripts/privacy-doc.mjs\n')
    process.exitCode = 1
  }
}
