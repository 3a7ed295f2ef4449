import { MsrpError } from './errors.ts'

/** An MSRP URI, RFC 4975 §6 and §9; `transport` is `tcp`, `ws` (RFC 7977) or one we do not know. */
export interface MsrpUri {
  readonly scheme: 'msrp' | 'msrps'
  readonly user: string | null
  /** Host name or address as written; IPv6 keeps its brackets. */
  readonly host: string
  readonly port: number | null
  readonly sessionId: string | null
  readonly transport: string
  /** Further parameters as written, each `name` or `name=value`. */
  readonly parameters: readonly string[]
}

const maxUriLength = 512
const maxPathLength = 16
const uriPattern =
  /^(msrps?):\/\/(?:([^@/;\s]{1,128})@)?(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?(?:\/([!#-:<-~]{1,256}))?;([A-Za-z0-9]{1,16})((?:;[!#-:<-~]{1,64})*)$/i

/** The default port of an MSRP URI without one (RFC 4975 §15.4). */
export const defaultMsrpPort = 2855

/**
 * Reads one URI.
 * @throws MsrpError `bad-uri`
 */
export function parseMsrpUri(text: string): MsrpUri {
  if (text.length > maxUriLength) throw new MsrpError('bad-uri')
  const match = uriPattern.exec(text)
  if (match === null) throw new MsrpError('bad-uri')
  const group = (index: number): string | null => match[index] ?? null
  const port = group(4) === null ? null : Number(group(4))
  if (port !== null && (port === 0 || port > 65535)) throw new MsrpError('bad-uri')
  return {
    scheme: group(1)?.toLowerCase() === 'msrps' ? 'msrps' : 'msrp',
    user: group(2),
    host: String(group(3)),
    port,
    sessionId: group(5),
    transport: String(group(6)).toLowerCase(),
    parameters: group(7)?.split(';').slice(1) ?? [],
  }
}

/** Writes a URI in the order of the grammar. */
export function serializeMsrpUri(uri: MsrpUri): string {
  const user = uri.user === null ? '' : `${uri.user}@`
  const port = uri.port === null ? '' : `:${uri.port}`
  const session = uri.sessionId === null ? '' : `/${uri.sessionId}`
  const parameters = uri.parameters.map((parameter) => `;${parameter}`).join('')
  return `${uri.scheme}://${user}${uri.host}${port}${session};${uri.transport}${parameters}`
}

/** RFC 4975 §6.1: user and parameters do not count, session id is case-sensitive, an absent port equals no other. */
export function msrpUrisEqual(a: MsrpUri, b: MsrpUri): boolean {
  return (
    a.scheme === b.scheme &&
    a.host.toLowerCase() === b.host.toLowerCase() &&
    a.port === b.port &&
    a.sessionId === b.sessionId &&
    a.transport === b.transport
  )
}

/**
 * Reads a path: one or more URIs separated by single spaces (To-Path, From-Path, Use-Path, `a=path`).
 * @throws MsrpError `bad-path` when empty or longer than 16 hops, `bad-uri` for a wrong hop
 */
export function parsePath(text: string): readonly MsrpUri[] {
  return splitPath(text).map(parseMsrpUri)
}

/**
 * Splits a path without reading its URIs, the cheap form for heads.
 * @throws MsrpError `bad-path`
 */
export function splitPath(text: string): readonly string[] {
  const hops = text.trim().split(/ +/, maxPathLength + 1)
  if (hops[0] === '' || hops.length > maxPathLength) throw new MsrpError('bad-path')
  return hops
}

/** Session id of a URI in text form, or null where it has none or is no MSRP URI; never throws. */
export function sessionIdOf(text: string): string | null {
  if (text.length > maxUriLength) return null
  return uriPattern.exec(text)?.[5] ?? null
}
