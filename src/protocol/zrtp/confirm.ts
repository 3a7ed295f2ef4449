/** The Confirm1, Confirm2 and SASrelay messages: what only the holder of the keys can read or write (RFC 6189 §5.7, §5.13). */
import { concatBytes, equalBytes } from '#shared/bytes/bytes.ts'
import type { HashName } from './algorithms.ts'
import { decryptCfb, encryptCfb } from './cfb.ts'
import { macOf } from './kdf.ts'
import { frame, headBytes, imageBytes, shortMacBytes } from './message.ts'
import { FieldReader, uint32 } from './wire.ts'

export interface Confirm {
  readonly h0: Uint8Array
  /** E: asks to be enrolled with a PBX (§7.3.1). */
  readonly pbxEnrollment: boolean
  /** V: the sender's user compared the SAS in an earlier call (§7.1). */
  readonly sasVerified: boolean
  /** A: the sender takes GoClear (§4.7.2). */
  readonly allowClear: boolean
  /** D: the sender's product may give the keys to others (§11). */
  readonly disclosure: boolean
  /** Seconds, 32 bits; 0xffffffff = for ever, 0 = do not keep (§4.9). */
  readonly cacheExpiration: number
}

/** The two keys of the sending side. */
export interface ConfirmKeys {
  readonly hash: HashName
  readonly mackey: Uint8Array
  readonly zrtpkey: Uint8Array
}

export const keepForEver = 0xffffffff
const ivBytes = 16
const flags = { pbxEnrollment: 8, sasVerified: 4, allowClear: 2, disclosure: 1 } as const
/** Bytes before the encrypted region, and of that region without a signature. */
const clearBytes = headBytes + shortMacBytes + ivBytes
const plainBytes = imageBytes + 8

/** The message without signature, sealed under a fresh `iv` of 16 bytes. */
export function sealConfirm(
  type: 'Confirm1' | 'Confirm2',
  confirm: Confirm,
  keys: ConfirmKeys,
  iv: Uint8Array,
): Uint8Array {
  const flagOctet =
    (confirm.pbxEnrollment ? flags.pbxEnrollment : 0) |
    (confirm.sasVerified ? flags.sasVerified : 0) |
    (confirm.allowClear ? flags.allowClear : 0) |
    (confirm.disclosure ? flags.disclosure : 0)
  const plain = concatBytes(confirm.h0, uint32(flagOctet), uint32(confirm.cacheExpiration))
  const encrypted = encryptCfb(keys.zrtpkey, iv, plain)
  return frame(type, [confirmMac(keys, encrypted), iv, encrypted])
}

/** The fields, or null where the MAC is wrong or the message too short; a signature is not looked at. */
export function openConfirm(message: Uint8Array, keys: ConfirmKeys): Confirm | null {
  if (message.length < clearBytes + plainBytes || !isSealedBy(message, keys)) return null
  const iv = message.subarray(clearBytes - ivBytes, clearBytes)
  const fields = new FieldReader(decryptCfb(keys.zrtpkey, iv, message.subarray(clearBytes)), 0)
  const h0 = fields.take(imageBytes)
  const flagOctet = fields.uint32() & 0xff
  return {
    h0,
    pbxEnrollment: (flagOctet & flags.pbxEnrollment) !== 0,
    sasVerified: (flagOctet & flags.sasVerified) !== 0,
    allowClear: (flagOctet & flags.allowClear) !== 0,
    disclosure: (flagOctet & flags.disclosure) !== 0,
    cacheExpiration: fields.uint32(),
  }
}

/** Whether the encrypted region of a Confirm or SASrelay message bears the sender's MAC. */
export function isSealedBy(message: Uint8Array, keys: ConfirmKeys): boolean {
  if (message.length <= clearBytes) return false
  const mac = message.subarray(headBytes, headBytes + shortMacBytes)
  return equalBytes(confirmMac(keys, message.subarray(clearBytes)), mac)
}

function confirmMac(keys: ConfirmKeys, encrypted: Uint8Array): Uint8Array {
  return macOf(keys.hash, keys.mackey, encrypted).slice(0, shortMacBytes)
}
