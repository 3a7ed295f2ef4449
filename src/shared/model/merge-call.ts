/** What the observations of one call, made by several own devices in any order, say together. */
import type { CallRecordView } from './calls.ts'
import type { CallBody, Entry } from './entry.ts'
import { compareEntries, strength, type Of } from './merge-order.ts'

/**
 * Whoever answered knows most. `elsewhere` says that some own device answered, also one whose observation never comes; then
 * what a user decided on one device while the others only rang; then what a device saw by itself.
 */
const knows: Readonly<Record<CallRecordView['outcome'], number>> = {
  answered: 6,
  elsewhere: 5,
  declined: 4,
  busy: 3,
  failed: 2,
  missed: 1,
  cancelled: 0,
}

/** Which of two observations says more: the better outcome, then the longer call. */
function compareSaid(a: CallRecordView, b: CallRecordView): number {
  return knows[a.outcome] - knows[b.outcome] || a.durationMs - b.durationMs
}

/** One observation speaks for the call, so that its facts belong together: of the most strongly vouched for, the one that says most. */
export function mergedCall(observations: readonly Of<'call'>[]): CallRecordView {
  const top = Math.max(...observations.map(({ head }) => strength(head)))
  const { body } = observations
    .filter(({ head }) => strength(head) === top)
    .reduce((a, b) => ((compareSaid(a.body, b.body) || compareEntries(a, b)) >= 0 ? a : b))
  const { outcome, video, durationMs, readers } = body
  return { outcome, video, durationMs, readers }
}

/** Whether `call` adds nothing to `held`, an observation at least as strongly vouched for. */
export function saysNoMore(held: CallBody, call: CallBody): boolean {
  const more = compareSaid(held, call)
  return more > 0 || (more === 0 && held.video === call.video && held.readers === call.readers)
}

/** Only the user takes a call out of the history: who called must not be able to. */
export function isCallDeleted(cluster: readonly Entry[]): boolean {
  return cluster.some(({ head, body }) => body.kind === 'delete' && head.authenticatedBy === 'own-device')
}

/** An incoming call that nobody answered waits to be read, as a message does; any other was noticed. */
export function isQuiet(call: CallRecordView | undefined): boolean {
  return call !== undefined && call.outcome !== 'missed'
}
