/** Who is registered where: bindings in memory only, keyed by device (RFC 3261 §10, RFC 5626 §6). */
import { equalUris } from '#protocol/sip/uri-compare.ts'
import { parseUri } from '#protocol/sip/uri.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { BindingView } from './api.ts'
import type { Connection } from './connection.ts'

export interface Binding {
  /** Stable over refreshes of the same device and reg-id; short, for route tokens. */
  readonly id: string
  readonly user: string
  readonly instance: string
  readonly regId: number | null
  /** Contact URI as registered. */
  readonly contact: string
  /** Header parameters worth repeating in answers: `+sip.instance`, `reg-id`, … already serialized. */
  readonly parameters: string
  readonly path: readonly string[]
  readonly connection: Connection
  readonly callId: string
  readonly sequence: number
  /** Monotonic milliseconds; infinite for in-process users. */
  readonly expiresAt: number
  readonly registeredAt: number
}

export interface LocationLimits {
  readonly bindings: number
  readonly bindingsPerUser: number
}

/** True when both mean the same device's slot: instance and reg-id if there are any, else an equal contact URI. */
export function sameSlot(a: Binding, b: Pick<Binding, 'instance' | 'regId' | 'contact'>): boolean {
  if (a.instance !== '' || b.instance !== '') return a.instance === b.instance && a.regId === b.regId
  return equalUris(parseUri(a.contact), parseUri(b.contact))
}

export class Location {
  readonly #clock: ClockPort
  readonly #limits: LocationLimits
  readonly #byUser = new Map<string, Binding[]>()
  #count = 0

  constructor(clock: ClockPort, limits: LocationLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  get size(): number {
    return this.#count
  }

  /** Live bindings, the most recently registered first. */
  bindings(user: string): readonly Binding[] {
    const now = this.#clock.monotonic()
    const bindings = this.#byUser.get(user) ?? []
    if (bindings.some((binding) => !isLive(binding, now)))
      this.#set(
        user,
        bindings.filter((binding) => isLive(binding, now)),
      )
    return this.#byUser.get(user) ?? []
  }

  /** One binding per device: of several flows of one device the newest (RFC 5626 §5.3). */
  devices(user: string): readonly Binding[] {
    const seen = new Set<string>()
    return this.bindings(user).filter(({ instance }) => {
      if (instance === '') return true
      const isFirst = !seen.has(instance)
      seen.add(instance)
      return isFirst
    })
  }

  find(user: string, id: string): Binding | null {
    return this.bindings(user).find((binding) => binding.id === id) ?? null
  }

  /** Any user's binding by its id. */
  findById(id: string): Binding | null {
    for (const user of this.#byUser.keys()) {
      const found = this.find(user, id)
      if (found !== null) return found
    }
    return null
  }

  /** True when the domain as a whole can take another binding; a user past his own bound loses his oldest. */
  get hasRoom(): boolean {
    return this.#count < this.#limits.bindings
  }

  put(binding: Binding): void {
    const others = this.bindings(binding.user).filter((other) => !sameSlot(other, binding))
    this.#set(binding.user, [binding, ...others].slice(0, this.#limits.bindingsPerUser))
  }

  remove(user: string, gone: (binding: Binding) => boolean): void {
    this.#set(
      user,
      this.bindings(user).filter((binding) => !gone(binding)),
    )
  }

  /** A closed flow takes its bindings with it (RFC 5626 §5.3: the flow is the only way to the device). */
  flowClosed(connection: Connection): void {
    for (const user of connection.users) this.remove(user, (binding) => binding.connection === connection)
  }

  view(binding: Binding): BindingView {
    const expiresAt = this.#clock.now() + (binding.expiresAt - this.#clock.monotonic())
    const { user, instance, contact, connection } = binding
    return { user, instance, contact, flowId: connection.flow.id, expiresAt }
  }

  #set(user: string, bindings: readonly Binding[]): void {
    this.#count += bindings.length - (this.#byUser.get(user)?.length ?? 0)
    if (bindings.length === 0) this.#byUser.delete(user)
    else this.#byUser.set(user, [...bindings])
  }
}

function isLive(binding: Binding, now: number): boolean {
  return binding.expiresAt > now && binding.connection.isOpen
}
