/**
 * `node:crypto` whose secrets are held: what it gives out and what it is handed, so that a test can look at the very buffers after the
 * code under test is done with them. For `vi.mock('node:crypto', …)`.
 */
import type * as Crypto from 'node:crypto'
import type { Cipheriv, ECDH } from 'node:crypto'
import { vi } from 'vitest'
import { SeededRandom } from './seeded-random.ts'

/** A buffer, with what it was made of or for, and what it said at first, in hexadecimal. */
export interface HeldBuffer {
  readonly what: string
  readonly was: string
  readonly bytes: Uint8Array
}

/** In order of appearance. Emptied by the test. */
export const held: HeldBuffer[] = []

export function isOverwritten({ bytes }: HeldBuffer): boolean {
  return bytes.every((byte) => byte === 0)
}

/** Names of those that still say something. */
export function leftOf(buffers: readonly HeldBuffer[]): readonly string[] {
  return buffers.filter((buffer) => !isOverwritten(buffer)).map(({ what }) => what)
}

export function hold(what: string, bytes: unknown): void {
  if (bytes instanceof Uint8Array) held.push({ what, was: Buffer.from(bytes).toString('hex'), bytes })
}

/** Text of the first bytes: labels of key derivation are in clear. */
function label(input: unknown): string {
  return input instanceof Uint8Array
    ? Buffer.from(input)
        .toString('latin1')
        .replaceAll(/[^ -~]+/g, ' ')
        .slice(0, 60)
    : ''
}

interface Digester {
  update(data: Uint8Array): unknown
  digest(...given: unknown[]): unknown
}

/** The digest of what was hashed, under the texts that it was made of. */
function heldDigest<H extends Digester>(kind: string, state: H): H {
  const inputs: string[] = []
  const [update, digest] = [state.update.bind(state), state.digest.bind(state)]
  const watched = {
    update: (data: Uint8Array) => {
      inputs.push(label(data))
      update(data)
      return state
    },
    digest: (...given: unknown[]) => {
      const out = digest(...given)
      hold(`${kind}: ${inputs.join('|')}`, out)
      return out
    },
  }
  return Object.assign(state, watched)
}

function heldCipher(algorithm: string, cipher: Cipheriv): Cipheriv {
  const update = cipher.update.bind(cipher) as (data: Uint8Array) => Buffer
  const watched = {
    update: (data: Uint8Array) => {
      const out = update(data)
      hold(`${algorithm} in`, data)
      hold(`${algorithm} out`, out)
      return out
    },
  }
  return Object.assign(cipher, watched)
}

function heldCurve(ecdh: ECDH): ECDH {
  const [compute, setPrivate] = [ecdh.computeSecret.bind(ecdh), ecdh.setPrivateKey.bind(ecdh)]
  const watched = {
    computeSecret: (other: Uint8Array) => {
      const out = compute(other)
      hold('agreed', out)
      return out
    },
    setPrivateKey: (secret: Uint8Array) => {
      hold('private key', secret)
      setPrivate(secret)
    },
  }
  return Object.assign(ecdh, watched)
}

export function watched(crypto: typeof Crypto): typeof Crypto {
  const { createCipheriv, createHmac, createHash, createECDH, createPrivateKey, diffieHellman, hash } = crypto
  const replaced = {
    createCipheriv: (algorithm: string, key: Uint8Array, iv: Uint8Array | null) => {
      hold(`${algorithm} key`, key)
      hold(`${algorithm} iv`, iv)
      return heldCipher(algorithm, createCipheriv(algorithm, key, iv))
    },
    createHmac: (algorithm: string, key: Uint8Array) => {
      hold('hmac key', key)
      return heldDigest('hmac', createHmac(algorithm, key))
    },
    createHash: (algorithm: string) => heldDigest('hash', createHash(algorithm)),
    createECDH: (curve: string) => heldCurve(createECDH(curve)),
    createPrivateKey: (given: Parameters<typeof createPrivateKey>[0]) => {
      if (typeof given === 'object' && 'key' in given) hold('private key', given.key)
      return createPrivateKey(given)
    },
    diffieHellman: (keys: Parameters<typeof diffieHellman>[0]) => {
      const out = diffieHellman(keys)
      hold('agreed', out)
      return out
    },
    hash: (algorithm: string, data: Uint8Array, encoding: 'binary') => {
      hold('one-shot hash', data)
      return hash(algorithm, data, encoding)
    },
  }
  return Object.assign({}, crypto, replaced)
}

type Slice = (this: Uint8Array, start?: number, end?: number) => Uint8Array<ArrayBuffer>
type Bytes = (this: SeededRandom, length: number) => Uint8Array<ArrayBuffer>

/** Holds copies of buffers, too, and what the seeded randomness gives; undone by `vi.restoreAllMocks`. */
export function watchBuffers(): void {
  held.length = 0
  const slice = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'slice')?.value as Slice
  vi.spyOn(Uint8Array.prototype, 'slice').mockImplementation(function (this: Uint8Array, ...range) {
    const out = slice.apply(this, range)
    hold('slice', out)
    return out
  })
  const from = Uint8Array.from.bind(Uint8Array) as (...given: readonly unknown[]) => Uint8Array<ArrayBuffer>
  vi.spyOn(Uint8Array, 'from').mockImplementation(((...given: readonly unknown[]) => {
    const out = from(...given)
    hold('copy', out)
    return out
  }) as typeof Uint8Array.from)
  const bytes = Object.getOwnPropertyDescriptor(SeededRandom.prototype, 'bytes')?.value as Bytes
  vi.spyOn(SeededRandom.prototype, 'bytes').mockImplementation(function (this: SeededRandom, length: number) {
    const out = bytes.call(this, length)
    hold('random', out)
    return out
  })
}

/** What ZRTP makes keys from: the result of the exchange, s0, and what the KDF makes of it, by label (RFC 6189 §4.5). */
const roots =
  /^agreed|^hash: .*ZRTP-HMAC-KDF|^hmac: .*(?:ZRTP key|HMAC key|master key|master salt|Session Key|SAS|Exported|retained|MSK)/
/** Shorter than any key, and longer than what is alike by chance: hexadecimal digits. */
const leastDigits = 28

/**
 * Those of `buffers` that held a secret of ZRTP, or the beginning of one, or the private half of a key pair, or a part of `others`
 * (hexadecimal).
 */
export function secretsAmong(buffers: readonly HeldBuffer[], others: readonly string[] = []): readonly HeldBuffer[] {
  const secrets = buffers.filter(({ what }) => roots.test(what)).map(({ was }) => was)
  const privates = buffers.filter(({ what }) => what === 'private key').map(({ was }) => was)
  const isPrivate = ({ what, was }: HeldBuffer): boolean =>
    privates.some((secret) => (what === 'random' ? secret.includes(was) : secret === was))
  return buffers.filter(
    (buffer) =>
      // Of text alone: the seeded randomness itself.
      buffer.what !== 'hash: ' &&
      buffer.was.length >= leastDigits &&
      (secrets.some((secret) => secret.startsWith(buffer.was)) ||
        others.some((secret) => secret.includes(buffer.was)) ||
        isPrivate(buffer)),
  )
}

/** Session keys of SRTP as they were derived, what ciphers and hashes were handed of them, and counters that show a salt. */
export function srtpKeysAmong(buffers: readonly HeldBuffer[]): readonly HeldBuffer[] {
  const derived = buffers.filter(({ what }) => /ctr out|ecb key|ecb in|gcm iv/.test(what))
  const pads = buffers.filter(({ what }) => what === 'one-shot hash')
  return [
    ...derived,
    ...pads.map(({ what, was, bytes }) => ({ what: `pad of ${what}`, was, bytes: bytes.subarray(0, 64) })),
  ]
}
