import { SaxesParser, type SaxesTagNS } from 'saxes'
import { CpimError } from './errors.ts'

/** An element of a small, trusted-by-nobody document. */
export interface XmlElement {
  readonly namespace: string
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** Character data directly inside, trimmed. */
  readonly text: string
}

export interface XmlLimits {
  readonly maxBytes: number
  readonly maxDepth: number
  readonly maxElements: number
}

export const defaultXmlLimits: XmlLimits = { maxBytes: 65_536, maxDepth: 16, maxElements: 512 }

interface Building {
  readonly namespace: string
  readonly name: string
  readonly attributes: Map<string, string>
  readonly children: Building[]
  text: string
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/**
 * Reads an XML document into a tree. No document type, so no entities but the five of XML itself, nothing external.
 * @throws CpimError `bad-xml`, or `too-large` beyond the limits
 */
export function parseXml(bytes: Uint8Array, limits: XmlLimits = defaultXmlLimits): XmlElement {
  if (bytes.length > limits.maxBytes) throw new CpimError('too-large')
  const stack: Building[] = []
  const roots: Building[] = []
  let elements = 0
  const parser = new SaxesParser({ xmlns: true })
  const refuse = (): never => {
    throw new CpimError('bad-xml')
  }
  parser.on('error', refuse)
  parser.on('doctype', refuse)
  parser.on('opentag', (tag) => {
    elements += 1
    if (elements > limits.maxElements || stack.length >= limits.maxDepth) throw new CpimError('too-large')
    const element = open(tag)
    ;(stack.at(-1)?.children ?? roots).push(element)
    stack.push(element)
  })
  const addText = (text: string): void => {
    const element = stack.at(-1)
    if (element !== undefined) element.text += text
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', () => {
    const element = stack.pop()
    if (element !== undefined) element.text = element.text.trim()
  })
  parser.write(decode(bytes)).close()
  return roots[0] ?? refuse()
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    // Not UTF-8: the one encoding these documents have.
    throw new CpimError('bad-xml')
  }
}

function open(tag: SaxesTagNS): Building {
  const attributes = new Map(Object.values(tag.attributes).map((attribute) => [attribute.local, attribute.value]))
  return { namespace: tag.uri, name: tag.local, attributes, children: [], text: '' }
}

/** First child of that name in the parent's namespace. */
export function childOf(parent: XmlElement, name: string): XmlElement | undefined {
  return parent.children.find((child) => child.name === name && child.namespace === parent.namespace)
}

/** Text with the five special characters written as entities; characters XML cannot hold are left out. */
export function escapeXml(text: string): string {
  const allowed = text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
  return allowed.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}
