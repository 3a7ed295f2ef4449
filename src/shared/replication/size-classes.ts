/**
 * Sizes that sealed bodies are padded to, so that their length says little: doubling from 256 bytes to 64 KiB, beyond that Padmé (Nikitin et al.,
 * "Reducing metadata leakage from encrypted files", PETS 2019, §4), which adds 12 % at most.
 */
import { ProtocolError } from '../errors.ts'

const smallest = 256
const doublingTo = 65_536
/** The size class of the longest entry there can be (`model/limits.ts`). */
const largest = 33 * 131_072
/** A sealed body at most, with its tag: every entry fits into an envelope. Longer things go as attachments. */
export const maxBodyBytes = largest + 16
/** Payloads begin with their length, big-endian. */
export const lengthBytes = 4
/** The longest content whose sealed body fits. */
export const maxContentBytes = largest - lengthBytes

/** The size class of `bytes` bytes. */
export function sizeClass(bytes: number): number {
  if (bytes > doublingTo) return padme(bytes)
  let size = smallest
  while (size < bytes) size *= 2
  return size
}

function padme(bytes: number): number {
  // Attachments may be longer than 32 bits can say.
  let exponent = 16
  while (2 ** (exponent + 1) <= bytes) exponent += 1
  const kept = 32 - Math.clz32(exponent)
  const step = 2 ** (exponent - kept)
  return Math.ceil(bytes / step) * step
}

/** Length, content, zeros up to the size class. */
export function pad(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(sizeClass(lengthBytes + content.length))
  new DataView(padded.buffer).setUint32(0, content.length)
  padded.set(content, lengthBytes)
  return padded
}

/**
 * The content of a padded payload, a view of it.
 * @throws ProtocolError `bad-padding` for anything but what {@link pad} would write.
 */
export function unpad(padded: Uint8Array): Uint8Array {
  if (padded.length < lengthBytes) throw new ProtocolError('bad-padding')
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0)
  const end = lengthBytes + length
  if (end > padded.length || sizeClass(end) !== padded.length) throw new ProtocolError('bad-padding')
  for (let at = end; at < padded.length; at++) if (padded[at] !== 0) throw new ProtocolError('bad-padding')
  return padded.subarray(lengthBytes, end)
}
