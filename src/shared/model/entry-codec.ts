/**
 * Bytes of an entry: canonical CBOR (RFC 8949 §4.2.1), fields and kinds by the numbers of `entry-fields.ts`.
 *
 * What this version does not know survives: unknown kinds and known kinds with unknown values become an `unknown` body,
 * unknown fields go to `extra`, and both are written back byte for byte.
 */
import { decode, encode, rfc8949EncodeOptions } from 'cborg'
import { CanonicalTokens, strictNumbers } from '../bytes/canonical-tokens.ts'
import { TextTokens } from '../bytes/text-tokens.ts'
import { ProtocolError } from '../errors.ts'
import type { Entry, EntryBody, EntryHead } from './entry.ts'
import { bodyFields, bodyNumber, headFields, kindNumber, kinds, type Field, type KnownKind } from './entry-fields.ts'
import { maxEntryBytes, maxUnknownFields } from './limits.ts'

/** Why bytes are not an entry, or an entry cannot be bytes. */
export type EntryErrorCode = 'entry-too-large' | 'entry-not-cbor' | 'entry-not-canonical' | 'entry-malformed'

type CborMap = Map<number, unknown>

const decodeOptions = { ...strictNumbers, allowBigInt: true, useMaps: true, rejectDuplicateMapKeys: true }

const headRows = Object.entries(headFields)
const kindNames = new Map(Object.entries(kinds).map(([name, row]) => [row.number, name as KnownKind]))

function fail(code: EntryErrorCode, detail?: string): never {
  throw new ProtocolError<EntryErrorCode>(code, detail)
}

/**
 * Canonical bytes of an entry.
 * @throws ProtocolError with an {@link EntryErrorCode} when a field breaks its limits.
 */
export function encodeEntry(entry: Entry): Uint8Array {
  const [headExtra, bodyExtra] = entry.extra === undefined ? [] : decodeExtra(entry.extra)
  const map: CborMap = new Map(headExtra)
  const flat = { ...entry.head, ...entry.head.hlc }
  for (const [name, field] of headRows) {
    if (!map.has(field.number)) map.set(field.number, toCbor(field, flat[name as keyof typeof flat]))
  }
  map.set(bodyNumber, bodyToMap(entry.body, bodyExtra))
  const bytes = encode(map, rfc8949EncodeOptions)
  return bytes.length <= maxEntryBytes ? bytes : fail('entry-too-large')
}

function toCbor(field: Field, value: unknown): unknown {
  const cbor = field.type.toCbor(value)
  return cbor ?? fail('entry-malformed', `field ${field.number}`)
}

function bodyToMap(body: EntryBody, extra: CborMap | undefined): CborMap {
  if (body.kind === 'unknown') return decodeMap(body.bytes)
  const row = kinds[body.kind]
  const map: CborMap = new Map(extra)
  map.set(kindNumber, row.number)
  const values = body as unknown as Readonly<Record<string, unknown>>
  for (const name of row.required) map.set(bodyFields[name].number, toCbor(bodyFields[name], values[name]))
  for (const name of row.optional) {
    if (values[name] !== undefined) map.set(bodyFields[name].number, toCbor(bodyFields[name], values[name]))
  }
  return map
}

/**
 * Reads an entry, strictly: canonical, nothing after it, every field within its limits.
 * @throws ProtocolError with an {@link EntryErrorCode}.
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  const tokenizer = new CanonicalTokens(bytes, decodeOptions)
  const map = decodeMap(bytes, tokenizer)
  // A second encoding of the same entry would make two ids for one content: only the canonical one is taken.
  if (!tokenizer.isCanonical) fail('entry-not-canonical')
  return entryFromMap(map)
}

/** Reads an entry that this program encoded before and the database authenticated: skips the check for canonical form. */
export function decodeStoredEntry(bytes: Uint8Array): Entry {
  return entryFromMap(decodeMap(bytes))
}

function decodeMap(bytes: Uint8Array, tokenizer = new TextTokens(bytes, decodeOptions)): CborMap {
  if (bytes.length > maxEntryBytes) fail('entry-too-large')
  let value: unknown
  try {
    value = decode(bytes, { ...decodeOptions, tokenizer })
  } catch {
    // Also a RangeError from hostile nesting: nothing of it is kept.
    return fail('entry-not-cbor')
  }
  return asFieldMap(value)
}

function asFieldMap(value: unknown): CborMap {
  if (!(value instanceof Map)) return fail('entry-malformed', 'not a map')
  for (const key of value.keys()) if (!Number.isSafeInteger(key) || key < 0) fail('entry-malformed', 'key')
  return value as CborMap
}

function entryFromMap(map: CborMap): Entry {
  const values: Record<string, unknown> = {}
  const headExtra: CborMap = new Map()
  let fromNewer = false
  for (const [name, field] of headRows) {
    const value = field.type.fromCbor(map.get(field.number))
    if (value === null || !map.has(field.number)) fail('entry-malformed', name)
    if (value === undefined) {
      // Who vouches in a way this version does not know: weakest, and the body waits for the update.
      fromNewer = true
      headExtra.set(field.number, map.get(field.number))
    }
    values[name] = value ?? 'server'
  }
  const known = new Set<number>([...headRows.map(([, field]) => field.number), bodyNumber])
  for (const [key, value] of map) if (!known.has(key)) headExtra.set(key, value)
  const bodyMap = asFieldMap(map.get(bodyNumber))
  const { wallMs, counter, ...rest } = values
  const head = { ...rest, hlc: { wallMs, counter } } as unknown as EntryHead
  const bodyExtra: CborMap = new Map()
  const body = (fromNewer ? null : knownBody(bodyMap, bodyExtra)) ?? unknownBody(bodyMap, bodyExtra)
  const extra = encodeExtra(headExtra, bodyExtra)
  return extra === null ? { head, body } : { head, body, extra }
}

function unknownBody(map: CborMap, extra: CborMap): EntryBody {
  extra.clear()
  return { kind: 'unknown', bytes: encode(map, rfc8949EncodeOptions) }
}

/** The body if this version understands kind and values; puts its unknown fields into `extra`. */
function knownBody(map: CborMap, extra: CborMap): EntryBody | null {
  const kind = kindNames.get(map.get(kindNumber) as number)
  if (kind === undefined) return null
  const row = kinds[kind]
  const body: Record<string, unknown> = { kind }
  const taken = new Set<number>([kindNumber])
  for (const name of [...row.required, ...row.optional]) {
    const { number, type } = bodyFields[name]
    taken.add(number)
    if (!map.has(number) && row.optional.includes(name)) continue
    const value = type.fromCbor(map.get(number))
    if (value === null) fail('entry-malformed', name)
    if (value === undefined) return null
    body[name] = value
  }
  for (const [key, value] of map) if (!taken.has(key)) extra.set(key, value)
  return body as unknown as EntryBody
}

function encodeExtra(head: CborMap, body: CborMap): Uint8Array | null {
  if (head.size + body.size === 0) return null
  if (head.size + body.size > maxUnknownFields) fail('entry-malformed', 'too many unknown fields')
  return encode([head, body], rfc8949EncodeOptions)
}

function decodeExtra(bytes: Uint8Array): readonly [CborMap, CborMap] {
  const value = decode(bytes, {
    ...decodeOptions,
    tokenizer: new TextTokens(bytes, decodeOptions),
  }) as readonly unknown[]
  return [asFieldMap(value[0]), asFieldMap(value[1])]
}
