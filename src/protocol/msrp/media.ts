import { MsrpError } from './errors.ts'
import { parsePath, serializeMsrpUri } from './uri.ts'

/** RFC 4145 §4; RFC 6135 gives it to MSRP. */
export type MsrpSetup = 'active' | 'passive' | 'actpass' | 'holdconn'

/** What the `m=message` section of one side says about MSRP (RFC 4975 §8, RFC 6135). */
export interface MsrpMedia {
  /** `TCP/MSRP`, or `TCP/TLS/MSRP` for TLS and for every WebSocket client (RFC 7977 §5.2.2). */
  readonly secure: boolean
  /** Hops of `a=path`, relays first. */
  readonly path: readonly string[]
  readonly acceptTypes: readonly string[]
  /** Types allowed only inside containers such as message/cpim. */
  readonly acceptWrappedTypes: readonly string[]
  /** Largest message, bytes; null = not said. */
  readonly maxSize: number | null
  /** Null = not said. */
  readonly setup: MsrpSetup | null
}

/** One `a=` line: name and value. */
export interface SdpAttribute {
  readonly name: string
  readonly value: string
}

const setups: readonly string[] = ['active', 'passive', 'actpass', 'holdconn']

/**
 * Reads an `m=message` section from its protocol field and attributes; null when the protocol is not MSRP.
 * @throws MsrpError `bad-path` without a usable `a=path`, `bad-header` without `a=accept-types`
 */
export function parseMsrpMedia(protocol: string, attributes: readonly SdpAttribute[]): MsrpMedia | null {
  const name = protocol.toUpperCase()
  if (name !== 'TCP/MSRP' && name !== 'TCP/TLS/MSRP') return null
  const valueOf = (wanted: string): string | undefined =>
    attributes.find((attribute) => attribute.name.toLowerCase() === wanted)?.value.trim()
  const acceptTypes = words(valueOf('accept-types'))
  if (acceptTypes.length === 0) throw new MsrpError('bad-header')
  const setup = valueOf('setup')?.toLowerCase()
  const maxSize = valueOf('max-size') ?? ''
  return {
    secure: name === 'TCP/TLS/MSRP',
    path: parsePath(valueOf('path') ?? '').map(serializeMsrpUri),
    acceptTypes,
    acceptWrappedTypes: words(valueOf('accept-wrapped-types')),
    maxSize: /^\d{1,15}$/.test(maxSize) ? Number(maxSize) : null,
    setup: setup !== undefined && setups.includes(setup) ? (setup as MsrpSetup) : null,
  }
}

function words(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : text.split(/\s+/, 64)
}

/** Writes the attributes of an `m=message` section. */
export function msrpMediaAttributes(media: MsrpMedia): readonly SdpAttribute[] {
  const optional = (name: string, value: string | null): SdpAttribute[] =>
    value === null || value === '' ? [] : [{ name, value }]
  return [
    { name: 'accept-types', value: media.acceptTypes.join(' ') },
    ...optional('accept-wrapped-types', media.acceptWrappedTypes.join(' ')),
    { name: 'path', value: media.path.join(' ') },
    ...optional('max-size', media.maxSize === null ? null : String(media.maxSize)),
    ...optional('setup', media.setup),
  ]
}

/** `TCP/TLS/MSRP` or `TCP/MSRP`. */
export function msrpMediaProtocol(media: Pick<MsrpMedia, 'secure'>): 'TCP/TLS/MSRP' | 'TCP/MSRP' {
  return media.secure ? 'TCP/TLS/MSRP' : 'TCP/MSRP'
}

/** Host and port for the `c=` and `m=` lines: those of the first hop, which MSRP itself ignores (RFC 4975 §8.1). */
export function msrpMediaAddress(media: Pick<MsrpMedia, 'path'>): { readonly host: string; readonly port: number } {
  const [first] = parsePath(media.path.join(' '))
  return { host: first?.host.replace(/^\[|\]$/g, '') ?? '', port: first?.port ?? 2855 }
}

/**
 * What we answer to an offered `a=setup`, and our role from both (RFC 4145 §4.1, RFC 6135 §4.2). Without one the offerer
 * is active (RFC 4975 §5.4). We prefer to be active: behind a relay both ends can be.
 */
export function answerSetup(offered: MsrpSetup | null): 'active' | 'passive' {
  return offered === null || offered === 'active' ? 'passive' : 'active'
}

/** The offerer's role once the answer is known; without `a=setup` in the answer the offerer is active. */
export function offererRole(answered: MsrpSetup | null): 'active' | 'passive' {
  return answered === 'active' ? 'passive' : 'active'
}
