import { z } from 'zod'

/** Bytes, `max` of them at most. */
export function bytesUpTo(max: number): z.ZodType<Uint8Array> {
  return z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= max)
}

/** Exactly `length` bytes. */
export function bytesOf(length: number): z.ZodType<Uint8Array> {
  return z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length)
}

/** Pin of a server's key: SHA-256 of its SubjectPublicKeyInfo in base64. */
export const spkiPin = z.string().regex(/^[A-Za-z0-9+/]{43}=$/)
