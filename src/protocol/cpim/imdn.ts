import {
  findCpimHeader,
  mediaTypeOf,
  parseCpim,
  parseDateTime,
  type CpimContent,
  type CpimHeader,
  type CpimMessage,
} from './cpim.ts'
import { CpimError } from './errors.ts'
import { childOf, escapeXml, parseXml, type XmlElement } from './xml.ts'

/** Namespace of imdn.Message-ID and of the XML document (RFC 5438 §6, §11). */
export const imdnHeaderNamespace = 'urn:ietf:params:imdn'
const imdnDocumentNamespace = 'urn:ietf:params:xml:ns:imdn'
export const imdnMediaType = 'message/imdn+xml'

/** What a sender wants to hear (RFC 5438 §6.2). */
export type DispositionRequest = 'positive-delivery' | 'negative-delivery' | 'processing' | 'display' | 'interworking'

const requests: readonly string[] = ['positive-delivery', 'negative-delivery', 'processing', 'display', 'interworking']

/** What a report is about and what it says (RFC 5438 §7.2.1). */
export type Disposition =
  | { readonly kind: 'delivery'; readonly status: 'delivered' | 'failed' | 'forbidden' | 'error' }
  | { readonly kind: 'processing'; readonly status: 'processed' | 'stored' | 'forbidden' | 'error' }
  | { readonly kind: 'display'; readonly status: 'displayed' | 'forbidden' | 'error' }

/** A `message/imdn+xml` document. */
export interface ImdnReport {
  /** Of the message it is about. */
  readonly messageId: string
  readonly dateTimeMs: number | null
  readonly recipientUri: string | null
  readonly originalRecipientUri: string | null
  readonly disposition: Disposition
}

/** `imdn.Message-ID`, null where absent or unusable. */
export function imdnMessageId(message: CpimMessage): string | null {
  const id = findCpimHeader(message, imdnHeaderNamespace, 'Message-ID')
  return id !== null && isMessageId(id) ? id : null
}

function isMessageId(id: string): boolean {
  return /^[\u0021-\u007e]{1,256}$/.test(id)
}

/** `imdn.Disposition-Notification`; words we do not know are left out. */
export function requestedDispositions(message: CpimMessage): readonly DispositionRequest[] {
  const value = findCpimHeader(message, imdnHeaderNamespace, 'Disposition-Notification') ?? ''
  const words = value.split(',').map((word) => word.trim().toLowerCase())
  return words.filter((word): word is DispositionRequest => requests.includes(word))
}

/** Headers that name a message and ask for reports about it. */
export function imdnHeaders(messageId: string, wanted: readonly DispositionRequest[]): readonly CpimHeader[] {
  const header = (name: string, value: string): CpimHeader => ({
    namespace: imdnHeaderNamespace,
    name,
    value,
    parameters: [],
  })
  const id = header('Message-ID', messageId)
  return wanted.length === 0 ? [id] : [id, header('Disposition-Notification', wanted.join(', '))]
}

const statuses = {
  delivery: ['delivered', 'failed', 'forbidden', 'error'],
  processing: ['processed', 'stored', 'forbidden', 'error'],
  display: ['displayed', 'forbidden', 'error'],
} as const satisfies Record<Disposition['kind'], readonly string[]>

const kinds = ['delivery', 'processing', 'display'] as const

/**
 * Reads a `message/imdn+xml` body.
 * @throws CpimError
 */
export function parseImdn(bytes: Uint8Array): ImdnReport {
  const root = parseXml(bytes)
  if (root.name !== 'imdn' || root.namespace !== imdnDocumentNamespace) throw new CpimError('unexpected-document')
  const messageId = childOf(root, 'message-id')?.text ?? ''
  if (!isMessageId(messageId)) throw new CpimError('unexpected-document')
  return {
    messageId,
    dateTimeMs: parseDateTime(childOf(root, 'datetime')?.text),
    recipientUri: childOf(root, 'recipient-uri')?.text ?? null,
    originalRecipientUri: childOf(root, 'original-recipient-uri')?.text ?? null,
    disposition: readDisposition(root),
  }
}

function readDisposition(root: XmlElement): Disposition {
  for (const kind of kinds) {
    const notification = childOf(root, `${kind}-notification`)
    const status = notification === undefined ? undefined : childOf(notification, 'status')
    const names: readonly string[] = statuses[kind]
    const said = status?.children.find((child) => names.includes(child.name))
    if (said !== undefined) return { kind, status: said.name } as Disposition
  }
  throw new CpimError('unexpected-document')
}

/** Writes a `message/imdn+xml` body. */
export function serializeImdn(report: ImdnReport): Uint8Array {
  if (!isMessageId(report.messageId)) throw new CpimError('unsafe-value')
  const { kind, status } = report.disposition
  const element = (name: string, text: string | null): string =>
    text === null ? '' : `  <${name}>${escapeXml(text)}</${name}>\r\n`
  const dateTime = report.dateTimeMs === null ? null : new Date(report.dateTimeMs).toISOString()
  const xml =
    `<?xml version="1.0" encoding="UTF-8"?>\r\n<imdn xmlns="${imdnDocumentNamespace}">\r\n` +
    element('message-id', report.messageId) +
    element('datetime', dateTime) +
    element('recipient-uri', report.recipientUri) +
    element('original-recipient-uri', report.originalRecipientUri) +
    `  <${kind}-notification>\r\n    <status>\r\n      <${status}/>\r\n    </status>\r\n  </${kind}-notification>\r\n</imdn>\r\n`
  return Buffer.from(xml, 'utf8')
}

/**
 * The report inside a body: `message/imdn+xml` itself, as Linphone sends it, or wrapped in CPIM; null when it is neither.
 * @throws CpimError when it is one and malformed
 */
export function findImdn(contentType: string, body: Uint8Array): ImdnReport | null {
  const type = mediaTypeOf(contentType)
  if (type === imdnMediaType) return parseImdn(body)
  if (type !== 'message/cpim') return null
  const { content } = parseCpim(body)
  return mediaTypeOf(content.contentType) === imdnMediaType ? parseImdn(content.body) : null
}

/** A report as the content of a CPIM message (RFC 5438 §8). */
export function imdnContent(report: ImdnReport): CpimContent {
  const headers = [{ name: 'Content-Disposition', value: 'notification' }]
  return { contentType: imdnMediaType, headers, body: serializeImdn(report) }
}
