import { clampHlc } from '#shared/model/hlc.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { MessageId } from '#shared/model/ids.ts'
import type { OutboxJob } from '#main/history/port.ts'
import { commitAndSend, serverOrigin, type ChatContext, type Conversation } from './context.ts'
import type { ContactChange } from './wire-forms.ts'
import { writeContactChange } from './wire-write.ts'

/** Writes what the user said about a contact and tells the own other devices. */
export async function commitContact(context: ChatContext, conversation: Conversation, entry: Entry): Promise<void> {
  await commitAndSend(context, { entries: [entry], addJobs: contactJobs(context, conversation, [entry]) })
}

/** The jobs that carry contact entries of this device to the own others; none for the own address. */
export function contactJobs(
  context: ChatContext,
  { id, account, peer }: Conversation,
  entries: readonly Entry[],
): readonly OutboxJob[] {
  if (peer === account.aor) return []
  return entries.flatMap(({ head, body }) => {
    if (body.kind !== 'contact') return []
    const { name, note, muted, policy, pinned, archived } = body
    const said = {
      ...(policy === 'accepted' || policy === 'blocked' ? { policy } : {}),
      ...(muted === undefined ? {} : { muted }),
      ...(pinned === undefined ? {} : { pinned }),
      ...(archived === undefined ? {} : { archived }),
      ...(name === undefined ? {} : { name }),
      ...(note === undefined ? {} : { note }),
    }
    // The policy of calls and how long messages are kept are not told: a copy is only as sure as the servers, who must be able
    // neither to weaken the one nor to have messages thrown away by the other.
    if (Object.keys(said).length === 0) return []
    const ownCopy = { direction: 'outgoing', device: account.deviceId } as const
    const change = { author: account.aor, recipient: peer, entryId: head.id, hlc: head.hlc, said, ownCopy }
    const messageId = head.id as string as MessageId
    const job = { account, kind: 'own-copy', conversation: id, destination: account.aor, messageId } as const
    return [context.jobs.make({ ...job, target: messageId, body: writeContactChange(change) })]
  })
}

/** The entry of another own device, under its id and time, so that both devices hold the same set. */
export function contactEntry(context: ChatContext, { id, account, peer }: Conversation, change: ContactChange): Entry {
  const observedAt = context.clock.now()
  const hlc = clampHlc(change.hlc, observedAt)
  context.entries.observe(hlc)
  const origin = { ...serverOrigin(account), device: change.ownCopy.device }
  return {
    head: { id: change.entryId, hlc, observedAt, ...origin },
    body: { kind: 'contact', conversation: id, peer, ...change.said },
  }
}
