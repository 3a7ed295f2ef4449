import { toBase64Url } from '../bytes/base64url.ts'
import { toHex, utf8 } from '../bytes/bytes.ts'
import type { RandomPort } from '../ports/random.ts'
import type { Aor, AttachmentId, ConversationId, DeviceId, EntryId, JobId, AccountId, MessageId } from './ids.ts'

/** SHA-256, handed in because `shared` has no crypto of its own. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

const idBytes = 16

/** SHA-256 over account AOR, NUL, peer AOR; first 16 bytes: the same on every device of a person. */
export function conversationIdOf(sha256: Sha256, account: Aor, peer: Aor): ConversationId {
  return toBase64Url(sha256(utf8(`${account}\0${peer}`)).subarray(0, idBytes)) as ConversationId
}

/** First 16 bytes of the SHA-256 of a device's raw Ed25519 public key. */
export function deviceIdOf(sha256: Sha256, ed25519PublicKey: Uint8Array): DeviceId {
  return toBase64Url(sha256(ed25519PublicKey).subarray(0, idBytes)) as DeviceId
}

/**
 * Id of a call as a row of its conversation: SHA-256 of its SIP Call-ID (RFC 3261 §8.1.1.4), first 16 bytes, hexadecimal. The
 * same on every own device that the call rings on.
 */
export function callMessageIdOf(sha256: Sha256, callId: string): MessageId {
  return toHex(sha256(utf8(`sotto call\0${callId}`)).subarray(0, idBytes)) as MessageId
}

/** Storage key of an attachment from the SHA-256 of its ciphertext. */
export function attachmentIdOf(ciphertextSha256: Uint8Array): AttachmentId {
  return toBase64Url(ciphertextSha256) as AttachmentId
}

/** Fresh random ids, 128 bits each. */
export function newEntryId(random: RandomPort): EntryId {
  return toBase64Url(random.bytes(idBytes)) as EntryId
}
export function newAccountId(random: RandomPort): AccountId {
  return toBase64Url(random.bytes(idBytes)) as AccountId
}
export function newJobId(random: RandomPort): JobId {
  return toBase64Url(random.bytes(idBytes)) as JobId
}
/** Hexadecimal: fits a SIP Call-ID and an MSRP Message-ID (RFC 4975 §9 knows no underscore and no leading dash). */
export function newMessageId(random: RandomPort): MessageId {
  return Array.from(random.bytes(idBytes), (byte) => byte.toString(16).padStart(2, '0')).join('') as MessageId
}
