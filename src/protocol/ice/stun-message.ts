import { createHmac, createSecretKey } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { concatBytes, equalBytes } from '#shared/bytes/bytes.ts'
import { attributeTypes } from './stun-attributes.ts'

/** RFC 8489 §5. */
export type StunClass = 'request' | 'indication' | 'success' | 'error'

/** Methods of RFC 8489 and RFC 8656. */
export const methods = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  data: 0x007,
  createPermission: 0x008,
  channelBind: 0x009,
} as const

/** An attribute as on the wire, without padding. */
export interface StunAttribute {
  readonly type: number
  readonly value: Uint8Array
}

/** A message taken apart; all bytes are views into `packet`. */
export interface StunMessage {
  readonly class: StunClass
  readonly method: number
  readonly transactionId: Uint8Array
  /** In order, up to MESSAGE-INTEGRITY; that one and FINGERPRINT left out. */
  readonly attributes: readonly StunAttribute[]
  /** Where MESSAGE-INTEGRITY begins; 0 = there is none, so nobody vouches for the attributes. */
  readonly integrityAt: number
  readonly fingerprinted: boolean
  readonly packet: Uint8Array
}

/** What is to be written. */
export interface StunContent {
  readonly class: StunClass
  readonly method: number
  /** 12 bytes, fresh for each request. */
  readonly transactionId: Uint8Array
  readonly attributes: readonly StunAttribute[]
  /** Adds MESSAGE-INTEGRITY under this key. */
  readonly key?: Uint8Array
  /** Adds FINGERPRINT. */
  readonly fingerprint?: boolean
  /** Byte that fills attributes up to a multiple of four; receivers ignore it (RFC 8489 §14). */
  readonly padding?: number
}

const headerBytes = 20
const magicCookie = Uint8Array.of(0x21, 0x12, 0xa4, 0x42)
const fingerprintMask = 0x5354554e
const integrityBytes = 20
const maxAttributes = 32
const classes: readonly StunClass[] = ['request', 'indication', 'success', 'error']

/** Whether a datagram may be STUN rather than DTLS, ZRTP, a TURN channel or RTP (RFC 7983 §7). */
export function isStun(packet: Uint8Array): boolean {
  return (packet[0] ?? 0xff) < 4
}

/**
 * Takes a datagram apart; null when it is no STUN message, or one with a wrong FINGERPRINT. Who sent it is not checked here:
 * see {@link verifyIntegrity}. Attributes after MESSAGE-INTEGRITY are left out, as RFC 8489 §14.5 demands.
 */
export function decodeStun(packet: Uint8Array): StunMessage | null {
  if (packet.length < headerBytes || !isStun(packet)) return null
  const type = uint16(packet, 0)
  if (uint16(packet, 2) !== packet.length - headerBytes || packet.length % 4 !== 0) return null
  if (!magicCookie.every((byte, at) => packet[4 + at] === byte)) return null
  const body = readAttributes(packet)
  if (body === null) return null
  return {
    class: classes[((type & 0x100) >> 7) | ((type & 0x10) >> 4)] ?? 'request',
    method: ((type & 0x3e00) >> 2) | ((type & 0xe0) >> 1) | (type & 0xf),
    transactionId: packet.subarray(8, headerBytes),
    ...body,
    packet,
  }
}

type Body = Pick<StunMessage, 'attributes' | 'integrityAt' | 'fingerprinted'>

function readAttributes(packet: Uint8Array): Body | null {
  const attributes: StunAttribute[] = []
  let integrityAt = 0
  let count = 0
  for (let at = headerBytes; at < packet.length;) {
    const type = uint16(packet, at)
    const length = uint16(packet, at + 2)
    const end = at + 4 + length
    if (end > packet.length || ++count > maxAttributes) return null
    if (type === attributeTypes.fingerprint)
      return isFingerprintRight(packet, at, length) ? { attributes, integrityAt, fingerprinted: true } : null
    if (type === attributeTypes.messageIntegrity && integrityAt === 0) {
      if (length !== integrityBytes) return null
      integrityAt = at
    } else if (integrityAt === 0) attributes.push({ type, value: packet.subarray(at + 4, end) })
    at = (end + 3) & ~3
  }
  return { attributes, integrityAt, fingerprinted: false }
}

/** RFC 8489 §14.7: it is the last attribute, and covers everything before itself. */
function isFingerprintRight(packet: Uint8Array, at: number, length: number): boolean {
  if (length !== 4 || at + 8 !== packet.length) return false
  return uint32(packet, at + 4) === fingerprintOf(packet.subarray(0, at))
}

function fingerprintOf(before: Uint8Array): number {
  return (crc32(before) ^ fingerprintMask) >>> 0
}

/** Whether MESSAGE-INTEGRITY is there and was made with `key` (RFC 8489 §14.5). */
export function verifyIntegrity(message: StunMessage, key: Uint8Array): boolean {
  const { integrityAt, packet } = message
  if (integrityAt === 0) return false
  const found = packet.subarray(integrityAt + 4, integrityAt + 4 + integrityBytes)
  return equalBytes(found, integrityOf(packet, integrityAt, key))
}

/** HMAC over what comes before `end`, with a header length as if the message ended with MESSAGE-INTEGRITY. */
function integrityOf(packet: Uint8Array, end: number, key: Uint8Array): Uint8Array {
  const length = end - headerBytes + 4 + integrityBytes
  const hmac = createHmac('sha1', createSecretKey(key)).update(packet.subarray(0, 2))
  return hmac
    .update(Uint8Array.of(length >> 8, length & 0xff))
    .update(packet.subarray(4, end))
    .digest()
}

/** Writes a message. @throws RangeError when it does not fit the length field, or the transaction id is not 12 bytes. */
export function encodeStun(content: StunContent): Uint8Array<ArrayBuffer> {
  const { attributes, key, transactionId, padding = 0 } = content
  const parts = attributes.map((attribute) => encodeAttribute(attribute, padding))
  const end = parts.reduce((length, part) => length + part.length, headerBytes)
  const tail = (key === undefined ? 0 : 4 + integrityBytes) + (content.fingerprint === true ? 8 : 0)
  if (end + tail > 0xffff || transactionId.length !== 12) throw new RangeError('not a STUN message')
  const packet = concatBytes(encodeHeader(content, end + tail - headerBytes), ...parts, new Uint8Array(tail))
  if (key !== undefined) {
    packet.set(encodeAttribute({ type: attributeTypes.messageIntegrity, value: integrityOf(packet, end, key) }, 0), end)
  }
  if (content.fingerprint === true) writeFingerprint(packet)
  return packet
}

function writeFingerprint(packet: Uint8Array): void {
  const at = packet.length - 8
  const value = fingerprintOf(packet.subarray(0, at))
  packet.set([attributeTypes.fingerprint >> 8, attributeTypes.fingerprint & 0xff, 0, 4], at)
  packet.set([value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff], at + 4)
}

function encodeHeader({ class: kind, method, transactionId }: StunContent, length: number): Uint8Array {
  const bits = classes.indexOf(kind)
  const spread = ((method & 0xf80) << 2) | ((method & 0x70) << 1) | (method & 0xf)
  const type = spread | ((bits & 2) << 7) | ((bits & 1) << 4)
  return concatBytes(Uint8Array.of(type >> 8, type & 0xff, length >> 8, length & 0xff), magicCookie, transactionId)
}

function encodeAttribute({ type, value }: StunAttribute, padding: number): Uint8Array {
  const bytes = new Uint8Array((4 + value.length + 3) & ~3).fill(padding)
  bytes.set([type >> 8, type & 0xff, value.length >> 8, value.length & 0xff])
  bytes.set(value, 4)
  return bytes
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((uint16(bytes, at) << 16) | uint16(bytes, at + 2)) >>> 0
}
