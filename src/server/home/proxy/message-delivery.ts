/** MESSAGE to all devices of a user: each gets it once, now or from the mailbox (RFC 3428, design §11). */
import { fromOf, headerValue, mediaTypeOf, serializeNameAddress, expiresOf } from '#protocol/sip/headers.ts'
import { escapeUser } from '#protocol/sip/uri.ts'
import type { SipHeader, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { headsMediaType } from '#shared/replication/heads.ts'
import { bestResponse } from './fork.ts'
import { relayResponse } from './forward.ts'
import { buildResponse } from './respond.ts'
import type { Connection } from './connection.ts'
import type { MailboxPort, StoredMessage } from './ports.ts'
import type { ClientTransaction, ServerTransaction, Transactions } from './transactions.ts'

export interface MessageTarget {
  readonly instance: string
  readonly connection: Connection
  readonly request: SipRequest
  /** False for in-process users: nothing is kept for them. */
  readonly hasMailbox: boolean
}

export interface MessageDeliveryPorts {
  readonly clock: ClockPort
  readonly log: LogPort
  readonly transactions: Transactions
  readonly mailbox: MailboxPort
  readonly branchMs: number
  readonly graceMs: number
  readonly domain: string
  readonly tag: string
}

/** The device could not be reached or could not cope just now: its copy waits in the mailbox. Others have refused. */
const awayStatuses: ReadonlySet<number> = new Set([408, 430, 480, 500, 502, 503, 504])

/** Not in this form: the sender has another one, and all devices shall get that (RFC 3261 §21.4.13, §21.4.26, §21.6.4). */
const formStatuses: ReadonlySet<number> = new Set([415, 488, 606])

/** Of no use later: typing notices (RFC 3994), and how far a device is just now. */
const transientTypes: ReadonlySet<string> = new Set(['application/im-iscomposing+xml', headsMediaType])

interface Branch {
  readonly target: MessageTarget
  outcome: 'pending' | 'took' | 'refused' | 'away'
  final: SipResponse | null
  transaction: ClientTransaction | null
  timer: Timer | null
}

export interface MessageRecipients {
  readonly user: string
  /** Registered devices. */
  readonly targets: readonly MessageTarget[]
  /** One device only (GRUU), or null for all. */
  readonly instance: string | null
  /** Devices that must not get it: the sender's own, for copies to oneself. */
  readonly except: ReadonlySet<string>
}

/** Life of one MESSAGE in the proxy. */
export class MessageDelivery {
  readonly #server: ServerTransaction
  readonly #ports: MessageDeliveryPorts
  readonly #to: MessageRecipients
  readonly #offline: readonly string[]
  readonly #isNewcomer: boolean
  readonly #branches: Branch[]
  #grace: Timer | null = null
  #isSettled = false
  #storedId: string | null = null

  constructor(server: ServerTransaction, to: MessageRecipients, ports: MessageDeliveryPorts) {
    this.#server = server
    this.#ports = ports
    this.#to = to
    const known = ports.mailbox.devices(to.user).filter((instance) => to.instance === null || to.instance === instance)
    const online = new Set(to.targets.map(({ instance }) => instance))
    this.#offline = known.filter((instance) => !online.has(instance) && !to.except.has(instance))
    this.#isNewcomer = to.instance === null && known.length + to.targets.length + to.except.size === 0
    this.#branches = to.targets.map((target) => ({
      target,
      outcome: 'pending',
      final: null,
      transaction: null,
      timer: null,
    }))
  }

  start(): void {
    for (const branch of this.#branches) {
      branch.timer = this.#ports.clock.after(this.#ports.branchMs, () => this.#resolve(branch, 'away', null))
      branch.transaction = this.#ports.transactions.startClient(branch.target.request, branch.target.connection, {
        response: (response) => this.#handleResponse(branch, response),
        failed: () => this.#resolve(branch, 'away', null),
      })
    }
    this.#settleIfDone()
  }

  #handleResponse(branch: Branch, response: SipResponse): void {
    if (response.status < 200) return
    if (response.status < 300) this.#resolve(branch, 'took', response)
    else this.#resolve(branch, awayStatuses.has(response.status) ? 'away' : 'refused', response)
  }

  #resolve(branch: Branch, outcome: 'took' | 'refused' | 'away', final: SipResponse | null): void {
    branch.timer?.cancel()
    const wasAway = branch.outcome === 'away' || branch.outcome === 'pending'
    if (this.#isSettled) {
      if (outcome === 'took' && wasAway) this.#forgetCopy(branch)
      return
    }
    if (branch.outcome === 'took') return
    branch.outcome = outcome
    branch.final = final
    if (outcome === 'took') this.#grace ??= this.#ports.clock.after(this.#ports.graceMs, () => void this.#settle())
    this.#settleIfDone()
  }

  #forgetCopy(branch: Branch): void {
    branch.outcome = 'took'
    if (this.#storedId !== null) this.#ports.mailbox.forget(this.#to.user, branch.target.instance, this.#storedId)
  }

  #settleIfDone(): void {
    if (!this.#branches.some(({ outcome }) => outcome === 'pending')) void this.#settle()
  }

  async #settle(): Promise<void> {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#grace?.cancel()
    const waiting = this.#waitingDevices()
    const keep = this.#isWorthKeeping() && (waiting.length > 0 || this.#isNewcomer)
    const stored = keep ? await this.#store(waiting) : 'nothing'
    this.#respond(stored)
  }

  #waitingDevices(): string[] {
    const took = new Set(
      this.#branches.filter(({ outcome }) => outcome === 'took').map(({ target }) => target.instance),
    )
    const away = this.#branches
      .filter(({ outcome, target }) => target.hasMailbox && (outcome === 'away' || outcome === 'pending'))
      .map(({ target }) => target.instance)
    return [...new Set([...this.#offline, ...away])].filter((instance) => !took.has(instance))
  }

  #isWorthKeeping(): boolean {
    const { request } = this.#server
    if (this.#isFormRefused()) return false
    return !transientTypes.has(mediaTypeOf(request) ?? '') && expiresOf(request) !== 0
  }

  /** Nobody took it, and a device that is there asks for another form: a copy in this one would only come to be doubled. */
  #isFormRefused(): boolean {
    const took = this.#branches.some(({ outcome }) => outcome === 'took')
    return !took && this.#branches.some(({ final }) => final !== null && formStatuses.has(final.status))
  }

  async #store(devices: readonly string[]): Promise<'stored' | 'mailbox-full' | 'mailbox-failed'> {
    const message = storedMessageOf(this.#server.request, this.#to.user, this.#ports)
    try {
      const stored = await this.#ports.mailbox.store(this.#to.user, devices, message)
      if (!stored.ok) return stored.error
      this.#storedId = stored.value
      for (const branch of this.#branches) if (branch.outcome === 'took') this.#forgetLate(branch, devices)
      return 'stored'
    } catch {
      // The mailbox promises a result; a throw is its bug, and the sender must still learn that nothing is kept.
      this.#ports.log.error('mailbox.threw')
      return 'mailbox-failed'
    }
  }

  /** A 2xx that came while the copy was being written. */
  #forgetLate(branch: Branch, devices: readonly string[]): void {
    if (devices.includes(branch.target.instance)) this.#forgetCopy(branch)
  }

  #respond(stored: 'stored' | 'nothing' | 'mailbox-full' | 'mailbox-failed'): void {
    const took = this.#branches.find(({ outcome, final }) => outcome === 'took' && final !== null)?.final
    if (stored === 'mailbox-failed' || stored === 'mailbox-full')
      this.#ports.log.warn('mailbox.refused', { code: stored })
    const statuses = { stored: 202, nothing: 480, 'mailbox-full': 480, 'mailbox-failed': 500 } as const
    if (took !== null && took !== undefined) this.#server.respond(relayResponse(took, this.#server.request))
    else if (stored === 'nothing') this.#respondUnkept()
    else this.#own(statuses[stored])
  }

  #respondUnkept(): void {
    const refusals = this.#branches.map(({ final }) => final).filter((final) => final !== null)
    const isOwnCopy = this.#to.except.size > 0
    if (refusals.length > 0) this.#server.respond(relayResponse(bestResponse(refusals), this.#server.request))
    // A copy to one's other devices when there are none: nothing is lost.
    else this.#own(isOwnCopy && this.#branches.length === 0 ? 202 : 480)
  }

  #own(status: number): void {
    this.#server.respond(buildResponse(this.#server.request, { status }, this.#ports.tag))
  }
}

const keptHeaders: ReadonlySet<string> = new Set([
  ...['content-type', 'content-encoding', 'content-disposition', 'content-language', 'mime-version'],
  ...['subject', 'in-reply-to', 'reply-to', 'expires'],
])

function storedMessageOf(
  request: SipRequest,
  user: string,
  ports: { clock: ClockPort; domain: string },
): StoredMessage {
  const from = fromOf(request)
  const headers: SipHeader[] = request.headers.filter(({ name }) => keptHeaders.has(name))
  return {
    from: from.uri.replace(/^sips:/i, 'sip:').replace(/[;?].*$/, '') as Aor,
    fromHeader: serializeNameAddress({ ...from, parameters: new Map() }),
    to: `sip:${escapeUser(user)}@${ports.domain}` as Aor,
    callId: headerValue(request, 'call-id') ?? '',
    receivedAt: ports.clock.now(),
    headers,
    body: Uint8Array.from(request.body),
  }
}
