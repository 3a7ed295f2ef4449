/**
 * What the library leaves to a reliable transport (RFC 3261 §17): over datagrams requests are repeated until they are
 * answered, answers repeated where their request is, and neither shows above.
 */
import type { ClockPort } from '#shared/ports/clock.ts'
import { cseqOf, headerValue, topVia } from '../headers.ts'
import type { SipMessage, SipRequest, SipResponse } from '../message.ts'
import { serializeSip } from '../serialize.ts'
import { newInviteClient, stepInviteClient } from '../transaction/invite-client.ts'
import { newInviteServer, stepInviteServer } from '../transaction/invite-server.ts'
import { clientKey, clientKeyOf, serverKeyOf } from '../transaction/key.ts'
import type { ClientEvent, ServerEvent } from '../transaction/machine.ts'
import { newNonInviteClient, stepNonInviteClient } from '../transaction/non-invite-client.ts'
import { newNonInviteServer, stepNonInviteServer } from '../transaction/non-invite-server.ts'
import { RunningMachine, type OwnerEffect } from '../transaction/run.ts'

export interface DatagramTransactionsOptions {
  readonly clock: ClockPort
  /** One datagram out. */
  readonly send: (bytes: Uint8Array) => void
  /** One message in, each only once. */
  readonly deliver: (bytes: Uint8Array) => void
}

interface Client {
  readonly feed: (event: ClientEvent) => void
  readonly stop: () => void
  /** The ACK of a refusal, sent again when that is (RFC 3261 §17.1.1.2). */
  ack: Uint8Array | null
}

interface Server {
  readonly feed: (event: ServerEvent) => void
  readonly stop: () => void
}

/** What one server can keep open with us; more are dropped, and repeated by whoever means them. */
const maxTransactions = 1_024

export class DatagramTransactions {
  readonly #options: DatagramTransactionsOptions
  readonly #clients = new Map<string, Client>()
  readonly #servers = new Map<string, Server>()
  /** Servers by what their responses copy: top Via and CSeq. */
  readonly #replies = new Map<string, Server>()

  constructor(options: DatagramTransactionsOptions) {
    this.#options = options
  }

  /** A message of ours. */
  outgoing(message: SipMessage, bytes: Uint8Array): void {
    if (message.kind === 'response') this.#respond(message, bytes)
    else if (message.method === 'ACK') this.#acknowledge(message, bytes)
    else this.#request(message, bytes)
  }

  /** A message of the server; `bytes` are what is delivered. */
  incoming(message: SipMessage, bytes: Uint8Array): void {
    if (message.kind === 'response') this.#incomingResponse(message, bytes)
    else this.#incomingRequest(message, bytes)
  }

  /** Forgets everything. */
  stop(): void {
    for (const { stop } of [...this.#clients.values(), ...this.#servers.values()]) stop()
    this.#clients.clear()
    this.#servers.clear()
    this.#replies.clear()
  }

  #request(request: SipRequest, bytes: Uint8Array): void {
    const key = clientKey(branchOf(request), request.method)
    if (this.#clients.has(key)) return
    if (this.#clients.size >= maxTransactions) {
      this.#options.send(bytes)
      return
    }
    const act = (effect: OwnerEffect): void => {
      if (effect.kind === 'send-request') this.#options.send(bytes)
      else if (effect.kind === 'send-ack' && client.ack !== null) this.#options.send(client.ack)
      else if (effect.kind === 'deliver') this.#options.deliver(serializeSip(effect.response))
      else if (effect.kind === 'terminated') this.#clients.delete(key)
    }
    const { clock } = this.#options
    const running =
      request.method === 'INVITE'
        ? new RunningMachine(newInviteClient(false), stepInviteClient, clock, act)
        : new RunningMachine(newNonInviteClient(false), stepNonInviteClient, clock, act)
    const client: Client = { feed: (event) => running.feed(event), stop: () => running.stop(), ack: null }
    this.#clients.set(key, client)
    client.feed({ kind: 'start' })
  }

  #acknowledge(ack: SipRequest, bytes: Uint8Array): void {
    const client = this.#clients.get(clientKey(branchOf(ack), 'INVITE'))
    if (client !== undefined) client.ack = bytes
    this.#options.send(bytes)
  }

  #respond(response: SipResponse, bytes: Uint8Array): void {
    const server = this.#replies.get(replyKeyOf(response))
    if (server === undefined) this.#options.send(bytes)
    else server.feed({ kind: 'respond', response })
  }

  #incomingResponse(response: SipResponse, bytes: Uint8Array): void {
    const client = this.#clients.get(clientKeyOf(response))
    if (client !== undefined) client.feed({ kind: 'response', response })
    // A 2xx whose transaction is over still wants its ACK (RFC 6026 §8.4).
    else if (cseqOf(response).method === 'INVITE') this.#options.deliver(bytes)
  }

  #incomingRequest(request: SipRequest, bytes: Uint8Array): void {
    const key = serverKeyOf(request)
    const known = this.#servers.get(key)
    if (request.method === 'ACK') {
      known?.feed({ kind: 'ack' })
      this.#options.deliver(bytes)
    } else if (known !== undefined) known.feed({ kind: 'request' })
    else if (this.#servers.size < maxTransactions) {
      this.#serve(key, request)
      this.#options.deliver(bytes)
    }
  }

  #serve(key: string, request: SipRequest): void {
    const replyKey = replyKeyOf(request)
    const act = (effect: OwnerEffect): void => {
      if (effect.kind === 'send-response') this.#options.send(serializeSip(effect.response))
      else if (effect.kind === 'terminated') {
        this.#servers.delete(key)
        this.#replies.delete(replyKey)
      }
    }
    const { clock } = this.#options
    const running =
      request.method === 'INVITE'
        ? new RunningMachine(newInviteServer(false), stepInviteServer, clock, act)
        : new RunningMachine(newNonInviteServer(false), stepNonInviteServer, clock, act)
    const server: Server = { feed: (event) => running.feed(event), stop: () => running.stop() }
    this.#servers.set(key, server)
    this.#replies.set(replyKey, server)
  }
}

/** Branch of the topmost Via. */
export function branchOf(message: SipMessage): string {
  return topVia(message)?.parameters.get('branch') ?? ''
}

function replyKeyOf(message: SipMessage): string {
  return `${headerValue(message, 'via') ?? ''}\n${headerValue(message, 'cseq') ?? ''}`
}
