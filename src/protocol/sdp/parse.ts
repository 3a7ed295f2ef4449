/** Text to `SdpSession` (RFC 8866 §5, §9): line structure, order, bounds and the fields everyone relies on. */
import { isUtf8 } from 'node:buffer'
import { ProtocolError } from '#shared/errors.ts'
import type { SdpAttribute, SdpConnection, SdpLine, SdpMedia, SdpOrigin, SdpSession } from './session.ts'

export type SdpCode = 'sdp-too-large' | 'sdp-encoding' | 'sdp-line' | 'sdp-order' | 'sdp-missing' | 'sdp-value'

export interface SdpLimits {
  readonly bytes: number
  readonly lineBytes: number
  readonly lines: number
  readonly media: number
}

export const defaultSdpLimits: SdpLimits = { bytes: 65_536, lineBytes: 8_192, lines: 2_000, media: 64 }

/** Session and media sections before they are built. */
interface Section {
  readonly lines: SdpLine[]
}

const sessionTypes = 'vosiuepcbtrzka'
const mediaTypes = 'micbka'

/**
 * Parses a description; CRLF or LF line ends, a missing last one is forgiven.
 * @throws ProtocolError with an {@link SdpCode}
 */
export function parseSdp(input: Uint8Array | string, limits: SdpLimits = defaultSdpLimits): SdpSession {
  const bytes = typeof input === 'string' ? Buffer.byteLength(input) : input.length
  if (bytes > limits.bytes) throw fault('sdp-too-large')
  if (typeof input !== 'string' && !isUtf8(input)) throw fault('sdp-encoding')
  const text =
    typeof input === 'string' ? input : Buffer.from(input.buffer, input.byteOffset, input.length).toString('utf8')
  const lines = splitLines(text, limits)
  const [session, ...media] = splitSections(lines.map((line) => parseLine(line, limits)))
  if (session === undefined || media.length > limits.media) throw fault('sdp-too-large', 'media')
  return buildSession(session, media)
}

/** Empty lines at the end are forgiven. One pass: no pattern that looks for them from every line anew. */
function splitLines(text: string, limits: SdpLimits): string[] {
  const lines = text.split(/\r?\n/, limits.lines + 2)
  const isWhole = lines.length < limits.lines + 2
  while (isWhole && lines.length > 1 && lines.at(-1) === '') lines.pop()
  if (lines.length > limits.lines) throw fault('sdp-too-large', 'lines')
  return lines
}

function fault(code: SdpCode, detail?: string): ProtocolError<SdpCode> {
  return new ProtocolError(code, detail)
}

function parseLine(line: string, limits: SdpLimits): SdpLine {
  if (line.length > limits.lineBytes) throw fault('sdp-too-large', 'line')
  const type = line.charAt(0)
  if (line.charAt(1) !== '=' || (!sessionTypes.includes(type) && type !== 'm')) throw fault('sdp-line')
  if (/[\r\n\0]/.test(line)) throw fault('sdp-line', 'control character')
  return { type, value: line.slice(2) }
}

function splitSections(lines: readonly SdpLine[]): Section[] {
  const sections: { lines: SdpLine[] }[] = [{ lines: [] }]
  for (const line of lines) {
    if (line.type === 'm') sections.push({ lines: [] })
    sections.at(-1)?.lines.push(line)
  }
  for (const [index, section] of sections.entries()) checkPlacement(section, index === 0 ? sessionTypes : mediaTypes)
  if (lines[0]?.type !== 'v') throw fault('sdp-missing', 'v=0')
  return sections
}

/** Order inside a section is not held against anyone: RFC 3264 and 5939 themselves print c= after t=. */
function checkPlacement({ lines }: Section, allowed: string): void {
  for (const { type } of lines) if (!allowed.includes(type)) throw fault('sdp-order', `${type} here`)
}

function valuesOf(section: Section, type: string): string[] {
  return section.lines.filter((line) => line.type === type).map(({ value }) => value)
}

/** The one value of a line type that may stand once. */
function onlyValue(section: Section, type: string): string | null {
  const values = valuesOf(section, type)
  if (values.length > 1) throw fault('sdp-order', `${type} repeated`)
  return values[0] ?? null
}

function buildSession(section: Section, media: readonly Section[]): SdpSession {
  if (onlyValue(section, 'v') !== '0') throw fault('sdp-missing', 'v=0')
  const [origin, name, connection] = ['o', 's', 'c'].map((type) => onlyValue(section, type))
  const times = valuesOf(section, 't')
  if (typeof origin !== 'string') throw fault('sdp-missing', 'o')
  if (!times.every((time) => /^\d{1,20} \d{1,20}$/.test(time))) throw fault('sdp-value', 't')
  return {
    origin: parseOrigin(origin),
    // Empty or missing s= and t= are forbidden and common (RFC 5763, 5888): read as their lawful defaults.
    name: typeof name !== 'string' || name === '' ? '-' : name,
    connection: typeof connection === 'string' ? parseConnection(connection) : null,
    times: times.length === 0 ? ['0 0'] : times,
    otherLines: section.lines.filter(({ type }) => !'vosctam'.includes(type)),
    attributes: valuesOf(section, 'a').map(parseAttribute),
    media: media.map(buildMedia),
  }
}

const originPattern = /^(\S+) (\d{1,40}) (\d{1,40}) IN (IP4|IP6) (\S+)$/

function parseOrigin(value: string): SdpOrigin {
  const match = originPattern.exec(value)
  const [username = '', sessionId = '', sessionVersion = '', type, address = ''] = match?.slice(1) ?? []
  if (match === null) throw fault('sdp-value', 'o')
  return { username, sessionId, sessionVersion, addressType: type === 'IP6' ? 'IP6' : 'IP4', address }
}

const connectionPattern = /^IN (IP4|IP6) ([A-Za-z0-9.:_-]+(?:\/\d{1,5}){0,2})$/

function parseConnection(value: string): SdpConnection {
  const match = connectionPattern.exec(value)
  if (match?.[2] === undefined) throw fault('sdp-value', 'c')
  return { addressType: match[1] === 'IP6' ? 'IP6' : 'IP4', address: match[2] }
}

const attributePattern = /^([A-Za-z0-9!#$%&'*+.^_`{|}~-]+)(?::([^]*))?$/

function parseAttribute(value: string): SdpAttribute {
  const match = attributePattern.exec(value)
  if (match?.[1] === undefined) throw fault('sdp-value', 'a')
  return { name: match[1], value: match[2] ?? null }
}

const mediaPattern =
  /^([A-Za-z0-9!#$%&'*+.^_`{|}~-]+) (\d{1,5})(?:\/(\d{1,5}))? ([A-Za-z0-9!#$%&'*+.^_`{|}~/-]+)((?: \S+)+)$/

function buildMedia(section: Section): SdpMedia {
  const match = mediaPattern.exec(section.lines[0]?.value ?? '')
  const [kind = '', port = '', count, protocol = '', formats = ''] = match?.slice(1) ?? []
  if (match === null || Number(port) > 65_535) throw fault('sdp-value', 'm')
  return {
    kind,
    port: Number(port),
    portCount: Number(count ?? '1'),
    protocol,
    formats: formats.trim().split(' '),
    connections: valuesOf(section, 'c').map(parseConnection),
    otherLines: section.lines.filter(({ type }) => !'mca'.includes(type)),
    attributes: valuesOf(section, 'a').map(parseAttribute),
  }
}
