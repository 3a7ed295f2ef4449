import { concatBytes, utf8, utf8Text } from '#shared/bytes/bytes.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import { ipBytes, ipText } from './ip-address.ts'
import type { StunAttribute, StunMessage } from './stun-message.ts'

/** RFC 8489 §18.3, RFC 8445 §20.1, RFC 8656 §18. Below 0x8000: a receiver that does not know it must refuse a request. */
export const attributeTypes = {
  mappedAddress: 0x0001,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  channelNumber: 0x000c,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedAddressFamily: 0x0017,
  requestedTransport: 0x0019,
  dontFragment: 0x001a,
  messageIntegritySha256: 0x001c,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const

/** A refusal (RFC 8489 §14.8). */
export interface StunError {
  readonly code: number
  readonly reason: string
}

const cookieBytes = Uint8Array.of(0x21, 0x12, 0xa4, 0x42)
const maxReasonChars = 128

/** The first attribute of that type (later ones are ignored, RFC 8489 §14); null when there is none. */
export function findAttribute(message: StunMessage, type: number): Uint8Array | null {
  for (const attribute of message.attributes) if (attribute.type === type) return attribute.value
  return null
}

/** Attributes that must be understood and are not in `known` (RFC 8489 §6.3.1). */
export function unknownRequired(message: StunMessage, known: ReadonlySet<number>): number[] {
  return message.attributes.map(({ type }) => type).filter((type) => type < 0x8000 && !known.has(type))
}

/** Text value, UTF-8. */
export function textAttribute(type: number, text: string): StunAttribute {
  return { type, value: utf8(text) }
}

/** Text of an attribute; null when it is absent or not UTF-8. */
export function findText(message: StunMessage, type: number): string | null {
  const value = findAttribute(message, type)
  return value === null ? null : utf8Text(value)
}

/** 32-bit value. */
export function uint32Attribute(type: number, value: number): StunAttribute {
  return { type, value: Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff) }
}

/** 32-bit value of an attribute; null when it is absent or of another size. */
export function findUint32(message: StunMessage, type: number): number | null {
  const value = findAttribute(message, type)
  if (value?.length !== 4) return null
  const [a = 0, b = 0, c = 0, d = 0] = value
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}

/** CHANNEL-NUMBER (RFC 8656 §18.1). */
export function channelAttribute(channel: number): StunAttribute {
  return uint32Attribute(attributeTypes.channelNumber, channel * 0x10000)
}

/** MAPPED-ADDRESS (RFC 8489 §14.1). @throws RangeError when the host is not numeric. */
export function mappedAddressAttribute(address: DatagramAddress): StunAttribute {
  return addressAttribute(attributeTypes.mappedAddress, address, new Uint8Array(16))
}

/** XOR-MAPPED-ADDRESS and its like (RFC 8489 §14.2). @throws RangeError when the host is not numeric. */
export function xorAddressAttribute(type: number, address: DatagramAddress, transactionId: Uint8Array): StunAttribute {
  return addressAttribute(type, address, concatBytes(cookieBytes, transactionId))
}

function addressAttribute(type: number, { host, port }: DatagramAddress, mask: Uint8Array): StunAttribute {
  const bytes = ipBytes(host)
  if (bytes === null) throw new RangeError('not a numeric address')
  const value = new Uint8Array(4 + bytes.length)
  value[1] = bytes.length === 4 ? 1 : 2
  value[2] = (port >> 8) ^ (mask[0] ?? 0)
  value[3] = (port & 0xff) ^ (mask[1] ?? 0)
  bytes.forEach((byte, at) => (value[4 + at] = byte ^ (mask[at] ?? 0)))
  return { type, value }
}

/** The address in MAPPED-ADDRESS; null when it is absent or malformed. */
export function findAddress(message: StunMessage, type: number): DatagramAddress | null {
  return readAddress(findAttribute(message, type), new Uint8Array(16))
}

/** The address in XOR-MAPPED-ADDRESS and its like; null when it is absent or malformed. */
export function findXorAddress(message: StunMessage, type: number): DatagramAddress | null {
  return readAddress(findAttribute(message, type), message.packet.subarray(4, 20))
}

function readAddress(value: Uint8Array | null, mask: Uint8Array): DatagramAddress | null {
  if (value === null) return null
  const fits = (value[1] === 1 && value.length === 8) || (value[1] === 2 && value.length === 20)
  if (!fits) return null
  const plain = value.subarray(4).map((byte, at) => byte ^ (mask[at] ?? 0))
  const port = (((value[2] ?? 0) ^ (mask[0] ?? 0)) << 8) | ((value[3] ?? 0) ^ (mask[1] ?? 0))
  return { host: ipText(plain), port }
}

/** ERROR-CODE (RFC 8489 §14.8). */
export function errorAttribute({ code, reason }: StunError): StunAttribute {
  const head = Uint8Array.of(0, 0, Math.floor(code / 100), code % 100)
  return { type: attributeTypes.errorCode, value: concatBytes(head, utf8(reason)) }
}

/** The refusal in an error response; null when it is absent or out of range. */
export function findError(message: StunMessage): StunError | null {
  const value = findAttribute(message, attributeTypes.errorCode)
  if (value === null || value.length < 4) return null
  const [, , hundreds = 0, rest = 0] = value
  const kind = hundreds & 7
  if (kind < 3 || kind > 6 || rest > 99) return null
  return { code: kind * 100 + rest, reason: (utf8Text(value.subarray(4)) ?? '').slice(0, maxReasonChars) }
}

/** UNKNOWN-ATTRIBUTES (RFC 8489 §14.13). */
export function unknownAttributesAttribute(types: readonly number[]): StunAttribute {
  const value = Uint8Array.from(types.flatMap((type) => [type >> 8, type & 0xff]))
  return { type: attributeTypes.unknownAttributes, value }
}
