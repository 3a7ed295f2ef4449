/** {@link UserAgent} on JsSIP: one agent of the library per account, over the {@link Wire}. */
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { BoundedMap } from './bounded-map.ts'
import { newLibraryAgent, type LibraryAgent, type LibraryRequest, type LibrarySession } from './jssip.ts'
import { IncomingSession } from './jssip-session.ts'
import { LiveSessions } from './live-sessions.ts'
import { OutgoingSession, type OutgoingContext } from './outgoing-session.ts'
import type { ResponseFacts } from './responses.ts'
import type {
  InviteOptions,
  MessageOutcome,
  OutgoingMessage,
  SdpExchange,
  SipFlow,
  SipSession,
  UserAgent,
  UserAgentConfig,
  UserAgentEvent,
} from './user-agent.ts'
import { Wire } from './wire.ts'

export interface UserAgentContext {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
}

const registerExpires = 600
const stopTimeoutMs = 2_000
/** Hours: the library's own reconnecting must never get ahead of ours. */
const never = 86_400

/** Makes a user agent; nothing is sent before a flow is attached. @throws when the address cannot be used. */
export function createUserAgent(config: UserAgentConfig, context: UserAgentContext): UserAgent {
  return new JsSipUserAgent(config, context)
}

class JsSipUserAgent implements UserAgent {
  readonly #context: UserAgentContext
  readonly #domain: string
  readonly #wire: Wire
  readonly #agent: LibraryAgent
  readonly #handlers = new Set<(event: UserAgentEvent) => void>()
  readonly #facts = new BoundedMap<string, ResponseFacts>(256)
  readonly #live = new LiveSessions()
  readonly #sessions: OutgoingContext
  #isStopping = false
  #onUnregistered: (() => void) | null = null

  constructor(config: UserAgentConfig, context: UserAgentContext) {
    this.#context = context
    this.#domain = config.aor.slice(config.aor.lastIndexOf('@') + 1)
    const contactUser = hex(context.random, 8)
    const placeholder = `${hex(context.random, 8)}.invalid`
    this.#wire = new Wire({
      ...context,
      domain: this.#domain,
      transport: config.transport,
      placeholder,
      contactUser,
      secrets: config.secrets,
      live: this.#live,
      onMessage: (message) => this.#raise({ kind: 'message', message }),
      onFact: (fact) => this.#noteFact(fact),
    })
    this.#agent = newLibraryAgent(
      {
        ...libraryDefaults,
        sockets: [this.#wire],
        uri: config.aor,
        display_name: config.displayName,
        // RFC 7118 §5.2: `ws` names both WebSocket transports in a URI.
        contact_uri: `sip:${contactUser}@${placeholder};transport=${config.transport === 'wss' ? 'ws' : config.transport}`,
        instance_id: config.instanceId.replace(/^urn:uuid:/i, ''),
      },
      context.random,
    )
    this.#sessions = this.#sessionContext(context)
    this.#listen()
    this.#agent.start()
  }

  attach(flow: SipFlow): void {
    if (this.#wire.flow !== null) this.#dropFlow()
    flow.onClose((failure) => {
      if (this.#wire.flow !== flow) return
      this.#wire.detach()
      this.#raise({ kind: 'flow-lost', failure: failure ?? null })
    })
    this.#wire.attach(flow)
    this.#agent.register()
  }

  refresh(): void {
    this.#wire.flow?.probe()
    this.#agent.register()
  }

  sendMessage(message: OutgoingMessage): Promise<MessageOutcome> {
    return new Promise((resolve) => {
      const failed = (response: { readonly status_code: number; readonly call_id: string } | null): void => {
        const refusal = response === null ? null : (this.#facts.get(response.call_id)?.refusal ?? null)
        resolve({ status: response?.status_code ?? null, refusal })
      }
      this.#agent.sendMessage(message.to, '', {
        contentType: message.contentType,
        extraHeaders: [
          this.#wire.ticketFor(message.payload, message.callId ?? null),
          ...(message.fleeting === true ? ['Expires: 0'] : []),
        ],
        eventHandlers: {
          succeeded: ({ response }: { readonly response: { readonly status_code: number } }) =>
            resolve({ status: response.status_code, refusal: null }),
          failed: ({ response }: { readonly response: Parameters<typeof failed>[0] }) => failed(response),
        },
      })
    })
  }

  invite(to: string, exchange: SdpExchange, options: InviteOptions = {}): SipSession {
    return new OutgoingSession(to, exchange, options, this.#sessions)
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#wire.leave()
    if (this.#wire.flow !== null && this.#agent.isRegistered()) await this.#unregister()
    this.#agent.stop()
    this.#dropFlow()
  }

  onEvent(handler: (event: UserAgentEvent) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  #sessionContext({ clock, random }: UserAgentContext): OutgoingContext {
    return {
      clock,
      random,
      agent: this.#agent,
      live: this.#live,
      domain: this.#domain,
      factOf: (callId) => this.#facts.get(callId),
      read: (ticket) => this.#wire.readDescription(ticket),
      call: (to, exchange, headers, observe) => {
        const session = new OutgoingSession(to, exchange, { headers }, this.#sessions)
        session.observe(observe)
        return session
      },
    }
  }

  #dropFlow(): void {
    const flow = this.#wire.flow
    this.#wire.detach()
    flow?.close()
  }

  #unregister(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#context.clock.after(stopTimeoutMs, resolve)
      this.#onUnregistered = () => {
        timer.cancel()
        resolve()
      }
      this.#agent.unregister()
    })
  }

  #listen(): void {
    this.#agent.on('unregistered', ({ response }: { readonly response?: unknown }) => {
      this.#onUnregistered?.()
      // Without a response it is the flow that broke, which is announced apart.
      if (!this.#isStopping && response !== undefined && response !== null) this.#raise({ kind: 'unregistered' })
    })
    this.#agent.on('registrationFailed', ({ response }: { readonly response: { readonly call_id: string } | null }) => {
      if (this.#isStopping || this.#wire.flow === null) return
      const fact = response === null ? undefined : this.#facts.get(response.call_id)
      const { status, refusal, retryAfterMs } = fact ?? { status: null, refusal: null, retryAfterMs: null }
      this.#raise({ kind: 'registration-failed', failure: { status, refusal, retryAfterMs } })
    })
    this.#agent.on('newTransaction', () => this.#wire.noteTransaction())
    this.#agent.on('newRTCSession', (event: NewSession) => {
      if (event.originator !== 'remote') return
      const session = new IncomingSession(event.session, event.request, this.#sessions)
      if (this.#isStopping) session.end(480)
      else this.#raise({ kind: 'session', session })
    })
  }

  #noteFact(fact: ResponseFacts): void {
    this.#facts.set(fact.callId, fact)
    if (fact.secrets !== null) this.#raise({ kind: 'secrets', secrets: fact.secrets })
    if (fact.serviceRoute !== null && !this.#isStopping) this.#raise({ kind: 'registered' })
  }

  #raise(event: UserAgentEvent): void {
    for (const handler of [...this.#handlers]) handler(event)
  }
}

interface NewSession {
  readonly originator: 'local' | 'remote'
  readonly session: LibrarySession
  readonly request: LibraryRequest
}

const libraryDefaults = {
  register: false,
  register_expires: registerExpires,
  // See session-timers.ts.
  session_timers: false,
  user_agent: 'Sotto',
  // Seconds: how long it rings is the consumer's to say, up to what proxies wait (RFC 3261 §16.6 timer C).
  no_answer_timeout: 180,
  // Dummies: challenges are answered by the wire, the library only has to repeat its request.
  ha1: 'unused',
  realm: 'shim',
  authorization_user: 'shim',
  connection_recovery_min_interval: never,
  connection_recovery_max_interval: never,
}

function hex(random: RandomPort, bytes: number): string {
  return Buffer.from(random.bytes(bytes)).toString('hex')
}
