/**
 * A subset of structured clone as text, for both ends of the bridge. These functions also run inside the preload's world,
 * as their own source text: they must not use anything but each other and the language.
 *
 * `{"$": tag, …}` stands for what JSON lacks: u undefined · n odd number · i bigint · b bytes · d date · e error · m map ·
 * s set · o object that has a `$` of its own.
 */

/** Deepest nesting taken or given; a hostile page must not overflow our stack. */
export function maxCloneDepth(): number {
  return 200
}

export function bytesToBase64(bytes: Uint8Array): string {
  if (typeof Buffer !== 'undefined')
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  if (typeof bytes.toBase64 === 'function') return bytes.toBase64()
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

export function base64ToBytes(text: string): Uint8Array<ArrayBuffer> {
  if (typeof Buffer !== 'undefined') return new Uint8Array(Buffer.from(text, 'base64'))
  if (typeof Uint8Array.fromBase64 === 'function') return Uint8Array.fromBase64(text)
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}

export function encodeBinary(value: object): object | null {
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength)
    const type = Object.prototype.toString.call(value).slice(8, -1)
    return { $: 'b', t: type, v: bytesToBase64(bytes) }
  }
  if (value instanceof ArrayBuffer) return { $: 'b', t: 'ArrayBuffer', v: bytesToBase64(new Uint8Array(value)) }
  return null
}

export function encodeError(error: Error): object {
  const code = (error as { code?: unknown }).code
  const shown = { $: 'e', n: error.name, m: error.message }
  return typeof code === 'string' || typeof code === 'number' ? { ...shown, c: code } : shown
}

export function encodePlain(value: object, depth: number): object {
  if (Array.isArray(value)) return value.map((item) => encodeValue(item, depth + 1))
  const tree: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const key of Object.keys(value)) tree[key] = encodeValue((value as Record<string, unknown>)[key], depth + 1)
  // A class instance crosses as its own fields, as structured clone does it.
  return '$' in tree ? { $: 'o', v: tree } : tree
}

export function encodeObject(value: object, depth: number): object {
  if (depth > maxCloneDepth()) throw new Error('An object could not be cloned: too deep or cyclic.')
  const binary = encodeBinary(value)
  if (binary !== null) return binary
  if (value instanceof Date) return { $: 'd', v: value.getTime() }
  if (value instanceof Error) return encodeError(value)
  if (value instanceof Map)
    return { $: 'm', v: [...value].map(([k, v]) => [encodeValue(k, depth + 1), encodeValue(v, depth + 1)]) }
  if (value instanceof Set) return { $: 's', v: [...value].map((item) => encodeValue(item, depth + 1)) }
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet)
    throw new Error('An object could not be cloned.')
  return encodePlain(value, depth)
}

export function encodeNumber(value: number): unknown {
  if (Object.is(value, -0)) return { $: 'n', v: '-0' }
  return Number.isFinite(value) ? value : { $: 'n', v: String(value) }
}

export function encodeValue(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return encodeNumber(value)
    case 'undefined':
      return { $: 'u' }
    case 'bigint':
      return { $: 'i', v: value.toString() }
    case 'function':
    case 'symbol':
      throw new Error('An object could not be cloned.')
    case 'object':
      return value === null ? null : encodeObject(value, depth)
  }
}

export function decodeNumber(text: unknown): number {
  switch (text) {
    case '-0':
      return -0
    case 'NaN':
      return Number.NaN
    case 'Infinity':
      return Number.POSITIVE_INFINITY
    case '-Infinity':
      return Number.NEGATIVE_INFINITY
    default:
      throw new Error('malformed clone: number')
  }
}

export function decodeBigInt(text: unknown): bigint {
  if (typeof text !== 'string' || !/^-?\d{1,1000}$/.test(text)) throw new Error('malformed clone: bigint')
  return BigInt(text)
}

export function decodeBinary(type: unknown, text: unknown): unknown {
  if (typeof text !== 'string') throw new Error('malformed clone: bytes')
  const bytes = base64ToBytes(text)
  if (type === 'Uint8Array') return bytes
  if (type === 'ArrayBuffer') return bytes.buffer
  const views = [
    Int8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  ]
  const view = views.find(({ name }) => name === type)
  if (view === undefined) throw new Error('malformed clone: view')
  return Reflect.construct(view, [bytes.buffer])
}

export function decodeError(tree: Record<string, unknown>): Error {
  const { n: name, m: message, c: code } = tree
  if (typeof name !== 'string' || typeof message !== 'string') throw new Error('malformed clone: error')
  const error = new Error(message)
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  if (typeof code === 'string' || typeof code === 'number') Object.assign(error, { code })
  return error
}

export function decodeList(value: unknown, depth: number): unknown[] {
  if (!Array.isArray(value)) throw new Error('malformed clone: list')
  for (let index = 0; index < value.length; index++) value[index] = decodeValue(value[index], depth + 1)
  return value as unknown[]
}

export function decodeMap(value: unknown, depth: number): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  for (const pair of decodeList(value, depth)) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new Error('malformed clone: map')
    map.set(pair[0], pair[1])
  }
  return map
}

export function decodeRecord(tree: unknown, depth: number): object {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) throw new Error('malformed clone: object')
  const source = tree as Record<string, unknown>
  const record: Record<string, unknown> = {}
  for (const key of Object.keys(source)) {
    const value = decodeValue(source[key], depth + 1)
    if (key === '__proto__')
      Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true })
    else record[key] = value
  }
  return record
}

export function decodeTagged(tree: Record<string, unknown>, depth: number): unknown {
  switch (tree.$) {
    case 'u':
      return undefined
    case 'n':
      return decodeNumber(tree.v)
    case 'i':
      return decodeBigInt(tree.v)
    case 'b':
      return decodeBinary(tree.t, tree.v)
    case 'd':
      return new Date(typeof tree.v === 'number' ? tree.v : Number.NaN)
    case 'e':
      return decodeError(tree)
    case 'm':
      return decodeMap(tree.v, depth)
    case 's':
      return new Set(decodeList(tree.v, depth))
    case 'o':
      return decodeRecord(tree.v, depth)
    default:
      throw new Error('malformed clone: tag')
  }
}

export function decodeValue(tree: unknown, depth: number): unknown {
  if (typeof tree !== 'object' || tree === null) return tree
  if (depth > 2 * maxCloneDepth()) throw new Error('malformed clone: too deep')
  if (Array.isArray(tree)) return decodeList(tree, depth)
  if (Object.hasOwn(tree, '$')) return decodeTagged(tree as Record<string, unknown>, depth)
  return decodeRecord(tree, depth)
}

/** @throws Error if `value` holds a function, a symbol, a promise or a cycle. */
export function encodeClone(value: unknown): string {
  return JSON.stringify(encodeValue(value, 0))
}

/** @throws Error if `text` is not what {@link encodeClone} makes. */
export function decodeClone(text: string): unknown {
  return decodeValue(JSON.parse(text), 0)
}
