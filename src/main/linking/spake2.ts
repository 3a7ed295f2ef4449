/**
 * SPAKE2 (RFC 9382) over P-256 with SHA-256, HKDF and HMAC: two ends that know the same few digits get one key, and whoever sits between
 * them gets a single guess.
 */
import { p256 } from '@noble/curves/nist.js'
import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { concatBytes, equalBytes, toHex, utf8, wipe } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** Why a message of the other end is refused. */
export type Spake2ErrorCode = 'bad-point' | 'wrong-confirmation'

const { Point } = p256
type CurvePoint = InstanceType<typeof Point>
const order = Point.Fn.ORDER
const scalarBytes = 32
/** Uncompressed, as the protocol sends points. */
export const pointBytes = 65
export const confirmationBytes = 32
const keyHalf = 16

/** RFC 9382 §6, P-256: nobody knows their logarithms. */
const m = Point.fromHex('02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f')
const n = Point.fromHex('03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49')

/** `A` speaks first. */
export type Spake2Role = 'A' | 'B'

export interface Spake2Names {
  readonly a: Uint8Array
  readonly b: Uint8Array
  /** What else both ends must mean alike; part of the key confirmation (§4). */
  readonly aad?: Uint8Array
}

/** What one end has once the other end's point came. */
export interface Spake2Keys {
  /** Ke, 16 bytes; the caller's to wipe. Good only after the other end's confirmation was checked. */
  readonly key: Uint8Array
  /** To be sent. */
  readonly ownConfirmation: Uint8Array
  /** @throws ProtocolError `wrong-confirmation`: the other end knows other digits, or somebody is between. */
  checkConfirmation(confirmation: Uint8Array): void
}

/** One run of the protocol for one end; every run has a fresh scalar and is used once. */
export class Spake2 {
  readonly #role: Spake2Role
  readonly #names: Spake2Names
  readonly #w: bigint
  readonly #scalar: bigint
  /** pA or pB: to be sent. */
  readonly message: Uint8Array

  /** @param w - From {@link spake2Secret}. */
  constructor(role: Spake2Role, names: Spake2Names, { w, scalar }: { readonly w: bigint; readonly scalar: bigint }) {
    this.#role = role
    this.#names = names
    this.#w = w
    this.#scalar = scalar
    this.message = blind(role).multiply(w).add(Point.BASE.multiply(scalar)).toBytes(false)
  }

  /** @throws ProtocolError `bad-point` for what is no point of the curve, or would make the key known. */
  finish(theirs: Uint8Array): Spake2Keys {
    const own = this.message
    const [pA, pB] = this.#role === 'A' ? [own, theirs] : [theirs, own]
    const shared = this.#agree(readPoint(theirs)).toBytes(false)
    const transcript = transcriptOf([this.#names.a, this.#names.b, pA, pB, shared, scalarOf(this.#w)])
    wipe(shared)
    return keysOf(this.#role, transcript, this.#names.aad ?? new Uint8Array())
  }

  #agree(theirs: CurvePoint): CurvePoint {
    const unblinded = theirs.subtract(blind(this.#role === 'A' ? 'B' : 'A').multiply(this.#w))
    // The cofactor of P-256 is 1.
    if (unblinded.is0()) throw new ProtocolError<Spake2ErrorCode>('bad-point')
    return unblinded.multiply(this.#scalar)
  }
}

/** Starts one end's run with a fresh scalar. */
export function startSpake2(role: Spake2Role, names: Spake2Names, w: bigint, random: RandomPort): Spake2 {
  return new Spake2(role, names, { w, scalar: toScalar(random.bytes(2 * scalarBytes)) })
}

/** The secret w of digits, bound to `context`: 64 bytes of HKDF modulo the order, so that no remainder is likelier than another. */
export function spake2Secret(digits: Uint8Array, context: Uint8Array): bigint {
  return toScalar(new Uint8Array(hkdfSync('sha256', digits, context, utf8('sotto/v1/link-code\0'), 2 * scalarBytes)))
}

/** Wipes the bytes; never zero. */
function toScalar(bytes: Uint8Array): bigint {
  const value = BigInt(`0x${toHex(bytes)}`) % (order - 1n)
  wipe(bytes)
  return value + 1n
}

function blind(role: Spake2Role): CurvePoint {
  return role === 'A' ? m : n
}

function readPoint(bytes: Uint8Array): CurvePoint {
  if (bytes.length !== pointBytes) throw new ProtocolError<Spake2ErrorCode>('bad-point')
  try {
    const point = Point.fromBytes(bytes)
    // On the curve, and not its zero.
    point.assertValidity()
    return point
  } catch {
    throw new ProtocolError<Spake2ErrorCode>('bad-point')
  }
}

function scalarOf(value: bigint): Uint8Array {
  return Point.Fn.toBytes(value)
}

/** TT (§3.3): every part behind its length in eight bytes, little-endian. */
function transcriptOf(parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    ...parts.flatMap((part) => {
      const length = new Uint8Array(8)
      new DataView(length.buffer).setBigUint64(0, BigInt(part.length), true)
      return [length, part]
    }),
  )
}

/** §4: Ke and Ka from the transcript, the confirmation keys from Ka. */
function keysOf(role: Spake2Role, transcript: Uint8Array, aad: Uint8Array): Spake2Keys {
  const digest = createHash('sha256').update(transcript).digest()
  const info = concatBytes(utf8('ConfirmationKeys'), aad)
  const confirmationKeys = new Uint8Array(
    hkdfSync('sha256', digest.subarray(keyHalf), new Uint8Array(), info, 2 * keyHalf),
  )
  const macOf = (key: Uint8Array): Uint8Array => Uint8Array.from(createHmac('sha256', key).update(transcript).digest())
  const [ofA, ofB] = [macOf(confirmationKeys.subarray(0, keyHalf)), macOf(confirmationKeys.subarray(keyHalf))]
  const [own, expected] = role === 'A' ? [ofA, ofB] : [ofB, ofA]
  const key = Uint8Array.from(digest.subarray(0, keyHalf))
  wipe(digest, confirmationKeys, transcript)
  return {
    key,
    ownConfirmation: own,
    checkConfirmation(confirmation) {
      if (!equalBytes(expected, confirmation)) throw new ProtocolError<Spake2ErrorCode>('wrong-confirmation')
    },
  }
}
