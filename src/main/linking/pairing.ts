/**
 * How two devices get a key that the server between them does not have: from the secret of a QR code, or from digits (SPAKE2). Pure but for
 * the randomness handed in; `docs/linking.md` has the bytes.
 */
import { createHash, diffieHellman, hkdfSync } from 'node:crypto'
import { z } from 'zod'
import { confirmationBytes, pointBytes, spake2Secret, startSpake2, type Spake2, type Spake2Keys } from './spake2.ts'
import { concatBytes, equalBytes, utf8, wipe } from '#shared/bytes/bytes.ts'
import { decodeCanonical, encodeCanonical } from '#shared/bytes/canonical-cbor.ts'
import { bytesOf } from '#shared/bytes/schemas.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { accountTagBytes, qrSecretBytes, type LinkQr } from '#shared/linking/qr-payload.ts'
import type { DeviceOffer } from '#shared/model/device-link.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { importPublicKey, privateKeyOf, publicKeyOf } from '#main/keys/key-pairs.ts'

export const linkVersion = 1
const seedBytes = 32
const keyBytes = 32

/** Keys of one linking, one each way; their owner wipes them. */
export interface SessionKeys {
  readonly toOld: Uint8Array
  readonly toNew: Uint8Array
}

/** What both ends must mean alike. */
export interface Meeting {
  readonly account: string
  readonly slot: Uint8Array
}

const version = z.number().int().min(1)
const ephemeral = bytesOf(32)
const point = bytesOf(pointBytes)
const confirmation = bytesOf(confirmationBytes)
const qrGreeting = z.object({ version, ephemeral })
const codeOffer = z.object({ version, point })
const codeAnswer = z.object({ version, point, confirmation })
const codeProof = z.object({ version, confirmation })

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}

/** Tells an account apart from others. */
export function accountTag(account: string): Uint8Array {
  return sha256(utf8('sotto/v1/link-account\0'), utf8(account)).slice(0, accountTagBytes)
}

/** What a QR code says of the device that shows it. */
export function keysHash(keys: DeviceOffer, ephemeralKey: Uint8Array): Uint8Array {
  return sha256(utf8('sotto/v1/link-keys\0'), encodeCanonical({ keys, ephemeral: ephemeralKey }))
}

/** The new device's half where it shows a QR code. */
export class QrNewHalf {
  readonly qr: LinkQr
  /** First piece. */
  readonly greeting: Uint8Array
  readonly #meeting: Meeting
  readonly #seed: Uint8Array
  readonly #own: Uint8Array

  constructor(meeting: Meeting, keys: DeviceOffer, random: RandomPort) {
    this.#meeting = meeting
    this.#seed = random.bytes(seedBytes)
    this.#own = publicKeyOf('x25519', this.#seed)
    this.greeting = encodeCanonical({ version: linkVersion, ephemeral: this.#own })
    this.qr = {
      ...{ slot: meeting.slot, secret: random.bytes(qrSecretBytes) },
      ...{ keysHash: keysHash(keys, this.#own), accountTag: accountTag(meeting.account) },
    }
  }

  /** @throws SottoError `link-too-new`, `link-tampered`. */
  finish(answer: Uint8Array): SessionKeys {
    const theirs = read(qrGreeting, answer).ephemeral
    const ephemerals = { ephemeralNew: this.#own, ephemeralOld: theirs }
    return qrKeys(this.#meeting, this.qr, { ...ephemerals, shared: agree(this.#seed, theirs) })
  }

  wipe(): void {
    wipe(this.#seed, this.qr.secret)
  }
}

/** The old device's half: it has read `qr` and got `greeting`. @throws SottoError `link-too-new`, `link-tampered`. */
export function answerQr(
  meeting: Meeting,
  qr: LinkQr,
  greeting: Uint8Array,
  random: RandomPort,
): { readonly answer: Uint8Array; readonly keys: SessionKeys; readonly checkHello: (keys: DeviceOffer) => void } {
  const theirs = read(qrGreeting, greeting).ephemeral
  const seed = random.bytes(seedBytes)
  const own = publicKeyOf('x25519', seed)
  const shared = agree(seed, theirs)
  wipe(seed)
  return {
    answer: encodeCanonical({ version: linkVersion, ephemeral: own }),
    keys: qrKeys(meeting, qr, { ephemeralNew: theirs, ephemeralOld: own, shared }),
    checkHello(keys) {
      if (!equalBytes(keysHash(keys, theirs), qr.keysHash)) throw new SottoError('link-tampered')
    },
  }
}

interface QrAgreement {
  readonly ephemeralNew: Uint8Array
  readonly ephemeralOld: Uint8Array
  /** Wiped here. */
  readonly shared: Uint8Array
}

function qrKeys({ account, slot }: Meeting, qr: LinkQr, { shared, ...ephemerals }: QrAgreement): SessionKeys {
  const transcript = { version: linkVersion, way: 'qr', account, slot, ...ephemerals, keysHash: qr.keysHash }
  const secret = concatBytes(qr.secret, shared)
  wipe(shared)
  return sessionKeys(secret, transcript)
}

/** The new device's half where it shows digits. */
export class CodeNewHalf {
  readonly greeting: Uint8Array
  readonly #meeting: Meeting
  readonly #run: Spake2

  constructor(meeting: Meeting, digits: string, random: RandomPort) {
    this.#meeting = meeting
    this.#run = startSpake2('A', namesOf(meeting), secretOf(meeting, digits), random)
    this.greeting = encodeCanonical({ version: linkVersion, point: this.#run.message })
  }

  /** @throws SottoError `link-wrong-code`, `link-too-new`, `link-tampered`. */
  finish(answer: Uint8Array): { readonly proof: Uint8Array; readonly keys: SessionKeys } {
    const theirs = read(codeAnswer, answer)
    const agreed = agreeOnCode(this.#run, theirs.point)
    check(agreed, theirs.confirmation)
    const proof = encodeCanonical({ version: linkVersion, confirmation: agreed.ownConfirmation })
    return { proof, keys: codeKeys(this.#meeting, agreed.key, { new: this.#run.message, old: theirs.point }) }
  }
}

/** The old device's half: digits were typed, and `greeting` came. @throws SottoError `link-too-new`, `link-tampered`. */
export function answerCode(
  meeting: Meeting,
  digits: string,
  greeting: Uint8Array,
  random: RandomPort,
): { readonly answer: Uint8Array; readonly finish: (proof: Uint8Array) => SessionKeys } {
  const theirs = read(codeOffer, greeting).point
  const run = startSpake2('B', namesOf(meeting), secretOf(meeting, digits), random)
  const agreed = agreeOnCode(run, theirs)
  const said = { version: linkVersion, point: run.message, confirmation: agreed.ownConfirmation }
  return {
    answer: encodeCanonical(said),
    finish(proof) {
      check(agreed, read(codeProof, proof).confirmation)
      return codeKeys(meeting, agreed.key, { new: theirs, old: run.message })
    },
  }
}

function agreeOnCode(run: Spake2, theirs: Uint8Array): Spake2Keys {
  try {
    return run.finish(theirs)
  } catch (cause) {
    throw cause instanceof ProtocolError ? new SottoError('link-tampered', {}, cause) : cause
  }
}

function check(agreed: Spake2Keys, theirs: Uint8Array): void {
  try {
    agreed.checkConfirmation(theirs)
  } catch (cause) {
    wipe(agreed.key)
    throw cause instanceof ProtocolError ? new SottoError('link-wrong-code', {}, cause) : cause
  }
}

function namesOf({ account, slot }: Meeting): { a: Uint8Array; b: Uint8Array; aad: Uint8Array } {
  const aad = encodeCanonical({ version: linkVersion, account, slot })
  return { a: utf8('sotto new device'), b: utf8('sotto old device'), aad }
}

function secretOf({ account, slot }: Meeting, digits: string): bigint {
  return spake2Secret(utf8(digits), encodeCanonical({ version: linkVersion, account, slot }))
}

function codeKeys(
  { account, slot }: Meeting,
  key: Uint8Array,
  points: { readonly new: Uint8Array; readonly old: Uint8Array },
): SessionKeys {
  return sessionKeys(key, { version: linkVersion, way: 'code', account, slot, points })
}

/** Wipes `secret`. */
function sessionKeys(secret: Uint8Array, transcript: unknown): SessionKeys {
  const salt = sha256(encodeCanonical(transcript))
  const both = new Uint8Array(hkdfSync('sha256', secret, salt, utf8('sotto/v1/link-session\0'), 2 * keyBytes))
  wipe(secret)
  return { toOld: both.subarray(0, keyBytes), toNew: both.subarray(keyBytes) }
}

/** @throws SottoError `link-tampered` for a key of small order, with which every shared secret is zero (RFC 7748 §6.1). */
function agree(seed: Uint8Array, theirs: Uint8Array): Uint8Array {
  try {
    return diffieHellman({ privateKey: privateKeyOf('x25519', seed), publicKey: importPublicKey('x25519', theirs) })
  } catch (cause) {
    throw new SottoError('link-tampered', {}, cause)
  }
}

function read<T extends { readonly version: number }>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  const value = decoded(bytes)
  const versioned = z.object({ version }).safeParse(value)
  if (versioned.success && versioned.data.version > linkVersion) throw new SottoError('link-too-new')
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new SottoError('link-tampered')
  return parsed.data
}

function decoded(bytes: Uint8Array): unknown {
  try {
    return decodeCanonical(bytes)
  } catch (cause) {
    if (cause instanceof ProtocolError) throw new SottoError('link-tampered', {}, cause)
    throw cause
  }
}
