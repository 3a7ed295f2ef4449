import type { RandomPort } from '#shared/ports/random.ts'
import type { SdpAttribute, SdpConnection, SdpLine, SdpMedia, SdpOrigin, SdpSession } from './session.ts'

/** Writes a description with CRLF line ends (RFC 8866 §5). @throws RangeError when a value holds a line break. */
export function serializeSdp(session: SdpSession): string {
  const { origin, name, connection, times, otherLines, attributes, media } = session
  const lines = [
    'v=0',
    `o=${origin.username} ${origin.sessionId} ${origin.sessionVersion} IN ${origin.addressType} ${origin.address}`,
    `s=${name}`,
    ...pick(otherLines, 'iuep'),
    ...(connection === null ? [] : [serializeConnection(connection)]),
    ...pick(otherLines, 'b'),
    ...times.map((time) => `t=${time}`),
    ...pick(otherLines, 'rzk'),
    ...attributes.map(serializeAttribute),
    ...media.flatMap(mediaLines),
  ]
  if (lines.some((line) => /[\r\n\0]/.test(line))) throw new RangeError('line break in SDP value')
  return `${lines.join('\r\n')}\r\n`
}

function mediaLines(media: SdpMedia): string[] {
  const ports = media.portCount === 1 ? String(media.port) : `${media.port}/${media.portCount}`
  return [
    `m=${media.kind} ${ports} ${media.protocol} ${media.formats.join(' ')}`,
    ...pick(media.otherLines, 'i'),
    ...media.connections.map(serializeConnection),
    ...pick(media.otherLines, 'bk'),
    ...media.attributes.map(serializeAttribute),
  ]
}

function pick(lines: readonly SdpLine[], types: string): string[] {
  return lines.filter(({ type }) => types.includes(type)).map(({ type, value }) => `${type}=${value}`)
}

function serializeConnection({ addressType, address }: SdpConnection): string {
  return `c=IN ${addressType} ${address}`
}

function serializeAttribute({ name, value }: SdpAttribute): string {
  return value === null ? `a=${name}` : `a=${name}:${value}`
}

/** Fresh origin: random session id below 2⁶², no user name (RFC 8866 §5.2). */
export function newOrigin(random: RandomPort, address: SdpConnection): SdpOrigin {
  const sessionId = (Buffer.from(random.bytes(8)).readBigUInt64BE() >> 2n).toString()
  return { username: '-', sessionId, sessionVersion: '1', ...address }
}

/** The origin of the next description of the same session (RFC 3264 §8). */
export function nextVersion(origin: SdpOrigin): SdpOrigin {
  return { ...origin, sessionVersion: (BigInt(origin.sessionVersion) + 1n).toString() }
}
