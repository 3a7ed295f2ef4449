import {
  findCpimHeader,
  mediaTypeOf,
  parseCpim,
  serializeCpim,
  type CpimContent,
  type CpimMessage,
} from '#protocol/cpim/cpim.ts'
import {
  imdnContent,
  imdnHeaders,
  imdnMessageId,
  requestedDispositions,
  type Disposition,
} from '#protocol/cpim/imdn.ts'
import { isComposingMediaType, serializeIsComposing } from '#protocol/cpim/is-composing.ts'
import { ProtocolError } from '#shared/errors.ts'

/** A body as MESSAGE or MSRP carries it. */
export interface EchoBody {
  readonly contentType: string
  readonly payload: Uint8Array
}

/** Who talks with the echo contact, and what an answer needs to be made. */
export interface EchoContext {
  /** Addresses as `sip:user@domain`. */
  readonly echo: string
  readonly peer: string
  readonly now: number
  readonly isFirstContact: boolean
  readonly newMessageId: () => string
}

/** What the echo contact says to one message: receipts at once, then what it "types" and says after a moment. */
export interface EchoAnswer {
  readonly atOnce: readonly EchoBody[]
  readonly later: readonly EchoBody[]
}

export const helpText =
  'I am the echo contact of this home server. I repeat what you write, so that you can see that everything works. ' +
  'What you write to me is not kept. Write "help" to read this again.'

const silence: EchoAnswer = { atOnce: [], later: [] }
const sottoNamespace = 'urn:x-sotto:chat:1'
/** Marks of a body that is not a line of its own: an edit, a retraction, a reaction, a mark among devices. */
const notALine = ['Replaces', 'Retracts', 'In-Reply-To', 'Mark', 'Own-Copy']

/**
 * Decides what the echo contact answers. Never to receipts, typing notices, or anything that is not text, so that two
 * machines cannot talk to each other for ever about nothing.
 */
export function answerEcho(body: EchoBody, context: EchoContext): EchoAnswer {
  const type = mediaTypeOf(body.contentType)
  if (type === 'text/plain') return { atOnce: [], later: texts(body, context) }
  if (type !== 'message/cpim') return silence
  let message: CpimMessage
  try {
    message = parseCpim(body.payload)
  } catch (cause) {
    if (cause instanceof ProtocolError) return silence
    throw cause
  }
  return answerCpim(message, context)
}

function answerCpim(message: CpimMessage, context: EchoContext): EchoAnswer {
  const { content } = message
  if (mediaTypeOf(content.contentType) !== 'text/plain') return silence
  if (content.headers.some(({ name }) => name.toLowerCase() === 'content-encoding')) return silence
  const atOnce = receiptsFor(message, context)
  if (notALine.some((name) => findCpimHeader(message, sottoNamespace, name) !== null)) return { atOnce, later: [] }
  const lines = texts({ contentType: content.contentType, payload: content.body }, context)
  return { atOnce: [...atOnce, composing()], later: lines.map((line) => wrapLine(line, context)) }
}

/** The echo itself, after the introduction when this is the first contact. */
function texts(body: EchoBody, context: EchoContext): EchoBody[] {
  const help = { contentType: 'text/plain; charset=utf-8', payload: Buffer.from(helpText) }
  if (/^\s*help\s*\??\s*$/i.test(Buffer.from(body.payload).toString('utf8'))) return [help]
  return context.isFirstContact ? [help, body] : [body]
}

function receiptsFor(message: CpimMessage, context: EchoContext): EchoBody[] {
  const messageId = imdnMessageId(message)
  if (messageId === null) return []
  const wanted = requestedDispositions(message)
  const dispositions: Disposition[] = []
  if (wanted.includes('positive-delivery')) dispositions.push({ kind: 'delivery', status: 'delivered' })
  if (wanted.includes('display')) dispositions.push({ kind: 'display', status: 'displayed' })
  return dispositions.map((disposition) => {
    const about = { messageId, dateTimeMs: context.now, recipientUri: context.echo, originalRecipientUri: null }
    return wrap(imdnContent({ ...about, disposition }), context)
  })
}

/** RFC 3994 wants the bare document, not CPIM. */
function composing(): EchoBody {
  const status = { state: 'active', lastActiveMs: null, contentType: null, refreshSeconds: 60 } as const
  return { contentType: isComposingMediaType, payload: serializeIsComposing(status) }
}

function wrapLine(body: EchoBody, context: EchoContext): EchoBody {
  return wrap({ contentType: body.contentType, headers: [], body: body.payload }, context)
}

function wrap(content: CpimContent, context: EchoContext): EchoBody {
  const address = (uri: string) => ({ displayName: uri === context.echo ? 'Echo' : '', uri })
  const payload = serializeCpim({
    from: address(context.echo),
    to: [address(context.peer)],
    cc: [],
    dateTimeMs: context.now,
    subject: null,
    require: [],
    headers: imdnHeaders(context.newMessageId(), []),
    content,
  })
  return { contentType: 'message/cpim', payload }
}
