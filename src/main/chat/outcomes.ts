import type { Entry } from '#shared/model/entry.ts'
import { newMessageId } from '#shared/model/derive-ids.ts'
import type { DeliveryBody } from '#shared/model/entry.ts'
import type { JobKind, OutboxJob } from '#main/history/port.ts'
import { ownOrigin, type ChatContext, type Conversation } from './context.ts'
import type { JobEnd, Settlement } from './outbox.ts'
import { parseAor } from '#shared/model/aor.ts'
import type { MarkState } from './wire-forms.ts'
import { readBody } from './wire-read.ts'
import { cpimType, isSilentInPlain, writeMark, writePlainLine } from './wire-write.ts'

/** The two ends are all that an outcome needs: the history is not asked for the rest. */
type Ends = Pick<Conversation, 'id' | 'account' | 'peer'>

/** Answers that mean: not in this form (RFC 3261 §21.4.13, §21.4.26, §21.6.4; RFC 4975 §10.5). */
const formRefused: ReadonlySet<number> = new Set([415, 488, 606])

/** What failed of these has no message that could show it. */
const toldIfFailed: ReadonlySet<JobKind> = new Set<JobKind>(['edit', 'delete', 'reaction'])

/** What the end of a job leaves in the history, and what follows from it. */
export class Outcomes {
  readonly #context: () => ChatContext

  /** The context is handed in late: the outbox is part of it and asks this class. */
  constructor(context: () => ChatContext) {
    this.#context = context
  }

  /** See {@link Settlement}. */
  settle(job: OutboxJob, end: JobEnd): Settlement {
    const context = this.#context()
    const account = context.accounts.byId(job.accountId)
    const peer = job.kind === 'own-copy' ? null : parseAor(job.destination)
    if (account === null || peer?.ok !== true) return {}
    const conversation = { id: job.conversation, account, peer: peer.value }
    const plain = this.#asPlainText(context, job, end, conversation)
    if (plain !== null) {
      return {
        ...(plain === 'unsaid' ? {} : { replacement: plain }),
        afterwards: () => void context.plainText.add(job.conversation).catch(() => undefined),
      }
    }
    if (job.kind === 'message') return this.#message(context, conversation, job, end)
    if (end.kind === 'failed' && toldIfFailed.has(job.kind))
      return { afterwards: () => context.screen.notice(end.code) }
    return {}
  }

  #message(context: ChatContext, conversation: Ends, job: OutboxJob, end: JobEnd): Settlement {
    const said =
      end.kind === 'sent'
        ? { state: end.outcome.state, path: end.outcome.path }
        : { state: 'failed' as const, failure: end.code }
    return {
      entries: [deliveryEntry(context, conversation, { target: job.target, ...said })],
      // What only this device's transport knows, the other own devices hear from it.
      addJobs: said.state === 'sent' ? [] : markJobs(context, conversation, job.target, said.state),
    }
  }

  /** The same line for a peer that answered "not in this form"; never for a sealed one. `unsaid` = it has no words. */
  #asPlainText(context: ChatContext, job: OutboxJob, end: JobEnd, conversation: Ends): OutboxJob | 'unsaid' | null {
    if (end.kind !== 'failed' || end.status === null || !formRefused.has(end.status)) return null
    if (job.kind === 'receipt' || job.contentType !== cpimType) return null
    const { id, account, peer } = conversation
    if (context.cipher.state({ conversation: id, account: account.aor, peer }).cipher !== 'none') return null
    const body = readBody(job, job.messageId)
    if (body.kind !== 'line') return null
    if (isSilentInPlain(body.content)) return 'unsaid'
    const plain = context.jobs.make({
      ...{ account, kind: job.kind, conversation: job.conversation, destination: job.destination },
      ...{ messageId: job.messageId, target: job.target, body: writePlainLine(body.content) },
    })
    return { ...plain, createdAt: job.createdAt, expiresAt: job.expiresAt }
  }
}

/** An entry that says what became of an own message, by this device's own word. */
export function deliveryEntry(
  context: ChatContext,
  { id, peer, account }: Ends,
  said: Pick<DeliveryBody, 'target' | 'state' | 'path' | 'failure'>,
): Entry {
  const { clock, entries } = context
  const body = { kind: 'delivery', conversation: id, peer, author: account.aor, at: clock.now(), ...said } as const
  return entries.make(ownOrigin(account), body)
}

/** Tells the other own devices a state of an own message. */
function markJobs(
  context: ChatContext,
  { id, account, peer }: Ends,
  target: OutboxJob['target'],
  state: Exclude<MarkState, 'read'>,
): readonly OutboxJob[] {
  if (peer === account.aor) return []
  const messageId = newMessageId(context.random)
  const ownCopy = { direction: 'outgoing', device: account.deviceId } as const
  const mark = { author: account.aor, recipient: peer, messageId, target, state, at: context.clock.now(), ownCopy }
  return [
    context.jobs.make({
      ...{ account, kind: 'own-copy', conversation: id, destination: account.aor },
      ...{ messageId, target, body: writeMark(mark) },
    }),
  ]
}
