/**
 * Numbers of the fields and values inside an encoded entry. Append only: do NOT reorder, renumber or reuse.
 *
 * An entry is a CBOR map of the head fields, and `body`, a map of the body fields its kind has.
 */
import { errorCodes } from '../errors.ts'
import type { EntryBody } from './entry.ts'
import { fromBase64Url, toBase64Url } from '../bytes/base64url.ts'
import {
  maxAorLength,
  maxFileNameLength,
  maxMediaTypeLength,
  maxMessageIdLength,
  maxNameLength,
  maxNoteLength,
  maxReactionLength,
  maxSavedQueryLength,
  maxTextLength,
} from './limits.ts'

/** What a field holds in CBOR and in an {@link EntryBody}; `null` = not of this type. */
export interface FieldType {
  readonly toCbor: (value: unknown) => unknown
  /** The model's value; null when malformed, undefined when it is a value of a newer version. */
  readonly fromCbor: (value: unknown) => unknown
}

function text(maxLength: number): FieldType {
  const check = (value: unknown) =>
    typeof value === 'string' && value.length <= maxLength ? value.toWellFormed() : null
  return { toCbor: check, fromCbor: check }
}

/** Time in ms, or a counter: an integer from 0 to 2^53 - 1. */
const uint: FieldType = (() => {
  const check = (value: unknown) => (Number.isSafeInteger(value) && (value as number) >= 0 ? value : null)
  return { toCbor: check, fromCbor: check }
})()

const bool: FieldType = (() => {
  const check = (value: unknown) => (typeof value === 'boolean' ? value : null)
  return { toCbor: check, fromCbor: check }
})()

/** Present and true, or absent. */
const flag: FieldType = (() => {
  const check = (value: unknown) => (value === true ? value : null)
  return { toCbor: check, fromCbor: check }
})()

/** An id of so many bytes: base64url in the model, bytes in CBOR. */
function idOf(length: number): FieldType {
  return {
    toCbor: (value) => {
      const bytes = typeof value === 'string' ? fromBase64Url(value) : null
      return bytes?.length === length ? bytes : null
    },
    fromCbor: (value) => (value instanceof Uint8Array && value.length === length ? toBase64Url(value) : null),
  }
}

/** 128-bit id: 22 characters in the model. */
const id128 = idOf(16)

/** A key of 256 bits. */
const key256: FieldType = (() => {
  const check = (value: unknown) => (value instanceof Uint8Array && value.length === 32 ? value : null)
  return { toCbor: check, fromCbor: check }
})()

/** A public key, or what names one: 1 to 64 bytes. */
const keyName: FieldType = (() => {
  const check = (value: unknown) =>
    value instanceof Uint8Array && value.length > 0 && value.length <= 64 ? value : null
  return { toCbor: check, fromCbor: check }
})()

/** One of `names`, by its place in the list. */
function oneOf(...names: readonly string[]): FieldType {
  return {
    toCbor: (value) => (typeof value === 'string' && names.includes(value) ? names.indexOf(value) : null),
    fromCbor: (value) => (Number.isSafeInteger(value) && (value as number) >= 0 ? names[value as number] : null),
  }
}

/** An error code by its name; a code of a newer version makes the body unknown. */
const errorCode: FieldType = {
  toCbor: (value) => ((errorCodes as readonly unknown[]).includes(value) ? value : null),
  fromCbor: (value) => {
    if (typeof value !== 'string' || value.length > 64) return null
    return (errorCodes as readonly unknown[]).includes(value) ? value : undefined
  },
}

/** One field: its number in the map and its type. */
export interface Field {
  readonly number: number
  readonly type: FieldType
}

export const headFields = {
  id: { number: 0, type: id128 },
  account: { number: 1, type: text(maxAorLength) },
  device: { number: 2, type: id128 },
  wallMs: { number: 3, type: uint },
  counter: { number: 4, type: uint },
  observedAt: { number: 5, type: uint },
  authenticatedBy: { number: 6, type: oneOf('server', 'own-device', 'otr', 'omemo', 'file') },
  verified: { number: 7, type: bool },
} as const satisfies Record<string, Field>

/** Number of the body in the head's map. */
export const bodyNumber = 8
/** Number of the kind in the body's map. */
export const kindNumber = 0

const messageId = text(maxMessageIdLength)
const aor = text(maxAorLength)

export const bodyFields = {
  conversation: { number: 1, type: id128 },
  peer: { number: 2, type: aor },
  author: { number: 3, type: aor },
  messageId: { number: 4, type: messageId },
  target: { number: 5, type: messageId },
  targetAuthor: { number: 6, type: aor },
  contentType: { number: 7, type: oneOf('text/plain') },
  text: { number: 8, type: text(maxTextLength) },
  sentAt: { number: 9, type: uint },
  path: { number: 10, type: oneOf('msrp', 'sip-message') },
  state: { number: 11, type: oneOf('sent', 'delivered', 'displayed', 'failed', 'queued') },
  failure: { number: 12, type: errorCode },
  at: { number: 13, type: uint },
  name: { number: 14, type: text(maxNameLength) },
  note: { number: 15, type: text(maxNoteLength) },
  policy: { number: 16, type: oneOf('accepted', 'pending', 'blocked', 'none') },
  muted: { number: 17, type: bool },
  displayReceipt: { number: 18, type: flag },
  outcome: {
    number: 19,
    type: oneOf('answered', 'missed', 'declined', 'busy', 'cancelled', 'elsewhere', 'failed'),
  },
  video: { number: 20, type: bool },
  durationMs: { number: 21, type: uint },
  readers: {
    number: 22,
    type: oneOf('securing', 'only-us', 'us-unless-middle', 'servers-could', 'servers-can', 'anyone'),
  },
  callPolicy: { number: 23, type: oneOf('account', 'zrtp-required', 'zrtp-preferred', 'sdes-over-tls', 'any') },
  expiresAfter: { number: 24, type: uint },
  fileName: { number: 25, type: text(maxFileNameLength) },
  mediaType: { number: 26, type: text(maxMediaTypeLength) },
  size: { number: 27, type: uint },
  attachment: { number: 28, type: idOf(32) },
  attachmentKey: { number: 29, type: key256 },
  gone: { number: 30, type: flag },
  place: { number: 31, type: uint },
  archived: { number: 32, type: bool },
  pinned: { number: 33, type: bool },
  keepDays: { number: 34, type: uint },
  marked: { number: 35, type: bool },
  searchId: { number: 36, type: id128 },
  query: { number: 37, type: text(maxSavedQueryLength) },
  way: { number: 40, type: oneOf('zrtp') },
  key: { number: 41, type: keyName },
  holds: { number: 42, type: bool },
  sendReceipts: { number: 43, type: bool },
  sendTyping: { number: 44, type: bool },
  hideAddress: { number: 45, type: oneOf('strangers', 'everyone', 'nobody') },
  emojis: { number: 46, type: text(maxReactionLength) },
} as const satisfies Record<string, Field>

export type BodyFieldName = keyof typeof bodyFields
export type KnownKind = Exclude<EntryBody['kind'], 'unknown'>

/** Which fields a kind has. */
export interface KindRow {
  readonly number: number
  readonly required: readonly BodyFieldName[]
  readonly optional: readonly BodyFieldName[]
}

const byAuthor = ['conversation', 'peer', 'author'] as const

export const kinds: Readonly<Record<KnownKind, KindRow>> = {
  message: {
    number: 1,
    required: [...byAuthor, 'messageId', 'contentType', 'text', 'sentAt'],
    optional: ['path', 'displayReceipt', 'expiresAfter'],
  },
  edit: { number: 2, required: [...byAuthor, 'messageId', 'target', 'text', 'sentAt'], optional: [] },
  delete: {
    number: 3,
    required: [...byAuthor, 'messageId', 'target', 'sentAt'],
    optional: ['gone', 'place'],
  },
  delivery: { number: 4, required: [...byAuthor, 'target', 'state', 'at'], optional: ['path', 'failure'] },
  read: { number: 5, required: ['conversation', 'peer', 'target', 'targetAuthor', 'at'], optional: [] },
  contact: {
    number: 6,
    required: ['conversation', 'peer'],
    optional: ['name', 'note', 'policy', 'muted', 'callPolicy', 'archived', 'pinned', 'keepDays'],
  },
  'peer-name': { number: 7, required: ['conversation', 'peer', 'name'], optional: [] },
  call: {
    number: 8,
    required: [...byAuthor, 'messageId', 'sentAt', 'outcome', 'video', 'durationMs', 'readers'],
    optional: [],
  },
  file: {
    number: 9,
    required: [...byAuthor, 'messageId', 'fileName', 'mediaType', 'size', 'sentAt'],
    optional: ['attachment', 'attachmentKey', 'path', 'displayReceipt', 'expiresAfter'],
  },
  timer: { number: 10, required: [...byAuthor, 'messageId', 'expiresAfter', 'sentAt'], optional: [] },
  bookmark: {
    number: 11,
    required: ['conversation', 'peer', 'target', 'targetAuthor', 'marked', 'at'],
    optional: [],
  },
  'saved-search': { number: 12, required: ['searchId', 'name', 'at'], optional: ['query'] },
  mark: { number: 13, required: ['conversation', 'peer', 'way', 'key', 'holds', 'at'], optional: ['name'] },
  'account-settings': {
    number: 14,
    required: ['at'],
    optional: ['name', 'sendReceipts', 'sendTyping', 'callPolicy', 'hideAddress'],
  },
  reaction: {
    number: 15,
    required: [...byAuthor, 'messageId', 'target', 'targetAuthor', 'emojis', 'sentAt'],
    optional: [],
  },
}
