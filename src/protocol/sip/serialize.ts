import type { SipHeader, SipMessage } from './message.ts'
import { wireHeaderName } from './names.ts'
import { reasonPhrase } from './reasons.ts'

const forbidden = /[\r\n]/

/**
 * Writes a message (RFC 3261 §7). Content-Length is always written last and always right, whatever `headers` says.
 * @throws RangeError when a value holds CR or LF: only a bug of ours can put them there.
 */
export function serializeSip(message: SipMessage): Uint8Array {
  const head = Buffer.from(serializeHead(message))
  if (message.body.length === 0) return new Uint8Array(head.buffer, head.byteOffset, head.length)
  const bytes = new Uint8Array(head.length + message.body.length)
  bytes.set(head, 0)
  bytes.set(message.body, head.length)
  return bytes
}

/** Start line and headers up to and including the blank line. */
export function serializeHead(message: SipMessage): string {
  let text = startLine(message)
  for (const header of message.headers) {
    if (header.name !== 'content-length') text += headerLine(header)
  }
  return `${text}Content-Length: ${message.body.length}\r\n\r\n`
}

function startLine(message: SipMessage): string {
  if (message.kind === 'request') {
    if (forbidden.test(message.uri) || forbidden.test(message.method)) throw new RangeError('line break in start line')
    return `${message.method} ${message.uri} SIP/2.0\r\n`
  }
  const reason = message.reason === '' ? reasonPhrase(message.status) : message.reason
  if (forbidden.test(reason)) throw new RangeError('line break in reason')
  return `SIP/2.0 ${message.status} ${reason}\r\n`
}

function headerLine({ name, value }: SipHeader): string {
  if (forbidden.test(value) || forbidden.test(name)) throw new RangeError(`line break in ${wireHeaderName(name)}`)
  return `${wireHeaderName(name)}: ${value}\r\n`
}
