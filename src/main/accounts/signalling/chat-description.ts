/** The one session description a chat needs: `m=message` with path and types (RFC 4975 §8, RFC 4145). */

export type ChatSetup = 'active' | 'passive' | 'actpass'

/** What one side says about its end of a chat session. */
export interface ChatDescription {
  /** Relays first, own URI last. */
  readonly path: readonly string[]
  readonly acceptTypes: readonly string[]
  readonly acceptWrappedTypes: readonly string[]
  /** Null where the peer says nothing: then the offerer is active (RFC 4975 §5.4). */
  readonly setup: ChatSetup | null
}

const maxDescriptionBytes = 32_768
const maxPathLength = 8

/** The first usable chat medium of a description; null when there is none. `index` counts the media before it. */
export function readChat(sdp: string): { readonly chat: ChatDescription; readonly index: number } | null {
  if (sdp.length > maxDescriptionBytes) return null
  const sections = sdp.split(/\r?\n(?=m=)/).slice(1)
  for (const [index, section] of sections.entries()) {
    const lines = section.split(/\r?\n/)
    const [, port, protocol] = /^m=message (\d+) (\S+) /.exec(`${lines[0] ?? ''} `) ?? []
    if (port === undefined || port === '0' || !/^TCP\/(?:TLS\/)?MSRP$/i.test(protocol ?? '')) continue
    const chat = readAttributes(lines)
    if (chat !== null) return { chat, index }
  }
  return null
}

function readAttributes(lines: readonly string[]): ChatDescription | null {
  const valueOf = (name: string): string | null =>
    lines
      .find((line) => line.startsWith(`a=${name}:`))
      ?.slice(name.length + 3)
      .trim() ?? null
  const wordsOf = (name: string): string[] => (valueOf(name) ?? '').split(/\s+/).filter((word) => word !== '')
  const path = wordsOf('path')
  const isUsable = path.length > 0 && path.length <= maxPathLength && path.every((uri) => /^msrps?:\/\/\S+$/i.test(uri))
  if (!isUsable) return null
  const setup = valueOf('setup')?.toLowerCase()
  return {
    path,
    acceptTypes: wordsOf('accept-types').slice(0, 64),
    acceptWrappedTypes: wordsOf('accept-wrapped-types').slice(0, 64),
    setup: setup === 'active' || setup === 'passive' || setup === 'actpass' ? setup : null,
  }
}

/** Which part the answerer plays: it lets the offerer bind unless the offer leaves it no choice. */
export function answererRole(offer: ChatSetup | null): 'active' | 'passive' {
  return offer === 'passive' ? 'active' : 'passive'
}

/** Which part the offerer plays once the answer is there. */
export function offererRole(answer: ChatSetup | null): 'active' | 'passive' {
  return answer === 'active' ? 'passive' : 'active'
}

interface Writing {
  readonly chat: ChatDescription
  readonly sessionId: string
  /** The offer this answers: media other than the chat at `index` are refused. */
  readonly offer?: { readonly sdp: string; readonly index: number }
}

/** Writes an offer or an answer; no address of ours stands in it, everything goes through the relay. */
export function writeChat({ chat, sessionId, offer }: Writing): string {
  const host = hostOf(chat.path[0] ?? '')
  const head = ['v=0', `o=- ${sessionId} ${sessionId} IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0']
  const own = [
    `m=message ${portOf(chat.path[0] ?? '')} ${isSecure(chat.path) ? 'TCP/TLS/MSRP' : 'TCP/MSRP'} *`,
    `a=accept-types:${chat.acceptTypes.join(' ')}`,
    `a=accept-wrapped-types:${chat.acceptWrappedTypes.join(' ')}`,
    `a=path:${chat.path.join(' ')}`,
    ...(chat.setup === null ? [] : [`a=setup:${chat.setup}`]),
    'a=sendrecv',
  ]
  const media =
    offer === undefined
      ? [own]
      : offeredMedia(offer.sdp).map((line, at) => (at === offer.index ? own : [refused(line)]))
  return [...head, ...media.flat(), ''].join('\r\n')
}

function offeredMedia(sdp: string): string[] {
  return sdp.split(/\r?\n/).filter((line) => line.startsWith('m='))
}

function refused(line: string): string {
  return line.replace(/^(m=\S+) \d+(?:\/\d+)?/, '$1 0')
}

function isSecure(path: readonly string[]): boolean {
  return (path[0] ?? '').toLowerCase().startsWith('msrps:')
}

const authority = /^msrps?:\/\/(?:[^/@;]*@)?(\[[0-9a-f:.]+\]|[^/:;]+)(?::(\d{1,5}))?/i

function hostOf(uri: string): string {
  return authority.exec(uri)?.[1]?.replace(/^\[|\]$/g, '') ?? '0.0.0.0'
}

function portOf(uri: string): number {
  return Number(authority.exec(uri)?.[2] ?? 2855)
}
