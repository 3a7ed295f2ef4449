/** One accepted flow: framing, keep-alive, size and rate limits. Knows nothing of routing. */
import { checkSip } from '#protocol/sip/check.ts'
import { SipParseError } from '#protocol/sip/errors.ts'
import { SipStreamFramer } from '#protocol/sip/framing.ts'
import { defaultParseLimits, parseSip } from '#protocol/sip/parse.ts'
import { serializeSip } from '#protocol/sip/serialize.ts'
import type { SipMessage } from '#protocol/sip/message.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import { RateLimit } from './rate.ts'
import type { SipFlow } from './flow.ts'
import type { ProxyLimits } from './limits.ts'

export interface ConnectionUser {
  received(connection: Connection, message: SipMessage): void
  /** Malformed input; the connection has not answered it. */
  refused(connection: Connection, error: SipParseError): void
  closed(connection: Connection): void
}

const ping = /^(?:\r\n){1,8}$/

export class Connection {
  readonly flow: SipFlow
  /** Short name in route tokens. */
  readonly number: number
  /** Users who proved their password on this flow. */
  readonly users = new Set<string>()
  /** Set for in-process users: requests need no digest. */
  readonly trustedUser: string | null
  readonly requests: RateLimit
  authenticationFailures = 0
  transactions = 0
  #isOpen = true
  readonly #framer: SipStreamFramer | null
  readonly #limits: ProxyLimits
  readonly #clock: ClockPort
  readonly #user: ConnectionUser
  #partial: Timer | null = null
  #idle: Timer | null = null
  #heardAt = 0

  constructor(
    flow: SipFlow,
    identity: { number: number; trustedUser: string | null },
    ports: { clock: ClockPort; limits: ProxyLimits },
    user: ConnectionUser,
  ) {
    const { clock, limits } = ports
    this.flow = flow
    this.number = identity.number
    this.trustedUser = identity.trustedUser
    this.#limits = limits
    this.#clock = clock
    this.#user = user
    this.requests = new RateLimit(clock, limits.flowRequestsPerSecond, limits.flowRequestBurst)
    const isStream = flow.transport === 'tcp' || flow.transport === 'tls'
    this.#framer = isStream
      ? new SipStreamFramer('client', { ...defaultParseLimits, message: limits.messageBytes })
      : null
    this.#idle =
      this.trustedUser === null ? clock.after(limits.unauthenticatedFlowMs, () => this.#closeUnlessUsed()) : null
    if (identity.trustedUser !== null) this.users.add(identity.trustedUser)
    flow.onMessage((message) => this.#handle(message))
    flow.onClose(() => this.#onClose())
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** UDP loses messages; everything else does not (RFC 3261 §17). */
  get isReliable(): boolean {
    return this.flow.transport !== 'udp'
  }

  /** Whether a message of this size can go over the flow at all: a datagram has an end, and we open no TCP (RFC 3261 §18.1.1). */
  takes(message: SipMessage): boolean {
    return this.isReliable || serializeSip(message).length <= this.#limits.datagramBytes
  }

  /** False when the flow is gone, too full to take more, or cannot take anything of this size. */
  send(message: SipMessage): boolean {
    if (!this.#isOpen) return false
    const bytes = serializeSip(message)
    if (!this.isReliable && bytes.length > this.#limits.datagramBytes) return false
    if (this.flow.bufferedBytes > this.#limits.bufferedBytes) {
      this.close()
      return false
    }
    this.flow.send(bytes)
    return true
  }

  close(): void {
    this.flow.close()
    this.#onClose()
  }

  #closeUnlessUsed(): void {
    if (this.users.size === 0) this.close()
    else this.#watchIdle()
  }

  #watchIdle(): void {
    const left = this.#limits.idleFlowMs - (this.#clock.monotonic() - this.#heardAt)
    if (left <= 0) this.close()
    else this.#idle = this.#clock.after(left, () => this.#watchIdle())
  }

  #onClose(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#partial?.cancel()
    this.#idle?.cancel()
    this.#user.closed(this)
  }

  #handle(message: Uint8Array | string): void {
    if (!this.#isOpen) return
    this.#heardAt = this.#clock.monotonic()
    const bytes = typeof message === 'string' ? Buffer.from(message) : message
    if (this.#framer === null) this.#handleWhole(bytes)
    else this.#handleStream(this.#framer, bytes)
  }

  #handleWhole(bytes: Uint8Array): void {
    if (bytes.length <= 16 && ping.test(Buffer.from(bytes).toString('latin1'))) {
      if (bytes.length >= 4) this.flow.send('\r\n')
      return
    }
    if (bytes.length > this.#limits.messageBytes) this.#user.refused(this, new SipParseError('sip-too-large'))
    else this.#parse(bytes, 'datagram')
  }

  #handleStream(framer: SipStreamFramer, bytes: Uint8Array): void {
    try {
      for (const input of framer.push(bytes)) {
        if (input.kind === 'ping') this.flow.send('\r\n')
        else if (input.kind === 'message') this.#parse(input.bytes, 'stream')
        if (!this.#isOpen) return
      }
      if (framer.failure !== null) throw framer.failure
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error
      // The end of the message is unknown: nothing after it can be trusted (RFC 3261 §18.3).
      this.#user.refused(this, error)
      this.close()
    }
    this.#watchPartial(framer)
  }

  #watchPartial(framer: SipStreamFramer): void {
    if (!framer.isPartial || !this.#isOpen) {
      this.#partial?.cancel()
      this.#partial = null
    } else this.#partial ??= this.#clock.after(this.#limits.partialMessageMs, () => this.close())
  }

  #parse(bytes: Uint8Array, framing: 'datagram' | 'stream'): void {
    let message: SipMessage
    try {
      message = checkSip(parseSip(bytes, framing))
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error
      this.#user.refused(this, error)
      return
    }
    this.#user.received(this, message)
  }
}
