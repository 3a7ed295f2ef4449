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
  return {
    apply: Reflect.apply,
    keys: Object.keys,
    isArray: Array.isArray,
    create: Object.create as (prototype: object | null) => Record<string, unknown>,
    prototypeOf: Object.getPrototypeOf as (value: object) => unknown,
    define: Object.defineProperty,
    freeze: Object.freeze,
    isView: ArrayBuffer.isView,
    objectPrototype: Object.prototype,
    Promise,
    Error,
    // Called through `apply` only.
    // eslint-disable-next-line @typescript-eslint/unbound-method -- taken now because pages may replace it
    then: Promise.prototype.then,
    registry: FinalizationRegistry,
    // eslint-disable-next-line @typescript-eslint/unbound-method -- taken now because pages may replace it
    register: FinalizationRegistry.prototype.register,
  }
}

export function isPlain(intrinsics: ReturnType<typeof takeIntrinsics>, value: object): boolean {
  const prototype = intrinsics.prototypeOf(value)
  return prototype === intrinsics.objectPrototype || prototype === null
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
  const keys = intrinsics.keys(value)
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string
    put(record, key, step((value as Record<string, unknown>)[key]))
  }
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
    intrinsics.apply(intrinsics.then, promise, [resolved, rejected])
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

/** What the other world gave us: stand-ins that call back through the link. */
export function makeInward(
  link: CrossingLink,
  intrinsics: ReturnType<typeof takeIntrinsics>,
  toOther: (value: unknown) => unknown,
) {
  const waiting = intrinsics.create(null) as Record<number, ((outcome: Outcome) => void) | undefined>
  const forgotten = new intrinsics.registry<number>((id) => link.fire('forget', id))
  let returned: Outcome | undefined
  const unwrap = (outcome: Outcome | undefined): unknown => {
    if (outcome === undefined) throw new intrinsics.Error('The other side of the bridge is gone.')
    if (outcome.ok) return fromOther(outcome.v)
    throw fromOther(outcome.v)
  }
  const standIn = (id: number): Callable => {
    const call = (...args: unknown[]): unknown => {
      returned = undefined
      link.fire('call', { id, args: toOther(args) })
      const outcome = returned as Outcome | undefined
      returned = undefined
      return unwrap(outcome)
    }
    intrinsics.apply(intrinsics.register, forgotten, [call, id])
    return call
  }
  const promiseIn = (id: number): Promise<unknown> =>
    new intrinsics.Promise((resolve, reject) => {
      waiting[id] = (outcome) => (outcome.ok ? resolve(fromOther(outcome.v)) : reject(fromOther(outcome.v) as Error))
    })
  const special = (value: { $b?: unknown; id?: number; n?: string; m?: string; c?: unknown }): unknown => {
    if (value.$b === 'f') return standIn(value.id as number)
    if (value.$b === 'p') return promiseIn(value.id as number)
    const error = new intrinsics.Error(value.m)
    intrinsics.define(error, 'name', { value: value.n, configurable: true, writable: true })
    if (value.c !== undefined)
      intrinsics.define(error, 'code', { value: value.c, configurable: true, enumerable: true })
    return error
  }
  const fromOther = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const tag = (value as { $b?: unknown }).$b
    if (tag === 'f' || tag === 'p' || tag === 'e') return special(value)
    return mapTree(intrinsics, value, fromOther)
  }
  link.on('returned', (outcome: Outcome) => (returned = outcome))
  link.on('settled', (outcome: Outcome & { id: number }) => {
    const settle = waiting[outcome.id]
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a Map's methods may be the page's
    delete waiting[outcome.id]
    settle?.(outcome)
  })
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
