import { dayOf } from '../../home/data-dir/day.ts'
import type { AccessStore, ErasureRequest } from './chain-store.ts'
import type { AccessLimits } from './limits.ts'
import { refuseProof, type ProofPorts, type Shown } from './opening-proof.ts'
import type { AddressLimits } from './request-gate.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { ErasureAnswer, ErasureNotice } from '#shared/replication/api.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** Somebody who has neither device nor paper, as they reached the listener. */
export interface ErasureAsking extends Shown {
  /** False: only how it stands. */
  readonly ask: boolean
  /** IP address of the other end. */
  readonly address: string
  /** Over TLS, or from this computer: no proof may be seen on the way. */
  readonly secure: boolean
}

const dayMs = 86_400_000

export type ErasureRefusal = 'too-many' | 'insecure' | 'missing' | 'stale' | 'wrong'

export interface ErasureDoorPorts extends ProofPorts {
  readonly store: Pick<AccessStore, 'mark' | 'erasures'>
  readonly addresses: AddressLimits
  readonly clock: Pick<ClockPort, 'now'>
  readonly limits: Pick<AccessLimits, 'erasureNoticeMs' | 'erasureQuietMs'>
}

/**
 * Takes the wish of who has the account's password alone that all of it is erased. Nothing they say makes it sooner: it waits, announced to
 * every device, and each of them, or the paper key, ends it with a word.
 */
export class ErasureDoor {
  readonly #ports: ErasureDoorPorts

  constructor(ports: ErasureDoorPorts) {
    this.#ports = ports
  }

  /** `isNew`: it was asked for now. Runs in the account's order. */
  async ask(
    asking: ErasureAsking,
  ): Promise<Result<{ readonly answer: ErasureAnswer; readonly isNew: boolean }, ErasureRefusal>> {
    const { addresses } = this.#ports
    if (!addresses.admit(asking.address)) return err('too-many')
    if (!asking.secure) return err('insecure')
    const refusal = await refuseProof(asking, this.#ports, 'isOf')
    if (refusal === 'wrong') addresses.recordFailure(asking.address)
    if (refusal !== null) return err(refusal)
    const isNew = asking.ask && (await this.#begin(asking.account))
    return ok({ answer: await this.#stateOf(asking.account), isNew })
  }

  /** What the devices of an account are told. */
  async notice(account: Aor): Promise<ErasureNotice | null> {
    const request = await this.#ports.store.erasures.of(account)
    if (request?.keptAt !== null) return null
    return { askedAt: request.askedAt, dueAt: request.dueAt }
  }

  /** A device, or the paper key, says that the history stays; false where nobody asked. */
  keep(account: Aor): Promise<boolean> {
    const { store, clock } = this.#ports
    return store.erasures.keep(account, clock.now())
  }

  /** Today counts for whoever waits: the server runs, and says so to the devices that ask. */
  countToday(): Promise<void> {
    return this.#ports.store.erasures.countDay(dayOf(this.#ports.clock.now()))
  }

  /** Accounts whose time has come, by the clock and by the days on which it was announced: no clock that jumps makes it sooner. */
  due(): Promise<readonly string[]> {
    const { store, clock, limits } = this.#ports
    return store.erasures.due({ at: clock.now(), days: Math.floor(limits.erasureNoticeMs / dayMs) })
  }

  async #begin(account: Aor): Promise<boolean> {
    const { store, clock, limits } = this.#ports
    const [mark, request, now] = [await store.mark(account), await store.erasures.of(account), clock.now()]
    if (mark === null) return false
    // The first one counts: asking again neither shortens nor prolongs it.
    if (request !== null && isCounted(request, { now, quietMs: limits.erasureQuietMs })) return false
    await store.erasures.ask(account, { askedAt: now, dueAt: now + limits.erasureNoticeMs, day: dayOf(now) })
    return true
  }

  async #stateOf(account: Aor): Promise<ErasureAnswer> {
    const { store } = this.#ports
    if ((await store.mark(account)) === null) return { state: 'none' }
    const request = await store.erasures.of(account)
    if (request === null) return { state: 'sealed' }
    const { askedAt, dueAt, keptAt } = request
    return keptAt === null ? { state: 'asked', askedAt, dueAt } : { state: 'kept', keptAt }
  }
}

/** A time that is still to come was written by a clock that went wrong. */
function isCounted(
  { askedAt, keptAt }: ErasureRequest,
  { now, quietMs }: { readonly now: number; readonly quietMs: number },
): boolean {
  if (keptAt === null) return askedAt <= now
  return keptAt <= now && now < keptAt + quietMs
}
