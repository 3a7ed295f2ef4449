/**
 * Session descriptions travel beside the library: it gets an empty one with a ticket, so that its parser meets no hostile
 * text and its own ideas of hold never rewrite ours.
 */
import { headerValue, mediaTypeOf, tagOf, toOf } from '../headers.ts'
import type { SipMessage } from '../message.ts'
import { BoundedMap } from './bounded-map.ts'

/** A description and, where it came in a response, the To tag of that. */
export interface Description {
  readonly sdp: string
  readonly toTag: string | null
}

/** Every description is looked up within the turn it came in, or held by the session that waits for the user. */
const maxParked = 64

export class Descriptions {
  readonly #parked = new BoundedMap<string, Description>(maxParked)
  #counter = 0

  /** The message with an empty description in place of its own; unchanged where it has none. */
  park<M extends SipMessage>(message: M): M {
    const sdp = descriptionOf(message)
    if (sdp === null) return message
    const ticket = `v=0\r\no=- ${(this.#counter += 1)} 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n`
    this.#parked.set(ticket, { sdp, toTag: message.kind === 'response' ? tagOf(toOf(message)) : null })
    return { ...message, body: Buffer.from(ticket) }
  }

  /** What a ticket stands for. */
  read(ticket: string): Description | null {
    return this.#parked.get(ticket) ?? null
  }
}

/** The session description of a message already reduced to that, or null. */
export function descriptionOf(message: SipMessage): string | null {
  if (message.body.length === 0 || mediaTypeOf(message) !== 'application/sdp') return null
  return Buffer.from(message.body).toString('utf8')
}

/** `message` without its body. */
export function withoutDescription<M extends SipMessage>(message: M): M {
  const headers = message.headers.filter(({ name }) => name !== 'content-type' && name !== 'content-disposition')
  return { ...message, headers, body: new Uint8Array(0) }
}

/** Call-ID of a message. */
export function callIdOf(message: SipMessage): string {
  return headerValue(message, 'call-id') ?? ''
}
