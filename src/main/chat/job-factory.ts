import { newJobId } from '#shared/model/derive-ids.ts'
import type { ConversationId, MessageId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { JobKind, OutboxJob } from '#main/history/port.ts'
import { courtesyMs, jobLifetimeMs } from './limits.ts'
import type { TypedBody } from './message-cipher.ts'
import type { ChatAccount } from './ports.ts'

/** What a job is to do. */
export interface JobOrder {
  readonly account: ChatAccount
  readonly kind: JobKind
  readonly conversation: ConversationId
  readonly destination: string
  readonly messageId: MessageId
  readonly target: MessageId
  readonly body: TypedBody
}

/** Makes outbox jobs; their creation times never repeat, so that they sort after a restart as they were made. */
export class JobFactory {
  readonly #clock: ClockPort
  readonly #random: RandomPort
  #lastCreatedAt = 0

  constructor(ports: { readonly clock: ClockPort; readonly random: RandomPort }) {
    this.#clock = ports.clock
    this.#random = ports.random
  }

  make({ account, body, ...order }: JobOrder): OutboxJob {
    const createdAt = Math.max(this.#clock.now(), this.#lastCreatedAt + 1)
    this.#lastCreatedAt = createdAt
    return {
      ...order,
      ...body,
      id: newJobId(this.#random),
      accountId: account.id,
      ...{ createdAt, attempts: 0, expiresAt: createdAt + jobLifetimeMs },
      nextAttemptAt: order.kind === 'own-copy' || order.kind === 'receipt' ? createdAt + courtesyMs : 0,
    }
  }
}
