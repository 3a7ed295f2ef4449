import type { ClockPort } from '../ports/clock.ts'
import type { RandomPort } from '../ports/random.ts'
import { newEntryId } from './derive-ids.ts'
import type { Entry, EntryBody, Hlc } from './entry.ts'
import { mergeHlc, tickHlc } from './hlc.ts'
import type { Aor, DeviceId } from './ids.ts'
import type { AuthenticatedBy } from './views.ts'

/** Whose observation an entry is, and who vouches for its author. */
export interface EntryOrigin {
  readonly account: Aor
  readonly device: DeviceId
  readonly authenticatedBy: AuthenticatedBy
  readonly verified: boolean
}

/** Makes entries of this device; one per profile, so that their timestamps never repeat. */
export class EntryFactory {
  readonly #clock: ClockPort
  readonly #random: RandomPort
  #last: Hlc

  constructor(
    ports: { readonly clock: ClockPort; readonly random: RandomPort },
    last: Hlc = { wallMs: 0, counter: 0 },
  ) {
    this.#clock = ports.clock
    this.#random = ports.random
    this.#last = last
  }

  make(origin: EntryOrigin, body: EntryBody): Entry {
    const now = this.#clock.now()
    this.#last = tickHlc(this.#last, now)
    return { head: { id: newEntryId(this.#random), hlc: this.#last, observedAt: now, ...origin }, body }
  }

  /** Takes note of a timestamp of another device, so that what this device says next is later. */
  observe(hlc: Hlc): void {
    this.#last = mergeHlc(this.#last, hlc, this.#clock.now())
  }
}
