/** The little SDP an in-process chat answerer needs (RFC 4975 §8). */
export interface ChatOffer {
  /** Relays first, the peer's own URI last. */
  readonly path: readonly string[]
  readonly acceptTypes: readonly string[]
  /** Who binds the session: the offerer unless it says `passive` (RFC 4145). */
  readonly role: 'active' | 'passive'
  /** Media lines as offered, the chat's among them. */
  readonly media: readonly string[]
  readonly index: number
}

const maxSdpBytes = 32_768
const maxHops = 8

/** The first usable `m=message` of an offer; null when there is none. */
export function readChatOffer(sdp: string): ChatOffer | null {
  if (sdp.length > maxSdpBytes) return null
  const [, ...sections] = sdp.split(/^(?=m=)/m)
  const media = sections.map((section) => section.split(/\r?\n/, 1)[0] ?? '')
  for (const [index, section] of sections.entries()) {
    if (!/^m=message [1-9]\d{0,4} TCP\/(?:TLS\/)?MSRP /i.test(`${media[index] ?? ''} `)) continue
    const path = words(section, 'path')
    if (path.length === 0 || path.length > maxHops || !path.every((uri) => /^msrps?:\/\/\S+$/i.test(uri))) continue
    const role = words(section, 'setup')[0]?.toLowerCase() === 'passive' ? 'active' : 'passive'
    return { path, acceptTypes: words(section, 'accept-types'), role, media, index }
  }
  return null
}

function words(section: string, name: string): string[] {
  const line = new RegExp(`^a=${name}:([^\r\n]*)`, 'm').exec(section)?.[1] ?? ''
  return line
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
}

/** The answer: our path for the chat, port 0 for everything else (RFC 3264 §6). */
export function writeChatAnswer(
  offer: ChatOffer,
  own: { readonly path: readonly string[]; readonly id: string },
): string {
  const chat = [
    offer.media[offer.index]?.replace(/^m=message \d+/i, 'm=message 2855') ?? '',
    'a=accept-types:message/cpim text/plain application/im-iscomposing+xml message/imdn+xml',
    'a=accept-wrapped-types:text/plain message/imdn+xml application/im-iscomposing+xml',
    `a=path:${own.path.join(' ')}`,
    `a=setup:${offer.role}`,
  ]
  const media = offer.media.flatMap((line, at) => {
    return at === offer.index ? chat : [line.replace(/^(m=\S+) \d+(?:\/\d+)?/, '$1 0')]
  })
  const head = ['v=0', `o=echo ${own.id} ${own.id} IN IP4 127.0.0.1`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0']
  return [...head, ...media, ''].join('\r\n')
}
