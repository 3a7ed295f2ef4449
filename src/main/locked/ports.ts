/** What the locked program needs of the rest of main. */
import type { IncomingBody, SignallingPort } from '#main/accounts/signalling-port.ts'
import type { CallId, CallView } from '#shared/model/calls.ts'
import type { SpoolRecord } from '#main/spool/spool-record.ts'

/** How the signalling is answered while there is no session. */
export type LockedLine = Pick<SignallingPort, 'accept' | 'refuse' | 'answerChatSession' | 'call'>

/** What a body is, as far as it may be known before it is in the history. */
export type BodyKind = 'text' | 'fleeting' | 'other' | 'malformed'

/** Keeps a record until Sotto is unlocked; false when there is no room. Rejects when the disk does not take it. */
export type KeepRecord = (record: SpoolRecord) => Promise<boolean>

/** What the desktop shows, without names. */
export interface LockedNoticesPort {
  message(): void
  missedCall(): void
  ring(call: { readonly callId: CallId; readonly video: boolean; readonly silent: boolean }): void
  stopRinging(callId: CallId): void
}

export interface LockedCallsScreen {
  changed(calls: readonly CallView[], revision: number): void
}

export type DescribeBody = (body: Omit<IncomingBody, 'receipt'>) => BodyKind
