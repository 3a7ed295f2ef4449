/** One request on its way to one or more targets, and the one answer that goes back (RFC 3261 §16.7–16.10). */
import { headerLines } from '#protocol/sip/headers.ts'
import type { SipHeader, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import { cancelFor, relayResponse } from './forward.ts'
import { buildResponse } from './respond.ts'
import type { Connection } from './connection.ts'
import type { ClientTransaction, ServerTransaction, Transactions } from './transactions.ts'

export interface ForkTarget {
  readonly connection: Connection
  /** As it will be sent, our Via on top. */
  readonly request: SipRequest
}

interface Branch {
  readonly target: ForkTarget
  transaction: ClientTransaction | null
  final: SipResponse | null
  hasProvisional: boolean
  isCancelled: boolean
  /** Values of Reason for its CANCEL (RFC 3326). */
  reasons: readonly string[]
  timer: Timer | null
}

export interface ForkPorts {
  readonly clock: ClockPort
  readonly transactions: Transactions
  readonly timerCMs: number
  /** To tag for answers the proxy makes itself. */
  readonly tag: string
}

/** How long a cancelled INVITE may take to say 487 (64·T1, RFC 3261 §9.1). */
const cancelledMs = 32_000
const tooLarge = 'Too Large For The UDP Of This Device'
/** The other devices need not count the call as missed (RFC 3326 §3.1). */
const elsewhere = 'SIP;cause=200;text="Call completed elsewhere"'

export class Fork {
  readonly #server: ServerTransaction
  readonly #ports: ForkPorts
  #branches: Branch[] = []
  #isAnswered = false

  constructor(server: ServerTransaction, ports: ForkPorts) {
    this.#server = server
    this.#ports = ports
    if (this.#isInvite) server.cancel = (reasons) => this.cancel(reasons)
  }

  get #isInvite(): boolean {
    return this.#server.request.method === 'INVITE'
  }

  start(targets: readonly ForkTarget[]): void {
    this.#branches = targets.map((target) => {
      return {
        target,
        transaction: null,
        final: null,
        hasProvisional: false,
        isCancelled: false,
        reasons: [],
        timer: null,
      }
    })
    for (const branch of this.#branches) {
      if (!branch.target.connection.takes(branch.target.request)) {
        this.#finish(branch, this.#own(513, tooLarge))
        continue
      }
      if (this.#isInvite) this.#restartTimerC(branch)
      branch.transaction = this.#ports.transactions.startClient(branch.target.request, branch.target.connection, {
        response: (response) => this.#handleResponse(branch, response),
        failed: () => this.#finish(branch, this.#own(branch.target.connection.isOpen ? 408 : 430)),
      })
    }
  }

  /** The caller gave up (RFC 3261 §16.10), for these reasons where he says any. */
  cancel(reasons: readonly string[] = []): void {
    for (const branch of this.#branches) this.#cancelBranch(branch, reasons)
  }

  #handleResponse(branch: Branch, response: SipResponse): void {
    if (response.status >= 200) {
      this.#handleFinal(branch, response)
      return
    }
    branch.hasProvisional = true
    if (branch.isCancelled) this.#sendCancel(branch)
    else if (this.#isInvite && response.status > 100) this.#restartTimerC(branch)
    if (response.status > 100 && !this.#isAnswered && this.#isInvite) this.#respond(response)
  }

  #handleFinal(branch: Branch, response: SipResponse): void {
    if (response.status < 300) {
      this.#stopTimer(branch)
      branch.final ??= response
      // Every 2xx to an INVITE goes back, one per device that picked up (RFC 3261 §16.7 step 5).
      if (!this.#isAnswered || this.#isInvite) this.#respond(response)
      this.#isAnswered = true
      this.#cancelOthers(branch, elsewhere)
      return
    }
    if (response.status >= 600) this.#cancelOthers(branch, `SIP;cause=${response.status}`)
    this.#finish(branch, response)
  }

  #finish(branch: Branch, response: SipResponse): void {
    if (branch.final !== null) return
    branch.final = response
    this.#stopTimer(branch)
    const finals = this.#branches.map(({ final }) => final).filter((final) => final !== null)
    if (this.#isAnswered || finals.length < this.#branches.length) return
    this.#isAnswered = true
    const best = bestResponse(finals)
    // RFC 4320 §4.2: a 408 to anything but INVITE only comes too late.
    if (best.status === 408 && !this.#isInvite) this.#server.abandon()
    else this.#respond(best)
  }

  #cancelOthers(winner: Branch, reason: string): void {
    if (!this.#isInvite) return
    for (const branch of this.#branches) if (branch !== winner) this.#cancelBranch(branch, [reason])
  }

  #cancelBranch(branch: Branch, reasons: readonly string[]): void {
    if (branch.final !== null || branch.isCancelled) return
    branch.isCancelled = true
    branch.reasons = reasons
    if (branch.hasProvisional) this.#sendCancel(branch)
    this.#setTimer(branch, cancelledMs, () => {
      branch.transaction?.abandon()
      this.#finish(branch, this.#own(487))
    })
  }

  #sendCancel(branch: Branch): void {
    // Once: the next provisional must not send another.
    branch.hasProvisional = false
    const { connection, request } = branch.target
    this.#ports.transactions.startClient(cancelFor(request, branch.reasons), connection, {
      response: ignore,
      failed: ignore,
    })
  }

  #restartTimerC(branch: Branch): void {
    this.#setTimer(branch, this.#ports.timerCMs, () => {
      if (branch.hasProvisional) this.#cancelBranch(branch, [])
      else {
        branch.transaction?.abandon()
        this.#finish(branch, this.#own(408))
      }
    })
  }

  #setTimer(branch: Branch, delayMs: number, run: () => void): void {
    branch.timer?.cancel()
    branch.timer = this.#ports.clock.after(delayMs, run)
  }

  #stopTimer(branch: Branch): void {
    branch.timer?.cancel()
    branch.timer = null
  }

  #own(status: number, reason?: string): SipResponse {
    const answer = reason === undefined ? { status } : { status, reason }
    return buildResponse(this.#server.request, answer, this.#ports.tag)
  }

  #respond(response: SipResponse): void {
    this.#server.respond(relayResponse(response, this.#server.request))
  }
}

function ignore(): void {
  // The INVITE's own transaction tells how it ended.
}

/** Finals that say what the caller could do better, in RFC 3261 §16.7 step 6 order of worth. */
const helpful = [401, 407, 415, 420, 484]
const challengeHeaders: ReadonlySet<string> = new Set(['www-authenticate', 'proxy-authenticate'])

/** The best of all finals (RFC 3261 §16.7 step 6), challenges of all branches collected (step 7). */
export function bestResponse(finals: readonly [SipResponse, ...SipResponse[]] | readonly SipResponse[]): SipResponse {
  const best = finals.reduce((a, b) => (worth(b) < worth(a) ? b : a))
  if (best.status === 503) return { ...best, status: 500, reason: '' }
  if (best.status !== 401 && best.status !== 407) return best
  const others = finals.filter((final) => final !== best && (final.status === 401 || final.status === 407))
  const challenges: SipHeader[] = others.flatMap((final) =>
    [...challengeHeaders].flatMap((name) => headerLines(final, name).map((value) => ({ name, value }))),
  )
  return { ...best, headers: [...best.headers, ...challenges] }
}

/** Lower is better: 6xx, then the lowest class, then helpful ones, then any. */
function worth({ status }: SipResponse): number {
  if (status >= 600) return 0
  const position = helpful.indexOf(status)
  return Math.floor(status / 100) * 100 + (position < 0 ? (status === 408 || status === 430 ? 60 : 50) : position)
}
