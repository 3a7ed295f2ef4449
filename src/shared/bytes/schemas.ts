import { z } from 'zod'

/** Bytes, `max` of them at most. */
export function bytesUpTo(max: number): z.ZodType<Uint8Array> {
  return z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= max)
}

/** Exactly `length` bytes. */
export function bytesOf(length: number): z.ZodType<Uint8Array> {
  return z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length)
}
