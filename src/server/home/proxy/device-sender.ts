/** Sends stored messages to one device as fresh MESSAGE requests of the server (RFC 3428 §7, §8). */
import { serializeDate } from '#protocol/sip/headers.ts'
import { newBranch, newTag } from '#protocol/sip/ids.ts'
import type { SipHeader, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { forwardRequest } from './forward.ts'
import { buildResponse } from './respond.ts'
import type { Binding } from './location.ts'
import type { StoredMessage } from './ports.ts'
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

  send(binding: Binding | null, message: StoredMessage): Promise<SipResponse> {
    const { random, clock } = this.#ports
    const request = this.#requestOf(message)
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

  #requestOf(message: StoredMessage): SipRequest {
    const headers: SipHeader[] = [
      { name: 'from', value: `${message.fromHeader};tag=${newTag(this.#ports.random)}` },
      { name: 'to', value: `<${message.to}>` },
      { name: 'call-id', value: message.callId },
      { name: 'cseq', value: '1 MESSAGE' },
      { name: 'date', value: serializeDate(message.receivedAt) },
      ...message.headers,
    ]
    return { kind: 'request', method: 'MESSAGE', uri: message.to, headers, body: message.body }
  }
}
