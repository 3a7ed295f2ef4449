/** Calls that come in while Sotto is locked: they ring without a name, and can be declined but not taken. */
import type { CallSignal, CallSignallingEvent } from '#main/accounts/signalling-port-calls.ts'
import { SottoError } from '#shared/errors.ts'
import type { CallId, CallView } from '#shared/model/calls.ts'
import type { Aor, ConversationId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { SpooledCall } from '#main/spool/spool-record.ts'
import type { PeerMemory } from './peer-memory.ts'
import type { KeepRecord, LockedCallsScreen, LockedLine, LockedNoticesPort } from './ports.ts'

type Offered = Extract<CallSignal, { readonly kind: 'offered' }>

export interface LockedCallsPorts {
  readonly notices: LockedNoticesPort
  readonly screen: LockedCallsScreen
  readonly keep: KeepRecord
  readonly clock: ClockPort
}

interface Ringing {
  readonly view: CallView
  readonly line: LockedLine
  readonly record: Omit<SpooledCall, 'outcome'>
}

/** Statuses of RFC 3261. */
const unavailable = 480
const busyHere = 486
const declined = 603
/** More at once are told that we are busy. */
const maxRinging = 4

export class LockedCalls {
  readonly #ports: LockedCallsPorts
  readonly #ringing = new Map<CallId, Ringing>()
  #revision = 0

  constructor(ports: LockedCallsPorts) {
    this.#ports = ports
  }

  list(): { readonly calls: readonly CallView[]; readonly revision: number } {
    return { calls: this.#views(), revision: this.#revision }
  }

  handle(event: CallSignallingEvent, peers: PeerMemory, line: LockedLine): Promise<void> {
    const { signal } = event
    if (signal.kind === 'offered') return this.#offered(event, signal, { peers, line })
    if (signal.kind === 'turned-away') return this.#missed(recordOf(event, signal, this.#ports.clock.now()), peers)
    if (signal.kind !== 'failed' && signal.kind !== 'ended') return Promise.resolve()
    const ringing = this.#forget(event.call)
    if (ringing === undefined) return Promise.resolve()
    const elsewhere = signal.kind === 'failed' && signal.elsewhere
    return elsewhere ? this.#keep(ringing.record, 'elsewhere') : this.#missed(ringing.record, peers)
  }

  /** @throws SottoError `not-found` for what does not ring. */
  async decline({ callId, busy }: { readonly callId: CallId; readonly busy?: boolean | undefined }): Promise<void> {
    const ringing = this.#forget(callId)
    if (ringing === undefined) throw new SottoError('not-found')
    await ringing.line.call({ kind: 'end', call: callId, status: busy === true ? busyHere : declined })
    await this.#keep(ringing.record, 'declined')
  }

  /** A session takes over what rings. Its revisions go on from the one returned. */
  release(): number {
    for (const callId of this.#ringing.keys()) this.#ports.notices.stopRinging(callId)
    this.#ringing.clear()
    return this.#revision
  }

  /** The revisions of the session before; ours go on from there. */
  continueFrom(revision: number): void {
    this.#revision = Math.max(this.#revision, revision)
  }

  async #offered(
    event: CallSignallingEvent,
    signal: Offered,
    { peers, line }: { readonly peers: PeerMemory; readonly line: LockedLine },
  ): Promise<void> {
    const { call, accountId } = event
    const refuse = async (status: number): Promise<void> => {
      await line.call({ kind: 'end', call, status })
    }
    const hearing = peers.call(accountId, signal.from)
    // A blocked caller hears what everybody hears whom nobody answers.
    if (hearing === 'blocked') return refuse(unavailable)
    // Without a session there is no call whose place could be taken.
    if (signal.replaces !== null || this.#ringing.size >= maxRinging) return refuse(busyHere)
    const record = recordOf(event, signal, this.#ports.clock.now())
    this.#ringing.set(call, { view: viewOf(event, record), line, record })
    this.#announce()
    this.#ports.notices.ring({ callId: call, video: record.video, silent: hearing === 'silent' })
  }

  #forget(callId: CallId): Ringing | undefined {
    const ringing = this.#ringing.get(callId)
    if (!this.#ringing.delete(callId)) return undefined
    this.#ports.notices.stopRinging(callId)
    this.#announce()
    return ringing
  }

  async #missed(record: Omit<SpooledCall, 'outcome'>, peers: PeerMemory): Promise<void> {
    const hearing = peers.call(record.accountId, record.from)
    if (hearing === 'blocked') return
    if (hearing === 'heard') this.#ports.notices.missedCall()
    await this.#keep(record, 'missed')
  }

  /** A line of the history that finds no room is lost with the call: nobody waits for it. */
  async #keep(record: Omit<SpooledCall, 'outcome'>, outcome: SpooledCall['outcome']): Promise<void> {
    await this.#ports.keep({ ...record, outcome })
  }

  #views(): readonly CallView[] {
    return [...this.#ringing.values()].map(({ view }) => view).toReversed()
  }

  #announce(): void {
    this.#revision += 1
    this.#ports.screen.changed(this.#views(), this.#revision)
  }
}

function recordOf(
  { accountId }: CallSignallingEvent,
  signal: Pick<Offered, 'from' | 'fromName' | 'sipCallId'> & { readonly sdp?: string | null },
  at: number,
): Omit<SpooledCall, 'outcome'> {
  const { from, fromName, sipCallId, sdp } = signal
  // RFC 8866 §5.14: port 0 = not wanted.
  const video = /^m=video [1-9]/m.test(sdp ?? '')
  return { kind: 'call', at, accountId, from, fromName, sipCallId, video }
}

/** A call without anything that says who it is. */
function viewOf({ call, accountId }: CallSignallingEvent, { at, video }: Omit<SpooledCall, 'outcome'>): CallView {
  return {
    ...{ id: call, accountId, conversationId: '' as ConversationId, peer: '' as Aor, peerName: '' },
    ...{ direction: 'incoming', phase: 'incoming', startedAt: at, connectedAt: null, endedAt: null, end: null },
    ...{ video, camera: false, muted: false, held: 'no', earlyMedia: false, addressHidden: false },
    ...{ transfer: null, referral: null, replaces: null, mayRetryWithDtls: false },
    security: {
      ...{ readers: 'securing', method: 'pending', sas: null, comparison: 'none', warnings: [] },
      ...{ cipher: '', keyAgreement: '', hash: '', peerDeviceName: '', peerClient: '' },
    },
  }
}
