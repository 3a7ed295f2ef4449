/** From the shared secret to every key (RFC 6189 §4.4.1.4, §4.4.3.2, §4.5). */
import { createHash, createHmac, createSecretKey } from 'node:crypto'
import { concatBytes, utf8, wipe } from '#shared/bytes/bytes.ts'
import { cipherKeyBytes, hashes, type CipherName, type HashName } from './algorithms.ts'
import { uint32 } from './wire.ts'

export function hashOf(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash(hashes[hash].node)
  for (const part of parts) state.update(part)
  return sameBytes(state.digest())
}

/** HMAC; of a key object, because Node.js 24 takes more than twice as long with bytes. */
export function macOf(hash: HashName, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return sameBytes(createHmac(hashes[hash].node, createSecretKey(key)).update(bytes).digest())
}

/** What the library returned, not a copy: there is one buffer to wipe. */
function sameBytes({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length)
}

/** `bytes` of HMAC(key, 1 || label || 0 || context || bits); at most the digest's length (§4.5.1). */
export function kdf(
  hash: HashName,
  key: Uint8Array,
  label: string,
  { context, bytes }: { readonly context: Uint8Array; readonly bytes: number },
): Uint8Array {
  if (bytes > hashes[hash].bytes) throw new RangeError('more key material than the hash gives')
  const input = concatBytes(uint32(1), utf8(label), Uint8Array.of(0), context, uint32(bytes * 8))
  const whole = macOf(hash, key, input)
  const derived = whole.slice(0, bytes)
  wipe(whole)
  return derived
}

/** ZIDs of initiator and responder, then the total hash: the context of every derivation. */
export function kdfContext(zidI: Uint8Array, zidR: Uint8Array, totalHash: Uint8Array): Uint8Array {
  return concatBytes(zidI, zidR, totalHash)
}

export interface DhInputs {
  readonly dhResult: Uint8Array
  readonly context: Uint8Array
  /** s1, s2, s3: what both sides had in common before, null where nothing. */
  readonly secrets: readonly [Uint8Array | null, Uint8Array | null, Uint8Array | null]
}

/** s0 of a Diffie-Hellman exchange (§4.4.1.4). */
export function dhSecret(hash: HashName, { dhResult, context, secrets }: DhInputs): Uint8Array {
  const common = secrets.flatMap((secret) => [uint32(secret?.length ?? 0), secret ?? new Uint8Array(0)])
  return hashOf(hash, uint32(1), dhResult, utf8('ZRTP-HMAC-KDF'), context, ...common)
}

/** s0 of a further stream (§4.4.3.2). */
export function multistreamSecret(hash: HashName, zrtpSess: Uint8Array, context: Uint8Array): Uint8Array {
  return kdf(hash, zrtpSess, 'ZRTP MSK', { context, bytes: hashes[hash].bytes })
}

/** The keys of one direction. */
export interface SideKeys {
  readonly mackey: Uint8Array
  readonly zrtpkey: Uint8Array
  readonly srtpKey: Uint8Array
  readonly srtpSalt: Uint8Array
}

const srtpSaltBytes = 14

/** What one side sends under: for its Confirm and for its SRTP (§4.5.3). */
export function sideKeys(
  side: 'Initiator' | 'Responder',
  { hash, cipher }: { readonly hash: HashName; readonly cipher: CipherName },
  s0: Uint8Array,
  context: Uint8Array,
): SideKeys {
  const derive = (what: string, bytes: number): Uint8Array => kdf(hash, s0, `${side} ${what}`, { context, bytes })
  const keyBytes = cipherKeyBytes[cipher]
  return {
    mackey: derive('HMAC key', hashes[hash].bytes),
    zrtpkey: derive('ZRTP key', keyBytes),
    srtpKey: derive('SRTP master key', keyBytes),
    srtpSalt: derive('SRTP master salt', srtpSaltBytes),
  }
}

export function wipeSide(keys: SideKeys): void {
  wipe(keys.mackey, keys.zrtpkey, keys.srtpKey, keys.srtpSalt)
}

/** What only the first stream of a call derives (§4.5.2, §4.6.1). */
export interface CallKeys {
  readonly zrtpSess: Uint8Array
  readonly sasHash: Uint8Array
  readonly exportedKey: Uint8Array
  readonly retainedSecret: Uint8Array
}

export function callKeys(hash: HashName, s0: Uint8Array, context: Uint8Array): CallKeys {
  const derive = (label: string, bytes: number): Uint8Array => kdf(hash, s0, label, { context, bytes })
  return {
    zrtpSess: derive('ZRTP Session Key', hashes[hash].bytes),
    sasHash: derive('SAS', 32),
    exportedKey: derive('Exported key', hashes[hash].bytes),
    retainedSecret: derive('retained secret', 32),
  }
}
