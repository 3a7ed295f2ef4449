import { readChatOffer, writeChatAnswer, type ChatOffer } from './chat-offer.ts'
import { echoUser, type EchoContact, type EchoSessions } from './echo-contact.ts'
import type { EchoBody } from './echo-replies.ts'
import { socketPair } from '../net/socket-pair.ts'
import type { LocalExchange } from '../proxy/api.ts'
import { MsrpClient } from '#protocol/msrp/client.ts'
import type { MsrpConnection } from '#protocol/msrp/connection.ts'
import type { LocalPath } from '#protocol/msrp/local-path.ts'
import { defaultSessionTiming } from '#protocol/msrp/session.ts'
import type { MsrpSession } from '#protocol/msrp/session-runner.ts'
import { headerValue } from '#protocol/sip/headers.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { MessageSocket } from '#shared/ports/sockets.ts'
import { err, ok } from '#shared/result.ts'

/** A chat that somebody has with the echo contact. */
interface Chat {
  readonly user: string
  readonly remotePath: readonly string[]
  readonly path: LocalPath
  readonly session: MsrpSession
  readonly answer: Uint8Array
}

const maxChats = 500
const maxMessageBytes = 1_048_576
/** Our own relay cuts what is longer; a line is one chunk. */
const chunkBytes = 65_536
/** Longer than any relay grants: it says its own maximum. */
const expiresSeconds = 14_400

/** The MSRP side of the echo contact: a client of the server's own relay, over a socket without a network. */
export class EchoChats implements EchoSessions {
  readonly #echo: EchoContact
  readonly #client: MsrpClient
  readonly #relayUri: () => string
  readonly #credentials: { readonly realm: string; readonly ha1Sha256: string }
  /** By Call-ID: one dialog, one chat. */
  readonly #chats = new Map<string, Chat>()
  #connection: Promise<MsrpConnection | null> | null = null
  #stopped = false

  constructor(
    echo: EchoContact,
    ports: {
      readonly clock: ClockPort
      readonly random: RandomPort
      readonly log: LogPort
      readonly acceptSocket: (socket: MessageSocket) => void
      readonly relayUri: () => string
      readonly credentials: { readonly realm: string; readonly ha1Sha256: string }
    },
  ) {
    this.#echo = echo
    this.#relayUri = ports.relayUri
    this.#credentials = ports.credentials
    const webSocket = () => {
      const [own, relays] = socketPair()
      ports.acceptSocket(relays)
      return Promise.resolve(ok(own))
    }
    const connector = { webSocket, stream: () => Promise.resolve(err({ kind: 'refused' } as const)) }
    this.#client = new MsrpClient({ ...ports, connector })
  }

  handle(exchange: LocalExchange): void {
    const callId = headerValue(exchange.request, 'call-id') ?? ''
    const { method } = exchange.request
    if (method === 'INVITE') {
      this.#accept(exchange, callId).catch((_cause: unknown) => exchange.respond({ status: 500 }))
      return
    }
    if (method === 'ACK') return
    if (method !== 'BYE') {
      exchange.respond({ status: 481 })
      return
    }
    const chat = this.#chats.get(callId)
    if (chat?.user !== exchange.from) {
      exchange.respond({ status: 481 })
      return
    }
    this.#end(callId)
    exchange.respond({ status: 200 })
  }

  stop(): void {
    this.#stopped = true
    for (const callId of [...this.#chats.keys()]) this.#end(callId)
    void this.#connection?.then((connection) => connection?.close())
  }

  async #accept(exchange: LocalExchange, callId: string): Promise<void> {
    const running = this.#chats.get(callId)
    const offer = readChatOffer(Buffer.from(exchange.request.body).toString('utf8'))
    const refusal = this.#refusalOf(exchange, running, offer)
    if (refusal !== null || offer === null) {
      exchange.respond({ status: refusal ?? 488 })
      return
    }
    // A refreshed offer (session timer) keeps its chat; one with another path starts anew.
    if (running?.path.released === false && running.remotePath.join(' ') === offer.path.join(' ')) {
      this.#agree(exchange, running.answer)
      return
    }
    const chat = await this.#open(exchange.from, offer, callId)
    if (chat === null) {
      exchange.respond({ status: 480 })
      return
    }
    this.#end(callId)
    this.#chats.set(callId, chat)
    this.#agree(exchange, chat.answer)
  }

  #refusalOf(exchange: LocalExchange, running: Chat | undefined, offer: ChatOffer | null): number | null {
    if (running !== undefined && running.user !== exchange.from) return 481
    if (offer === null) return 488
    return this.#chats.size >= maxChats ? 486 : null
  }

  #agree(exchange: LocalExchange, answer: Uint8Array): void {
    exchange.respond({
      status: 200,
      headers: [
        { name: 'contact', value: `<${this.#echo.contactUri}>` },
        { name: 'content-type', value: 'application/sdp' },
      ],
      body: answer,
    })
  }

  async #open(user: string, offer: ChatOffer, callId: string): Promise<Chat | null> {
    const connection = await (this.#connection ??= this.#connect())
    const reserved = connection === null || this.#stopped ? null : await connection.reservePath()
    if (connection === null || reserved?.ok !== true) {
      this.#connection = null
      return null
    }
    const path = reserved.value
    const session = connection.openSession(path, {
      config: {
        remotePath: offer.path,
        role: offer.role,
        acceptTypes: ['message/cpim', 'text/plain', 'application/im-iscomposing+xml', 'message/imdn+xml'],
        timing: { ...defaultSessionTiming, keepAliveMs: null },
        maxInFlight: 16,
        maxUndecided: 64,
      },
      assembler: { maxMessageBytes, maxBufferedBytes: 2 * maxMessageBytes, maxOpenMessages: 8, maxGaps: 64 },
      handlers: {
        onMessage: (message, decision) => {
          const send = (body: EchoBody): Promise<void> => this.#send(session, connection, body)
          const { contentType, body: payload } = message
          const taken = this.#echo.answer(user, { contentType, payload }, send)
          if (taken) decision.accept()
          else decision.refuse(408)
        },
        onClosed: () => {
          if (this.#chats.get(callId)?.session === session) this.#chats.delete(callId)
          path.release()
        },
      },
    })
    const answer = Buffer.from(writeChatAnswer(offer, { path: path.path, id: String(this.#chats.size + 1) }))
    return { user, remotePath: offer.path, path, session, answer }
  }

  async #connect(): Promise<MsrpConnection | null> {
    const { realm, ha1Sha256 } = this.#credentials
    const credentials = { username: echoUser, realm, ha1Md5: null, ha1Sha256, strongest: 'SHA-256' } as const
    const relayUri = this.#relayUri()
    const opened = await this.#client.connectRelay({
      url: 'ws://127.0.0.1/',
      relayPath: [relayUri],
      credentials,
      expiresSeconds,
    })
    if (!opened.ok) return null
    opened.value.onClosed(() => (this.#connection = null))
    return opened.value
  }

  async #send(session: MsrpSession, connection: MsrpConnection, body: EchoBody): Promise<void> {
    await session.send({
      messageId: connection.newId(),
      contentType: body.contentType,
      body: body.payload,
      headers: [],
      successReport: false,
      failureReport: 'no',
      chunkBytes,
    })
  }

  #end(callId: string): void {
    const chat = this.#chats.get(callId)
    this.#chats.delete(callId)
    chat?.session.close()
    chat?.path.release()
  }
}
