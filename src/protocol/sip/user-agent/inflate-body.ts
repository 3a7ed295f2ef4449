import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { err, ok, type Result } from '#shared/result.ts'
import { headerValue } from '../headers.ts'
import type { SipRequest } from '../message.ts'

/**
 * Undoes Content-Encoding (RFC 3261 §20.12), giving at most `maxBytes`. Failures are the status to answer with:
 * 415 unknown encoding, 400 broken data, 513 too large.
 */
export function inflateBody(request: SipRequest, maxBytes: number): Result<Uint8Array, 400 | 415 | 513> {
  const encoding = (headerValue(request, 'content-encoding') ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity' || request.body.length === 0) return ok(request.body.slice())
  try {
    if (encoding === 'gzip' || encoding === 'x-gzip') return ok(gunzipSync(request.body, { maxOutputLength: maxBytes }))
    if (encoding === 'deflate') return ok(inflateEither(request.body, maxBytes))
    return err(415)
  } catch (error) {
    return err(isTooLarge(error) ? 513 : 400)
  }
}

/** `deflate` means zlib, but bare deflate streams go around under the same name. */
function inflateEither(body: Uint8Array, maxBytes: number): Uint8Array {
  const first = body[0] ?? 0
  const isZlib = (first & 0x0f) === 8 && ((first << 8) | (body[1] ?? 0)) % 31 === 0
  return isZlib ? inflateSync(body, { maxOutputLength: maxBytes }) : inflateRawSync(body, { maxOutputLength: maxBytes })
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}
