import { utf8Text } from '#shared/bytes/bytes.ts'

/** Cost of turning a passphrase into a key; stored beside the wrap so that it can grow. */
export interface PassphraseCost {
  readonly memoryKib: number
  readonly iterations: number
  readonly parallelism: number
}

/** Argon2id (RFC 9106 §4, second recommendation): 64 MiB, 3 passes. */
export const defaultCost: PassphraseCost = { memoryKib: 65_536, iterations: 3, parallelism: 1 }

/** Turns a passphrase into 32 bytes; slow on purpose, so never on the main thread. */
export type DerivePassphraseKey = (
  passphrase: Uint8Array,
  salt: Uint8Array,
  cost: PassphraseCost,
) => Promise<Uint8Array>

const minCharacters = 10
const minDistinct = 5
const common = [
  '1234567890',
  '0123456789',
  'passwordpassword',
  'password123',
  'password1234',
  'qwertyuiop',
  'qwertzuiop',
  'correct horse battery staple',
  'correcthorsebatterystaple',
  'letmeinletmein',
  'iloveyou123',
  'administrator',
]

/** The simple rule that is shown to the user: ten characters, not one of the usual ones, not the same few again. */
export function isStrongEnough(passphrase: Uint8Array): boolean {
  const text = utf8Text(passphrase)
  if (text === null) return false
  const characters = Array.from(text)
  if (characters.length < minCharacters || new Set(characters).size < minDistinct) return false
  return !common.includes(text.trim().toLowerCase())
}
