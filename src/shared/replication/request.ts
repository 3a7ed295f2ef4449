/**
 * What a device (or the paper key) signs for each request to the replica: which one, to whom, over which connection. It travels as
 * `Authorization: Sotto ` and base64url of
 *
 *     0           64
 *     signature   request (canonical CBOR, RFC 8949 §4.2.1)
 *
 * Rules for evolving: fields may be added as optional only; field names are never reused; no floats.
 */
import { z } from 'zod'
import { fromBase64Url, toBase64Url } from '../bytes/base64url.ts'
import { concatBytes, utf8 } from '../bytes/bytes.ts'
import { decodeCanonical, encodeCanonical, type CborErrorCode } from '../bytes/canonical-cbor.ts'
import { bytesOf } from '../bytes/schemas.ts'
import { ProtocolError } from '../errors.ts'
import { signatureBytes } from './batch.ts'
import { deviceIdLength, hashBytes } from './envelope.ts'

/** Why bytes are not a request, or a header value none that is signed. */
export type RequestErrorCode = CborErrorCode | 'too-large' | 'bad-shape' | 'not-signed'

export const requestScheme = 'Sotto'
export const challengeBytes = 56
/** `tls-exporter` (RFC 9266 §2): this label, an empty context, this many bytes. */
export const channelBinding = { label: 'EXPORTER-Channel-Binding', bytes: 32 } as const
export const maxRequestBytes = 4096
/** Of the header value. */
export const maxAuthorizationLength = requestScheme.length + 1 + Math.ceil(((signatureBytes + maxRequestBytes) * 4) / 3)

const signatureLabel = utf8('sotto/v1/replica-request\0')

const schema = z.object({
  version: z.literal(1),
  account: z.string().max(400),
  /** Who signs: a device of the account's chain, or the paper key. */
  device: z.union([bytesOf(deviceIdLength), z.literal('paper')]),
  method: z.string().regex(/^[A-Z]{1,16}$/),
  /** Path and query, as the request line has them. */
  target: z.string().regex(/^\/[\x21-\x7e]{0,1023}$/),
  /** SHA-256 of the body; of nothing where there is none. */
  body: bytesOf(hashBytes),
  /** Name or address of the server as in `Host`: lower case, without port, IPv6 without brackets. */
  host: z.string().regex(/^[a-z0-9.:-]{1,253}$/),
  /** What the server gave out for this connection. */
  challenge: bytesOf(challengeBytes),
  /** Channel binding; empty without TLS, which is for loopback only. */
  channel: z.union([bytesOf(channelBinding.bytes), bytesOf(0)]),
  /** By the signer's clock, milliseconds since 1970; never the same twice under one challenge, or the second is refused as a repeat. */
  at: z.number().int().nonnegative(),
})

export type ReplicaRequest = z.output<typeof schema>

/** A request as it came; nothing in it is verified yet. */
export interface SignedRequest {
  readonly request: ReplicaRequest
  /** The bytes that were signed. */
  readonly bytes: Uint8Array
  /** Ed25519 over {@link requestSignatureInput}. */
  readonly signature: Uint8Array
}

/** Canonical bytes of a request. @throws ProtocolError `bad-shape`, `too-large`. */
export function encodeRequest(request: ReplicaRequest): Uint8Array<ArrayBuffer> {
  if (!schema.safeParse(request).success) fail('bad-shape')
  const bytes = encodeCanonical(request)
  return bytes.length <= maxRequestBytes ? bytes : fail('too-large')
}

/** @throws ProtocolError a {@link RequestErrorCode} for anything but the canonical bytes of a request. */
export function decodeRequest(bytes: Uint8Array): ReplicaRequest {
  if (bytes.length > maxRequestBytes) fail('too-large')
  const parsed = schema.safeParse(decodeCanonical(bytes))
  return parsed.success ? parsed.data : fail('bad-shape')
}

/** The bytes that the signature of a request covers (Ed25519, RFC 8032). */
export function requestSignatureInput(request: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes(signatureLabel, request)
}

/** Value of `Authorization`. @throws ProtocolError `bad-shape`, `too-large`. */
export function encodeAuthorization(request: Uint8Array, signature: Uint8Array): string {
  if (signature.length !== signatureBytes) fail('bad-shape')
  if (request.length > maxRequestBytes) fail('too-large')
  return `${requestScheme} ${toBase64Url(concatBytes(signature, request))}`
}

/**
 * Reads the value of `Authorization`; no header is no signed request.
 * @throws ProtocolError a {@link RequestErrorCode}.
 */
export function decodeAuthorization(value: string | undefined): SignedRequest {
  if (value === undefined) fail('not-signed')
  if (value.length > maxAuthorizationLength) fail('too-large')
  const [scheme = '', text = '', ...rest] = value.split(' ')
  if (scheme.toLowerCase() !== requestScheme.toLowerCase() || rest.length > 0) fail('not-signed')
  const whole = fromBase64Url(text)
  if (whole === null || whole.length < signatureBytes) fail('bad-shape')
  const bytes = whole.slice(signatureBytes)
  return { request: decodeRequest(bytes), bytes, signature: whole.slice(0, signatureBytes) }
}

function fail(code: RequestErrorCode): never {
  throw new ProtocolError<RequestErrorCode>(code)
}
