import { utf8Text } from '#shared/bytes/bytes.ts'
import { meetsPassphraseRule } from '#shared/model/passphrase-rule.ts'

/** Cost of turning a passphrase into a key; stored beside the wrap so that it can grow. */
export interface PassphraseCost {
  readonly memoryKib: number
  readonly iterations: number
  readonly parallelism: number
}

export const passphraseKeyBytes = 32

/** Argon2id (RFC 9106 §4, second recommendation): 64 MiB, 3 passes. */
export const defaultCost: PassphraseCost = { memoryKib: 65_536, iterations: 3, parallelism: 1 }

/** Turns a passphrase into 32 bytes; slow on purpose, so never on the main thread. */
export type DerivePassphraseKey = (
  passphrase: Uint8Array,
  salt: Uint8Array,
  cost: PassphraseCost,
) => Promise<Uint8Array>

/** Whether bytes are a passphrase that Sotto takes. */
export function isStrongEnough(passphrase: Uint8Array): boolean {
  const text = utf8Text(passphrase)
  return text !== null && meetsPassphraseRule(text)
}
