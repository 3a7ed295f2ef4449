/**
 * How values, functions and promises cross between the page's world and the preload's. The same source runs in both; in the
 * page's world scripts may later replace any prototype's methods, so everything used afterwards is taken at the start.
 */

export interface CrossingLink {
  /** Delivers to the other world, synchronously. */
  readonly fire: (type: string, detail: unknown) => void
  readonly on: (type: string, handler: (detail: never) => void) => void
}

export interface Crossing {
  readonly toOther: (value: unknown) => unknown
  readonly fromOther: (value: unknown) => unknown
}

type Callable = (...args: unknown[]) => unknown
interface Outcome {
  readonly ok: boolean
  readonly v: unknown
}

/** Intrinsics as they were before any page script. */
export function takeIntrinsics() {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it has no `this`
  const { isView } = ArrayBuffer
  return {
    apply: Reflect.apply,
    keys: Object.keys,
    isArray: Array.isArray,
    create: Object.create as (prototype: object | null) => Record<string, unknown>,
    prototypeOf: Object.getPrototypeOf as (value: object) => unknown,
    define: Object.defineProperty,
    freeze: Object.freeze,
    isView: (value: unknown): boolean => isView(value),
    objectPrototype: Object.prototype,
    Promise,
    Error,
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called through `apply` only
    then: Promise.prototype.then,
    registry: FinalizationRegistry,
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called through `apply` only
    register: FinalizationRegistry.prototype.register,
  }
}

export function isPlain(intrinsics: ReturnType<typeof takeIntrinsics>, value: object): boolean {
  const prototype = intrinsics.prototypeOf(value)
  return prototype === intrinsics.objectPrototype || prototype === null
}

/** Iterates without the iterator that a page may have replaced. */
export function eachKey(list: readonly string[], step: (key: string) => void): void {
  let index = 0
  while (index < list.length) {
    const key = list[index++]
    if (key !== undefined) step(key)
  }
}

/** Copies arrays and plain objects with `step` applied to what they hold; anything else is returned as it is. */
export function mapTree(
  intrinsics: ReturnType<typeof takeIntrinsics>,
  value: object,
  step: (item: unknown) => unknown,
): object {
  const put = (target: object, key: PropertyKey, item: unknown): void => {
    intrinsics.define(target, key, { value: item, writable: true, enumerable: true, configurable: true })
  }
  if (intrinsics.isArray(value)) {
    const list: unknown[] = []
    for (let index = 0; index < value.length; index++) put(list, index, step(value[index]))
    return list
  }
  if (!isPlain(intrinsics, value)) return value
  const record = {}
  eachKey(intrinsics.keys(value), (key) => put(record, key, step((value as Record<string, unknown>)[key])))
  return record
}

/** What we gave away: functions until the other world forgets them, promises until they settle. */
export function makeOutward(link: CrossingLink, intrinsics: ReturnType<typeof takeIntrinsics>) {
  const functions = intrinsics.create(null) as Record<number, Callable | undefined>
  let lastId = 0
  const errorOut = (error: unknown): unknown =>
    error instanceof intrinsics.Error
      ? { $b: 'e', n: error.name, m: error.message, c: (error as { code?: unknown }).code }
      : toOther(error)
  const settle = (id: number, ok: boolean, v: unknown): void => link.fire('settled', { id, ok, v })
  const promiseOut = (promise: Promise<unknown>): unknown => {
    const id = ++lastId
    const resolved = (value: unknown): void => settle(id, true, toOther(value))
    const rejected = (error: unknown): void => settle(id, false, errorOut(error))
    void intrinsics.apply(intrinsics.then, promise, [resolved, rejected])
    return { $b: 'p', id }
  }
  const toOther = (value: unknown): unknown => {
    if (typeof value === 'function') {
      const id = ++lastId
      functions[id] = value as Callable
      return { $b: 'f', id }
    }
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof intrinsics.Promise) return promiseOut(value)
    return mapTree(intrinsics, value, toOther)
  }
  link.on('forget', (id: number) => {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a Map's methods may be the page's
    delete functions[id]
  })
  return { functions, toOther, errorOut }
}

/** Stand-ins for the other world's functions: calling one calls there, synchronously. */
export function makeStandIns(
  link: CrossingLink,
  intrinsics: ReturnType<typeof takeIntrinsics>,
  both: { toOther: (value: unknown) => unknown; fromOther: (value: unknown) => unknown },
): (id: number) => Callable {
  const forgotten = new intrinsics.registry<number>((id) => link.fire('forget', id))
  let returned: Outcome | undefined
  link.on('returned', (outcome: Outcome) => {
    returned = outcome
  })
  const take = (): Outcome => {
    const outcome = returned
    returned = undefined
    return outcome ?? { ok: false, v: new intrinsics.Error('The other side of the bridge is gone.') }
  }
  return (id) => {
    const call = (...args: unknown[]): unknown => {
      link.fire('call', { id, args: both.toOther(args) })
      const { ok, v } = take()
      if (!ok) throw both.fromOther(v)
      return both.fromOther(v)
    }
    intrinsics.apply(intrinsics.register, forgotten, [call, id])
    return call
  }
}

/** Promises of the other world, until it settles them. */
export function makePromises(
  link: CrossingLink,
  intrinsics: ReturnType<typeof takeIntrinsics>,
  fromOther: (value: unknown) => unknown,
): (id: number) => Promise<unknown> {
  const waiting = intrinsics.create(null) as Record<number, ((outcome: Outcome) => void) | undefined>
  link.on('settled', (outcome: Outcome & { id: number }) => {
    const settle = waiting[outcome.id]
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a Map's methods may be the page's
    delete waiting[outcome.id]
    settle?.(outcome)
  })
  return (id) =>
    new intrinsics.Promise((resolve, reject) => {
      waiting[id] = ({ ok, v }) => {
        const value = fromOther(v)
        if (ok) resolve(value)
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever the other world rejected with
        else reject(value)
      }
    })
}

/** What the other world gave us, as values of this one. */
export function makeInward(
  link: CrossingLink,
  intrinsics: ReturnType<typeof takeIntrinsics>,
  toOther: (value: unknown) => unknown,
) {
  const errorIn = ({ n, m, c }: { n?: unknown; m?: unknown; c?: unknown }): Error => {
    const error = new intrinsics.Error(m as string)
    intrinsics.define(error, 'name', { value: n, configurable: true, writable: true })
    if (c !== undefined) intrinsics.define(error, 'code', { value: c, configurable: true, enumerable: true })
    return error
  }
  const fromOther = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const { $b: tag, id } = value as { $b?: unknown; id?: number }
    if (tag === 'f' && typeof id === 'number') return standIn(id)
    if (tag === 'p' && typeof id === 'number') return promiseIn(id)
    if (tag === 'e') return errorIn(value)
    return mapTree(intrinsics, value, fromOther)
  }
  const standIn = makeStandIns(link, intrinsics, { toOther, fromOther })
  const promiseIn = makePromises(link, intrinsics, fromOther)
  return { fromOther }
}

/** Joins two worlds over `link`. */
export function makeCrossing(link: CrossingLink, intrinsics: ReturnType<typeof takeIntrinsics>): Crossing {
  const { functions, toOther, errorOut } = makeOutward(link, intrinsics)
  const { fromOther } = makeInward(link, intrinsics, toOther)
  link.on('call', (call: { id: number; args: unknown }) => {
    let outcome: Outcome
    try {
      const target = functions[call.id]
      if (target === undefined) throw new intrinsics.Error('The function is gone.')
      outcome = { ok: true, v: toOther(intrinsics.apply(target, undefined, fromOther(call.args) as unknown[])) }
    } catch (error) {
      outcome = { ok: false, v: errorOut(error) }
    }
    link.fire('returned', outcome)
  })
  return { toOther, fromOther }
}
