/** A session description as values (RFC 8866), lossless: attributes stay a list in order. */

/** `a=name` or `a=name:value`; a flag has null. */
export interface SdpAttribute {
  readonly name: string
  readonly value: string | null
}

/** `o=` (RFC 8866 §5.2). Ids are decimal strings: they pass 2⁵³. */
export interface SdpOrigin {
  readonly username: string
  readonly sessionId: string
  readonly sessionVersion: string
  readonly addressType: 'IP4' | 'IP6'
  readonly address: string
}

/** `c=` (RFC 8866 §5.7); `address` may carry a multicast suffix. */
export interface SdpConnection {
  readonly addressType: 'IP4' | 'IP6'
  readonly address: string
}

/** Any other line: `i= u= e= p= b= z= k= r=`, kept as it is. */
export interface SdpLine {
  readonly type: string
  readonly value: string
}

export interface SdpMedia {
  /** audio, video, message, image, application, text … */
  readonly kind: string
  /** 0 = refused or switched off (RFC 3264 §6). */
  readonly port: number
  /** Number of ports, 1 where not given. */
  readonly portCount: number
  /** As written: `RTP/AVP`, `TCP/TLS/MSRP`, `UDP/TLS/RTP/SAVPF` … */
  readonly protocol: string
  readonly formats: readonly string[]
  readonly connections: readonly SdpConnection[]
  readonly otherLines: readonly SdpLine[]
  readonly attributes: readonly SdpAttribute[]
}

export interface SdpSession {
  readonly origin: SdpOrigin
  readonly name: string
  readonly connection: SdpConnection | null
  /** Values of `t=`, at least one. */
  readonly times: readonly string[]
  readonly otherLines: readonly SdpLine[]
  readonly attributes: readonly SdpAttribute[]
  readonly media: readonly SdpMedia[]
}

export type SdpDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** First value of an attribute: undefined = not there, null = there as a flag. */
export function attributeOf(
  holder: { readonly attributes: readonly SdpAttribute[] },
  name: string,
): string | null | undefined {
  return holder.attributes.find((attribute) => attribute.name === name)?.value
}

/** All values of an attribute, flags left out. */
export function attributeValues(holder: { readonly attributes: readonly SdpAttribute[] }, name: string): string[] {
  return holder.attributes
    .filter((attribute) => attribute.name === name)
    .flatMap(({ value }) => (value === null ? [] : [value]))
}

const directions: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] satisfies SdpDirection[]

/** Direction of a media section: its own, else the session's, else sendrecv (RFC 8866 §6.7). */
export function directionOf(session: SdpSession, media: SdpMedia): SdpDirection {
  const isDirection = ({ name }: SdpAttribute): boolean => directions.includes(name)
  const found = media.attributes.find(isDirection) ?? session.attributes.find(isDirection)
  return (found?.name as SdpDirection | undefined) ?? 'sendrecv'
}

/** Where a media section's packets go: its own `c=`, else the session's; null where there is none. */
export function connectionOf(session: SdpSession, media: SdpMedia): SdpConnection | null {
  return media.connections[0] ?? session.connection
}
