/**
 * An entry as one line of JSON: head fields by name, `body` with `kind` and the fields its kind has, by the tables of
 * `entry-fields.ts`, so that new kinds come by themselves. Bytes are base64url.
 *
 * A kind this version does not know is `{"kind": "unknown", "cbor": …}`, fields it does not know are `extra`.
 */
import { z } from 'zod'
import { fromBase64Url, toBase64Url } from '#shared/bytes/base64url.ts'
import type { Entry, EntryBody } from '#shared/model/entry.ts'
import {
  bodyFields,
  headFields,
  kinds,
  type BodyFieldName,
  type FieldType,
  type KnownKind,
} from '#shared/model/entry-fields.ts'
import { exportError } from './manifest.ts'

const headNames = Object.keys(headFields) as (keyof typeof headFields)[]
const plainObject = z.record(z.string(), z.unknown())

/** A line without its line feed. */
export function entryToLine(entry: Entry): string {
  const head: Record<string, unknown> = { ...entry.head, ...entry.head.hlc }
  delete head.hlc
  const body = entry.body.kind === 'unknown' ? { kind: 'unknown', cbor: toBase64Url(entry.body.bytes) } : entry.body
  const extra = entry.extra === undefined ? {} : { extra: toBase64Url(entry.extra) }
  return JSON.stringify({ ...head, body, ...extra }, bytesAsText)
}

function bytesAsText(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? toBase64Url(value) : value
}

/**
 * The entry of a line; null for one of a later version, which this one cannot keep.
 * @throws ProtocolError `export-malformed`; limits of the model are left to `encodeEntry`.
 */
export function entryFromLine(line: string): Entry | null {
  const value = objectOf(parse(line))
  const head: Record<string, unknown> = {}
  for (const name of headNames) {
    const given = fieldOf(headFields[name].type, value[name])
    if (given === undefined) return null
    head[name] = given
  }
  const { wallMs, counter, ...rest } = head
  const body = bodyOf(objectOf(value.body))
  if (body === null || !onlyKnown(value, [...headNames, 'body', 'extra'])) return null
  const extra = value.extra === undefined ? {} : { extra: bytesOf(value.extra) }
  return { head: { ...rest, hlc: { wallMs, counter } }, body, ...extra } as unknown as Entry
}

function bodyOf(value: Readonly<Record<string, unknown>>): EntryBody | null {
  const { kind } = value
  if (kind === 'unknown') return { kind, bytes: bytesOf(value.cbor) }
  if (typeof kind !== 'string') throw exportError('export-malformed', 'kind')
  if (!Object.hasOwn(kinds, kind)) return null
  const row = kinds[kind as KnownKind]
  const names: readonly BodyFieldName[] = [...row.required, ...row.optional]
  if (!onlyKnown(value, ['kind', ...names])) return null
  const body: Record<string, unknown> = { kind }
  for (const name of names) {
    if (value[name] === undefined && row.optional.includes(name)) continue
    const given = fieldOf(bodyFields[name].type, value[name])
    if (given === undefined) return null
    body[name] = given
  }
  return body as unknown as EntryBody
}

/** The model's value of a field; undefined for one of a later version. */
function fieldOf(type: FieldType, json: unknown): unknown {
  if (json === undefined) throw exportError('export-malformed', 'field missing')
  if (type.toCbor(json) !== null) return json
  const bytes = typeof json === 'string' ? fromBase64Url(json) : null
  if (bytes !== null && type.toCbor(bytes) !== null) return bytes
  // A name of a later version stands where this one has a list of names: the model knows those by number alone.
  if (typeof json === 'string' && isNamed(type)) return undefined
  throw exportError('export-malformed', 'field')
}

/** Whether the model writes this type as a number and shows it as a name. */
function isNamed(type: FieldType): boolean {
  return typeof type.fromCbor(0) === 'string'
}

function onlyKnown(value: Readonly<Record<string, unknown>>, known: readonly string[]): boolean {
  return Object.keys(value).every((name) => known.includes(name))
}

function bytesOf(json: unknown): Uint8Array {
  const bytes = typeof json === 'string' ? fromBase64Url(json) : null
  if (bytes === null) throw exportError('export-malformed', 'bytes')
  return bytes
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  const parsed = plainObject.safeParse(value)
  if (!parsed.success) throw exportError('export-malformed', 'not an object')
  return parsed.data
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw exportError('export-malformed', 'not JSON')
  }
}
