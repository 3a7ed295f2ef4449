/** What the parts of one call share: its facts, its state, its turns, and its end. */
import type { CallEnd, CallId, LegId } from '#shared/model/calls.ts'
import type { MediaPlan, MediaRefusal } from '#main/media/media-port.ts'
import { endOfRefusal, outcomeOf, statusOfRefusal } from './call-end.ts'
import { newCallState, readersOf, type CallFacts, type CallState } from './call-state.ts'
import type { EngineLegs } from './engine-legs.ts'
import type { CallAccount, CallsPorts } from './ports.ts'
import { Turns } from '#shared/turns.ts'

export interface CallContext extends CallsPorts {
  readonly engine: EngineLegs
  readonly account: CallAccount
  readonly localHost: () => string
  readonly onChange: () => void
  /** How this call ends when its other side goes because somebody is to take a place in it; null: it just hangs up. */
  readonly endByTransfer: () => Extract<CallEnd, 'transferred' | 'replaced'> | null
}

export class CallCore {
  readonly facts: CallFacts
  readonly context: CallContext
  readonly state: CallState
  /** Steps with descriptions, one after the other. */
  readonly turns = new Turns()
  /** The leg that counts: of our offer, and then of the branch that is heard. */
  leg: LegId | null = null
  /** All that are open: a call that forked has one for each branch. */
  readonly legs = new Set<LegId>()
  plan: MediaPlan | null = null
  /** Keys of the INVITEs so far, the last one's at the end. */
  offered: readonly MediaPlan['offer'][] = []
  /** Call-ID of the INVITE (RFC 3261 §8.1.1.4); null before there is one. */
  sipCallId: string | null = null

  constructor(facts: CallFacts, video: boolean, context: CallContext) {
    this.facts = facts
    this.context = context
    this.state = newCallState(facts.direction, video)
  }

  get id(): CallId {
    return this.facts.id
  }

  get isOver(): boolean {
    return this.state.phase === 'ended'
  }

  get isActive(): boolean {
    return this.state.phase === 'active'
  }

  /** A description that will not do. */
  async refused(refusal: MediaRefusal): Promise<void> {
    await this.lost(endOfRefusal(refusal), statusOfRefusal(refusal))
  }

  /** The other side learns of `status` only where it still waits for an answer. */
  async lost(end: CallEnd, status = 488): Promise<void> {
    const isRefusal = this.plan?.verified === true && end === 'peer-refuses-encryption'
    const isDowngrade = isRefusal || end === 'downgrade-blocked'
    if (isDowngrade) this.change({ warnings: ['downgrade-blocked'], mayRetryWithDtls: this.mayChooseDtls() })
    const isAwaited = this.state.connectedAt === null && this.facts.direction === 'incoming'
    await this.finish(isDowngrade ? 'downgrade-blocked' : end, isAwaited ? status : undefined)
  }

  /** The floor of the policy is the floor of the user's choice, too. */
  mayChooseDtls(): boolean {
    const isCaller = this.facts.direction === 'outgoing'
    return isCaller && this.plan !== null && !this.offered.includes('dtls') && this.plan.policy !== 'zrtp-required'
  }

  /** The other side went, or this end gave the call up. */
  async left(byUs: boolean): Promise<void> {
    await this.finish(byUs ? 'hung-up' : (this.context.endByTransfer() ?? 'peer-hung-up'))
  }

  /** Ends the call everywhere; one part that fails keeps none of the others from hearing of it. Never rejects. */
  async finish(end: CallEnd, status?: number): Promise<void> {
    if (this.isOver) return
    const { engine, media, signalling, ring, clock } = this.context
    this.change({ phase: 'ended', end, endedAt: clock.now(), referral: null, replaces: null })
    ring.stop(this.id)
    for (const leg of this.legs) engine.close(leg)
    this.legs.clear()
    await this.tried(() => signalling.call({ kind: 'end', call: this.id, ...(status === undefined ? {} : { status }) }))
    await this.tried(() => media.close(this.id))
    await this.tried(() => this.#record(end))
  }

  async #record(end: CallEnd): Promise<void> {
    const { connectedAt, endedAt, video, keys, comparison, signallingSecure } = this.state
    const { peer, direction, startedAt, id } = this.facts
    const outcome = outcomeOf(end, direction, connectedAt !== null)
    if (outcome === 'missed') this.context.ring.missed(peer)
    const durationMs = connectedAt === null || endedAt === null ? 0 : Math.max(0, endedAt - connectedAt)
    const readers = readersOf(keys, comparison, signallingSecure)
    const record = { outcome, video, durationMs, readers }
    await this.context.records.add({ sipCallId: this.sipCallId ?? id, peer, direction, startedAt, record })
  }

  change(change: Partial<CallState>): void {
    Object.assign(this.state, change)
    this.context.onChange()
  }

  async run(step: () => Promise<void>): Promise<void> {
    await this.guarded(this.turns, step)
  }

  /** In turn; whatever goes wrong ends the call instead of leaving it hanging. */
  async guarded(turns: Turns, step: () => Promise<void>): Promise<void> {
    try {
      await turns.run(async () => {
        if (!this.isOver) await step()
      })
    } catch (error) {
      this.complain('call.step-failed', error)
      await this.finish('failed')
    }
  }

  async tried(step: () => Promise<unknown>): Promise<void> {
    try {
      await step()
    } catch (error) {
      this.complain('call.end-failed', error)
    }
  }

  complain(event: string, error: unknown): void {
    this.context.log.warn(event, { error: error instanceof Error ? error.name : typeof error })
  }

  /** Asked anew after every wait. */
  isEnded(): boolean {
    return this.isOver
  }

  closeLeg(leg: LegId): void {
    this.legs.delete(leg)
    this.context.engine.close(leg)
  }

  requireLeg(): LegId {
    if (this.leg === null) throw new Error('no leg')
    return this.leg
  }

  requirePlan(): MediaPlan {
    if (this.plan === null) throw new Error('no plan')
    return this.plan
  }
}
