import type { EchoCalls } from './calls/echo-calls.ts'
import type { EchoSessions } from './echo-contact.ts'
import { readChatOffer } from './chat-offer.ts'
import type { LocalExchange } from '../proxy/api.ts'

/** Tells chats from calls: an offer with a chat in it is a chat, whatever else it offers. */
export class SessionKinds implements EchoSessions {
  readonly #chats: EchoSessions
  readonly #calls: EchoCalls

  constructor(chats: EchoSessions, calls: EchoCalls) {
    this.#chats = chats
    this.#calls = calls
  }

  handle(exchange: LocalExchange): void {
    if (isChat(exchange) || !this.#calls.handle(exchange)) this.#chats.handle(exchange)
  }

  stop(): void {
    this.#calls.stop()
    this.#chats.stop()
  }
}

function isChat({ request }: LocalExchange): boolean {
  return request.method === 'INVITE' && readChatOffer(Buffer.from(request.body).toString('utf8')) !== null
}
