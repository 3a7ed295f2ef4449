/** The Commit message in its three forms (RFC 6189 §5.4). */
import { concatBytes, copyOf } from '#shared/bytes/bytes.ts'
import { implicitMac } from './implicit.ts'
import { frame, headBytes, imageBytes, shortMacBytes, zidBytes } from './message.ts'
import { ascii, FieldReader } from './wire.ts'

/** Algorithms are what the peer wrote; whether they were offered is the negotiation's question. */
export interface Commit {
  readonly h2: Uint8Array
  readonly zid: Uint8Array
  readonly hash: string
  readonly cipher: string
  readonly authTag: string
  readonly keyAgreement: string
  readonly sas: string
  readonly binding: CommitBinding
}

/** What stands in place of the public value: its commitment, or the nonce of a mode without one. */
export type CommitBinding =
  | { readonly mode: 'dh'; readonly hvi: Uint8Array }
  | { readonly mode: 'multistream'; readonly nonce: Uint8Array }
  | { readonly mode: 'preshared'; readonly nonce: Uint8Array; readonly keyId: Uint8Array }

export const nonceBytes = 16
const keyIdBytes = 8
const fixedBytes = headBytes + imageBytes + zidBytes + 5 * 4

/** The message with the MAC of key H1. */
export function encodeCommit(commit: Commit, h1: Uint8Array): Uint8Array {
  const { h2, zid, hash, cipher, authTag, keyAgreement, sas, binding } = commit
  const chosen = [hash, cipher, authTag, keyAgreement, sas].map(ascii)
  const unsigned = frame('Commit  ', [h2, zid, ...chosen, ...bindingFields(binding)], shortMacBytes)
  return concatBytes(unsigned, implicitMac(h1, unsigned))
}

function bindingFields(binding: CommitBinding): readonly Uint8Array[] {
  if (binding.mode === 'dh') return [binding.hvi]
  return binding.mode === 'multistream' ? [binding.nonce] : [binding.nonce, binding.keyId]
}

/** The Commit in a message of its type, or null where its length is not that of its key agreement. */
export function decodeCommit(message: Uint8Array): Commit | null {
  if (message.length < fixedBytes + nonceBytes + shortMacBytes) return null
  const fields = new FieldReader(message, headBytes)
  const [h2, zid] = [copyOf(fields.take(imageBytes)), copyOf(fields.take(zidBytes))]
  const [hash, cipher, authTag] = [fields.text(4), fields.text(4), fields.text(4)]
  const [keyAgreement, sas] = [fields.text(4), fields.text(4)]
  const binding = readBinding(keyAgreement, copyOf(fields.take(message.length - fixedBytes - shortMacBytes)))
  return binding && { h2, zid, hash, cipher, authTag, keyAgreement, sas, binding }
}

function readBinding(keyAgreement: string, rest: Uint8Array): CommitBinding | null {
  if (keyAgreement === 'Mult') return rest.length === nonceBytes ? { mode: 'multistream', nonce: rest } : null
  if (keyAgreement === 'Prsh') {
    if (rest.length !== nonceBytes + keyIdBytes) return null
    return { mode: 'preshared', nonce: rest.slice(0, nonceBytes), keyId: rest.slice(nonceBytes) }
  }
  return rest.length === imageBytes ? { mode: 'dh', hvi: rest } : null
}
