import { escapeControls, parseAddress, serializeAddress, unescapeText, type CpimAddress } from './address.ts'
import { CpimError } from './errors.ts'

export type { CpimAddress } from './address.ts'

/** Namespace of From, To, cc, DateTime, Subject, NS and Require (RFC 3862 §3.4). */
export const cpimNamespace = 'urn:ietf:params:cpim-headers:'

/** A header of any namespace, its prefix resolved. */
export interface CpimHeader {
  readonly namespace: string
  readonly name: string
  readonly value: string
  /** `name=value` parameters between colon and value, such as `lang=fr`. */
  readonly parameters: readonly string[]
}

/** A MIME header of the encapsulated content. */
export interface MimeHeader {
  readonly name: string
  readonly value: string
}

/** The encapsulated MIME object. */
export interface CpimContent {
  /** As written, `text/plain` where absent (RFC 2045 §5.2). */
  readonly contentType: string
  /** Headers other than Content-Type. */
  readonly headers: readonly MimeHeader[]
  readonly body: Uint8Array
}

/** A `message/cpim` body, RFC 3862. */
export interface CpimMessage {
  readonly from: CpimAddress | null
  readonly to: readonly CpimAddress[]
  readonly cc: readonly CpimAddress[]
  /** Milliseconds since 1970; null where absent or unreadable. */
  readonly dateTimeMs: number | null
  readonly subject: string | null
  /** Names of headers that must be understood; a reader that does not know one must not show the message. */
  readonly require: readonly string[]
  /** Headers of other namespaces, and core headers we have no field for. */
  readonly headers: readonly CpimHeader[]
  readonly content: CpimContent
}

const maxHeaderBytes = 32_768
const maxHeaderLines = 128
const lineFeed = 10
const headerPattern = /^([!-9;-~]+):((?:;[^\s;]+)*) ?(.*)$/
const namespacePattern = /^(?:([A-Za-z0-9!#$%&'*+^_`|~-]+)\s+)?<([^<>\s]*)>$/
const utf8 = new TextDecoder('utf-8')

/** Lines up to a blank one; `next` is where the bytes after it begin. */
interface Block {
  readonly lines: readonly string[]
  readonly next: number
}

/**
 * Reads a CPIM message. Takes LF for CRLF, and MIME headers that follow without the blank line, as RFC 5438 prints them.
 * @throws CpimError
 */
export function parseCpim(bytes: Uint8Array): CpimMessage {
  const outer = readBlock(bytes, 0, isMimeLine)
  if (outer.lines.length === 0) throw new CpimError('no-headers')
  const headers = resolve(outer.lines.map(parseHeaderLine))
  return { ...readCore(headers), content: parseContent(bytes, outer.next) }
}

function isMimeLine(line: string): boolean {
  return /^content-[a-z-]+:/i.test(line)
}

function readBlock(bytes: Uint8Array, from: number, stopAt: (line: string) => boolean): Block {
  const lines: string[] = []
  let at = from
  while (at < bytes.length) {
    const feed = bytes.indexOf(lineFeed, at)
    const end = feed < 0 ? bytes.length : feed
    const next = feed < 0 ? end : feed + 1
    if (end - from > maxHeaderBytes || lines.length > maxHeaderLines) throw new CpimError('too-large')
    const line = utf8.decode(bytes.subarray(at, end)).replace(/\r$/, '')
    if (line === '') return { lines, next }
    if (stopAt(line)) return { lines, next: at }
    lines.push(line)
    at = next
  }
  return { lines, next: bytes.length }
}

interface RawHeader {
  readonly prefix: string
  readonly name: string
  readonly value: string
  readonly parameters: readonly string[]
}

function parseHeaderLine(line: string): RawHeader {
  const match = headerPattern.exec(line)
  if (match === null) throw new CpimError('bad-header')
  const [, fullName = '', parameters = '', value = ''] = match
  const dot = fullName.indexOf('.')
  if (dot === 0) throw new CpimError('bad-header')
  return {
    prefix: dot < 0 ? '' : fullName.slice(0, dot),
    name: fullName.slice(dot + 1),
    value: value.trimEnd(),
    parameters: parameters.split(';').slice(1),
  }
}

/** Replaces prefixes by the namespaces that NS headers bound before them (RFC 3862 §3.4). */
function resolve(raw: readonly RawHeader[]): CpimHeader[] {
  // Read leniently: some senders use `imdn.` without declaring it.
  const namespaces = new Map([
    ['', cpimNamespace],
    ['imdn', 'urn:ietf:params:imdn'],
  ])
  const headers: CpimHeader[] = []
  for (const { prefix, name, value, parameters } of raw) {
    const namespace = namespaces.get(prefix) ?? `unknown:${prefix}`
    if (prefix === '' && name.toLowerCase() === 'ns') bindNamespace(namespaces, value)
    else headers.push({ namespace, name, value: isAddress(namespace, name) ? value : unescapeText(value), parameters })
  }
  return headers
}

/** Addresses are unescaped by their own reader, after the quotes are found. */
function isAddress(namespace: string, name: string): boolean {
  return namespace === cpimNamespace && /^(?:from|to|cc)$/i.test(name)
}

function bindNamespace(namespaces: Map<string, string>, value: string): void {
  const match = namespacePattern.exec(value.trim())
  if (match === null) throw new CpimError('bad-header')
  namespaces.set(match[1] ?? '', match[2] ?? '')
}

function readCore(headers: readonly CpimHeader[]): Omit<CpimMessage, 'content'> {
  const core = (name: string): CpimHeader[] =>
    headers.filter((header) => header.namespace === cpimNamespace && header.name.toLowerCase() === name)
  const known = new Set(['from', 'to', 'cc', 'datetime', 'subject', 'require', 'required'])
  const [from] = core('from')
  const subjects = core('subject')
  return {
    from: from === undefined ? null : parseAddress(from.value),
    to: core('to').map((header) => parseAddress(header.value)),
    cc: core('cc').map((header) => parseAddress(header.value)),
    dateTimeMs: parseDateTime(core('datetime')[0]?.value),
    subject: (subjects.find((header) => header.parameters.length === 0) ?? subjects[0])?.value ?? null,
    // Blink writes `Required`.
    require: [...core('require'), ...core('required')].flatMap((header) =>
      header.value.split(',').map((name) => name.trim()),
    ),
    headers: headers.filter((header) => header.namespace !== cpimNamespace || !known.has(header.name.toLowerCase())),
  }
}

const dateTimePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})$/i

/** Milliseconds of an RFC 3339 time, null when it is none. */
export function parseDateTime(text: string | undefined): number | null {
  if (text === undefined || !dateTimePattern.test(text.trim())) return null
  const ms = Date.parse(text.trim().replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  return Number.isNaN(ms) ? null : ms
}

function parseContent(bytes: Uint8Array, from: number): CpimContent {
  const block = readBlock(bytes, from, () => false)
  let contentType: string | null = null
  const headers: MimeHeader[] = []
  for (const line of unfold(block.lines)) {
    const colon = line.indexOf(':')
    if (colon <= 0) throw new CpimError('bad-header')
    const header = { name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() }
    if (header.name.toLowerCase() === 'content-type') contentType ??= header.value
    else headers.push(header)
  }
  return { contentType: contentType ?? 'text/plain', headers, body: bytes.slice(block.next) }
}

function unfold(lines: readonly string[]): string[] {
  const unfolded: string[] = []
  for (const line of lines) {
    const last = unfolded.length - 1
    if (/^[ \t]/.test(line) && last >= 0) unfolded[last] = `${unfolded[last] ?? ''} ${line.trim()}`
    else unfolded.push(line)
  }
  return unfolded
}

/** Value of the first header of that namespace and name. */
export function findCpimHeader(message: CpimMessage, namespace: string, name: string): string | null {
  const wanted = name.toLowerCase()
  const found = message.headers.find((header) => header.namespace === namespace && header.name.toLowerCase() === wanted)
  return found?.value ?? null
}

/** Media type without parameters, in lower case. */
export function mediaTypeOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/** Prefixes we write; other namespaces get `x1`, `x2` … */
const ownPrefixes = new Map([['urn:ietf:params:imdn', 'imdn']])

/**
 * Writes a CPIM message with strict CRLF and raw UTF-8.
 * @throws CpimError `unsafe-value` for addresses, names or MIME values that would break its structure
 */
export function serializeCpim(message: CpimMessage): Uint8Array {
  const prefixes = prefixesFor(message.headers)
  const lines: string[] = []
  pushAddresses(lines, message)
  if (message.dateTimeMs !== null) lines.push(`DateTime: ${new Date(message.dateTimeMs).toISOString()}`)
  if (message.subject !== null) lines.push(`Subject: ${escapeValue(message.subject)}`)
  for (const [namespace, prefix] of prefixes) if (prefix !== '') lines.push(`NS: ${prefix} <${safeUri(namespace)}>`)
  if (message.require.length > 0) lines.push(`Require: ${escapeValue(message.require.join(','))}`)
  for (const header of message.headers) lines.push(headerLine(header, prefixes.get(header.namespace) ?? ''))
  if (lines.length === 0) throw new CpimError('no-headers')
  lines.push('', `Content-Type: ${safeMime(message.content.contentType)}`)
  for (const { name, value } of message.content.headers) lines.push(`${safeToken(name)}: ${safeMime(value)}`)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8'), message.content.body])
}

function pushAddresses(lines: string[], { from, to, cc }: CpimMessage): void {
  if (from !== null) lines.push(`From: ${serializeAddress(from)}`)
  for (const address of to) lines.push(`To: ${serializeAddress(address)}`)
  for (const address of cc) lines.push(`cc: ${serializeAddress(address)}`)
}

function prefixesFor(headers: readonly CpimHeader[]): Map<string, string> {
  const prefixes = new Map([[cpimNamespace, '']])
  for (const { namespace } of headers) {
    if (!prefixes.has(namespace)) prefixes.set(namespace, ownPrefixes.get(namespace) ?? `x${prefixes.size}`)
  }
  return prefixes
}

function headerLine({ name, value, parameters }: CpimHeader, prefix: string): string {
  // A dot in a core header's name would read as a prefix.
  if (prefix === '' && name.includes('.')) throw new CpimError('unsafe-value')
  const fullName = `${prefix === '' ? '' : `${prefix}.`}${safeToken(name)}`
  const extra = parameters.map((parameter) => `;${safeToken(parameter)}`).join('')
  return `${fullName}:${extra} ${escapeValue(value)}`
}

function escapeValue(value: string): string {
  return escapeControls(value.replace(/\\/g, '\\\\'))
}

function safeToken(text: string): string {
  if (!/^[!-9<-~]{1,128}$/.test(text)) throw new CpimError('unsafe-value')
  return text
}

function safeUri(text: string): string {
  if (!/^[!-;=?-~]{1,256}$/.test(text)) throw new CpimError('unsafe-value')
  return text
}

function safeMime(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new CpimError('unsafe-value')
  return text
}
