/** How calls end, in the words of the screen and of the history. Pure. */
import type { CallEnd, CallRecordView } from '#shared/model/calls.ts'
import type { MediaEvent, MediaRefusal } from '#main/media/media-port.ts'

/** Statuses that say: not with these descriptions (RFC 3261 §21.4.26, §21.6.4; RFC 3261 §21.4.13). */
export const descriptionRefused: ReadonlySet<number> = new Set([415, 488, 606])

const byStatus: ReadonlyMap<number, CallEnd> = new Map([
  [404, 'unknown-recipient'],
  [408, 'no-answer'],
  [410, 'unknown-recipient'],
  [415, 'peer-refuses-encryption'],
  [480, 'unreachable'],
  [486, 'peer-busy'],
  [487, 'cancelled'],
  [488, 'peer-refuses-encryption'],
  [503, 'server-unreachable'],
  [600, 'peer-busy'],
  [603, 'peer-declined'],
  [604, 'unknown-recipient'],
  [606, 'peer-refuses-encryption'],
])

/** Why an outgoing call did not come up. */
export function endOfOutgoing(status: number | null, wasRinging: boolean): CallEnd {
  if (status === null) return wasRinging ? 'no-answer' : 'server-unreachable'
  return byStatus.get(status) ?? 'failed'
}

/** Why an incoming call stopped ringing. */
export function endOfIncoming(elsewhere: boolean): CallEnd {
  return elsewhere ? 'answered-elsewhere' : 'missed'
}

const byRefusal: Readonly<Record<MediaRefusal, CallEnd>> = {
  'needs-encryption': 'peer-needs-encryption',
  'refuses-encryption': 'peer-refuses-encryption',
  downgrade: 'downgrade-blocked',
  'no-common-codec': 'no-common-codec',
  malformed: 'failed',
  'no-path': 'no-path',
  'relay-missing': 'relay-missing',
  engine: 'failed',
}

export function endOfRefusal(refusal: MediaRefusal): CallEnd {
  return byRefusal[refusal]
}

const byLoss: Readonly<Record<Extract<MediaEvent, { kind: 'lost' }>['why'], CallEnd>> = {
  'no-path': 'no-path',
  'media-lost': 'media-lost',
  'keys-failed': 'keys-failed',
  'keys-used-up': 'keys-used-up',
  'refuses-encryption': 'peer-refuses-encryption',
  'attack-noticed': 'attack-noticed',
  engine: 'failed',
}

/** Why the gateway gave a call up. */
export function endOfLost(why: Extract<MediaEvent, { kind: 'lost' }>['why']): CallEnd {
  return byLoss[why]
}

/** Status for the other side when a description of its will not do. */
export function statusOfRefusal(refusal: MediaRefusal): number {
  return refusal === 'engine' || refusal === 'no-path' || refusal === 'relay-missing' ? 480 : 488
}

/** Line of the history. `wasConnected` decides before anything else. */
export function outcomeOf(
  end: CallEnd,
  direction: 'incoming' | 'outgoing',
  wasConnected: boolean,
): CallRecordView['outcome'] {
  if (wasConnected) return 'answered'
  if (end === 'answered-elsewhere') return 'elsewhere'
  if (end === 'peer-busy') return 'busy'
  if (end === 'declined' || end === 'peer-declined') return 'declined'
  if (direction === 'incoming') return end === 'missed' || end === 'no-answer' ? 'missed' : 'failed'
  return end === 'cancelled' || end === 'hung-up' || end === 'no-answer' ? 'cancelled' : 'failed'
}
