/** MSRP media sections (RFC 4975 §8, RFC 5547 excluded). Paths stay text: their grammar belongs to protocol/msrp. */
import { attributeOf, type SdpAttribute, type SdpMedia } from './session.ts'

export interface MessageMedia {
  /** Leftmost first, as in To-Path. */
  readonly path: readonly string[]
  /** `*` stands for any. */
  readonly acceptTypes: readonly string[]
  readonly acceptWrappedTypes: readonly string[]
  /** Bytes; null = no bound said. */
  readonly maxSize: number | null
  /** RFC 4145, RFC 6135; null where none was said: the offerer connects. */
  readonly setup: 'active' | 'passive' | 'actpass' | 'holdconn' | null
  readonly secure: boolean
}

const setups = ['active', 'passive', 'actpass', 'holdconn'] as const

/** Reads `m=message … TCP/MSRP` or `TCP/TLS/MSRP`; null when it is something else or lacks a path or types. */
export function readMessageMedia(media: SdpMedia): MessageMedia | null {
  const protocol = media.protocol.toUpperCase()
  const path = words(media, 'path')
  const acceptTypes = words(media, 'accept-types')
  const isMsrp = protocol === 'TCP/MSRP' || protocol === 'TCP/TLS/MSRP'
  if (media.kind !== 'message' || !isMsrp || path.length === 0 || acceptTypes.length === 0) return null
  const size = attributeOf(media, 'max-size') ?? ''
  const setup = attributeOf(media, 'setup')
  return {
    path,
    acceptTypes,
    acceptWrappedTypes: words(media, 'accept-wrapped-types'),
    maxSize: /^\d{1,15}$/.test(size) ? Number(size) : null,
    setup: setups.find((name) => name === setup) ?? null,
    secure: protocol === 'TCP/TLS/MSRP',
  }
}

function words(media: SdpMedia, name: string): string[] {
  return (attributeOf(media, name) ?? '').split(' ').filter((word) => word !== '')
}

/** Builds the section; `port` is that of the own end of the path, 9 where nothing listens (RFC 4145 §4.1). */
export function buildMessageMedia(message: MessageMedia, port: number): SdpMedia {
  const attributes: SdpAttribute[] = [{ name: 'accept-types', value: message.acceptTypes.join(' ') }]
  const wrapped = message.acceptWrappedTypes.join(' ')
  if (wrapped !== '') attributes.push({ name: 'accept-wrapped-types', value: wrapped })
  if (message.maxSize !== null) attributes.push({ name: 'max-size', value: String(message.maxSize) })
  if (message.setup !== null) attributes.push({ name: 'setup', value: message.setup })
  attributes.push({ name: 'path', value: message.path.join(' ') })
  const protocol = message.secure ? 'TCP/TLS/MSRP' : 'TCP/MSRP'
  return { kind: 'message', port, portCount: 1, protocol, formats: ['*'], connections: [], otherLines: [], attributes }
}
