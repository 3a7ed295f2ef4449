/** Sends the server's own requests, mailbox copies above all, to one registered device (RFC 3428 §7, §8). */
import { headerValue, withHeader } from '#protocol/sip/headers.ts'
import { newBranch, newTag } from '#protocol/sip/ids.ts'
import type { SipRequest, SipResponse } from '#protocol/sip/message.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { forwardRequest } from './forward.ts'
import { buildResponse } from './respond.ts'
import type { Binding } from './location.ts'
import type { Transactions } from './transactions.ts'

export class DeviceSender {
  readonly #transactions: Transactions
  readonly #ports: { clock: ClockPort; random: RandomPort; domain: string }
  readonly #timeoutMs: number

  constructor(
    transactions: Transactions,
    ports: { clock: ClockPort; random: RandomPort; domain: string },
    timeoutMs: number,
  ) {
    this.#transactions = transactions
    this.#ports = ports
    this.#timeoutMs = timeoutMs
  }

  /** From tag, CSeq and Max-Forwards are added; 408 = no answer in time, 430 = no such binding or its flow is gone. */
  send(binding: Binding | null, unfinished: SipRequest): Promise<SipResponse> {
    const { random, clock } = this.#ports
    const request = this.#complete(unfinished)
    const own = (status: number): SipResponse => buildResponse(request, { status }, newTag(random))
    if (binding === null) return Promise.resolve(own(430))
    return new Promise((resolve) => {
      const timer = clock.after(this.#timeoutMs, () => resolve(own(408)))
      const finish = (response: SipResponse): void => {
        timer.cancel()
        resolve(response)
      }
      const plan = { uri: binding.contact, connection: binding.connection, routes: binding.path, recordRoutes: [] }
      const sent = forwardRequest(request, { ...plan, branch: newBranch(random), realm: this.#ports.domain })
      this.#transactions.startClient(sent, binding.connection, {
        response: (response) => response.status >= 200 && finish(response),
        failed: (reason) => finish(own(reason === 'timed-out' ? 408 : 430)),
      })
    })
  }

  #complete(request: SipRequest): SipRequest {
    const from = headerValue(request, 'from') ?? ''
    const tag = /;\s*tag\s*=/i.test(from) ? '' : `;tag=${newTag(this.#ports.random)}`
    return withHeader(withHeader(request, 'from', `${from}${tag}`), 'cseq', `1 ${request.method}`)
  }
}
