/** From a user to the requests that go out to his devices (RFC 3261 §16.5, §16.6). */
import type { NameAddress } from '#protocol/sip/headers.ts'
import type { SipRequest } from '#protocol/sip/message.ts'
import { forwardRequest, recordRoutesFor, routeValues } from './forward.ts'
import type { Connection } from './connection.ts'
import type { ForkTarget } from './fork.ts'
import type { Binding, Location } from './location.ts'
import type { MessageRecipients } from './message-delivery.ts'
import type { RouteTokens } from './route-token.ts'

export interface Addressee {
  readonly user: string
  /** One device only (GRUU), or null for all. */
  readonly instance: string | null
  /** sips: only devices behind TLS. */
  readonly secure: boolean
  readonly sender: string
}

/** Requests that open a dialog: the proxy stays on their path. */
const dialogForming: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER'])

export class Targets {
  readonly #location: Location
  readonly #tokens: RouteTokens
  readonly #realm: string

  constructor(ports: { location: Location; tokens: RouteTokens; realm: string }) {
    this.#location = ports.location
    this.#tokens = ports.tokens
    this.#realm = ports.realm
  }

  /** All devices in parallel; empty when nobody is there. */
  forRequest(request: SipRequest, from: Connection, to: Addressee): ForkTarget[] {
    return this.#devices(from, to).map((binding) => this.#target(request, from, binding, to.sender))
  }

  forMessage(request: SipRequest, from: Connection, to: Addressee): { recipients: MessageRecipients } {
    const targets = this.#devices(from, to).map((binding) => ({
      ...this.#target(request, from, binding, to.sender),
      instance: binding.instance,
      hasMailbox: binding.connection.trustedUser === null,
    }))
    const own =
      to.sender === to.user ? this.#location.bindings(to.user).filter(({ connection }) => connection === from) : []
    return {
      recipients: {
        user: to.user,
        targets,
        instance: to.instance,
        except: new Set(own.map(({ instance }) => instance)),
      },
    }
  }

  /** Along the dialog's own path: Request-URI as the sender set it. */
  inDialog(request: SipRequest, to: Connection, routes: readonly NameAddress[]): ForkTarget {
    const branch = this.#tokens.newBranch(request)
    const plan = {
      uri: request.uri,
      branch,
      connection: to,
      routes: routeValues(routes),
      recordRoutes: [],
      realm: this.#realm,
    }
    return { connection: to, request: forwardRequest(request, plan) }
  }

  #devices(from: Connection, to: Addressee): readonly Binding[] {
    return this.#location.devices(to.user).filter(({ instance, connection }) => {
      // What goes to oneself goes to one's other devices.
      if (to.sender === to.user && connection === from) return false
      if (to.secure && !['tls', 'wss'].includes(connection.flow.transport)) return false
      return to.instance === null || to.instance === instance
    })
  }

  #target(request: SipRequest, from: Connection, binding: Binding, sender: string): ForkTarget {
    const { connection, path } = binding
    const branch = this.#tokens.newBranch(request)
    const recordRoutes = dialogForming.has(request.method) ? this.#recordRoutes(request, from, binding, sender) : []
    const plan = { uri: binding.contact, branch, connection, routes: path, recordRoutes, realm: this.#realm }
    return { connection, request: forwardRequest(request, plan) }
  }

  #recordRoutes(request: SipRequest, from: Connection, binding: Binding, sender: string): string[] {
    const own = this.#location.bindings(sender).find(({ connection }) => connection === from)
    const caller = { flow: from.number, binding: own?.id ?? '' }
    const callee = { flow: binding.connection.number, binding: binding.id }
    return recordRoutesFor(from, binding.connection, this.#tokens.seal({ caller, callee }, request))
  }
}
