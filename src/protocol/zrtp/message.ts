/** The frame of a message (preamble, length in words, type) and the messages that have no or few fields (RFC 6189 §5.1–5.16). */
import { concatBytes, copyOf } from '#shared/bytes/bytes.ts'
import { ascii, asciiText, FieldReader, uint32 } from './wire.ts'

export const messageTypes = [
  'Hello   ',
  'HelloACK',
  'Commit  ',
  'DHPart1 ',
  'DHPart2 ',
  'Confirm1',
  'Confirm2',
  'Conf2ACK',
  'Error   ',
  'ErrorACK',
  'GoClear ',
  'ClearACK',
  'SASrelay',
  'RelayACK',
  'Ping    ',
  'PingACK ',
] as const
export type MessageType = (typeof messageTypes)[number]

const known: ReadonlySet<string> = new Set(messageTypes)
const preamble = 0x505a
/** Bytes of preamble, length and type. */
export const headBytes = 12
/** Bytes of the MAC at the end of Hello, Commit and DHPart, of the Confirm's MAC and of the secrets' IDs. */
export const shortMacBytes = 8
/** Bytes of every hash image. */
export const imageBytes = 32
export const zidBytes = 12

/** Type of a message whose preamble and length are right; null otherwise. */
export function typeOf(message: Uint8Array): MessageType | null {
  if (message.length < headBytes) return null
  const [first = 0, second = 0, high = 0, low = 0] = message
  if (((first << 8) | second) !== preamble || ((high << 8) | low) * 4 !== message.length) return null
  const type = asciiText(message.subarray(4, headBytes))
  return isMessageType(type) ? type : null
}

function isMessageType(type: string): type is MessageType {
  return known.has(type)
}

/** A message of a type and its fields; `extra` = bytes that the caller will append, counted already. */
export function frame(type: MessageType, fields: readonly Uint8Array[] = [], extra = 0): Uint8Array {
  const body = concatBytes(...fields)
  const words = (headBytes + body.length + extra) / 4
  return concatBytes(Uint8Array.of(preamble >>> 8, preamble & 0xff, words >>> 8, words & 0xff), ascii(type), body)
}

/** Integer error codes (Table 8). */
export const errorCodes = {
  malformed: 0x10,
  software: 0x20,
  version: 0x30,
  helloMismatch: 0x40,
  hash: 0x51,
  cipher: 0x52,
  keyAgreement: 0x53,
  authTag: 0x54,
  sas: 0x55,
  noSharedSecret: 0x56,
  badPublicValue: 0x61,
  badCommitment: 0x62,
  untrustedRelay: 0x63,
  confirmMac: 0x70,
  nonceReuse: 0x80,
  equalZids: 0x90,
  ssrcCollision: 0x91,
  unavailable: 0xa0,
  timeout: 0xb0,
  goClear: 0x100,
} as const

export function encodeError(code: number): Uint8Array {
  return frame('Error   ', [uint32(code)])
}

/** The error code, or null for another length. */
export function decodeError(message: Uint8Array): number | null {
  return message.length === headBytes + 4 ? new FieldReader(message, headBytes).uint32() : null
}

export function encodeGoClear(clearMac: Uint8Array): Uint8Array {
  return frame('GoClear ', [clearMac])
}

/** The clear_mac, or null for another length. */
export function decodeGoClear(message: Uint8Array): Uint8Array | null {
  return message.length === headBytes + shortMacBytes ? message.slice(headBytes) : null
}

export interface Ping {
  readonly version: string
  readonly endpointHash: Uint8Array
}

export function encodePing({ version, endpointHash }: Ping): Uint8Array {
  return frame('Ping    ', [ascii(version), endpointHash])
}

/** The ping, or null for another length. */
export function decodePing(message: Uint8Array): Ping | null {
  if (message.length !== headBytes + 12) return null
  const fields = new FieldReader(message, headBytes)
  return { version: fields.text(4), endpointHash: copyOf(fields.take(8)) }
}

export interface PingAck extends Ping {
  readonly pingEndpointHash: Uint8Array
  /** Source identifier of the packet that brought the ping. */
  readonly pingSsrc: number
}

export function encodePingAck(ack: PingAck): Uint8Array {
  return frame('PingACK ', [ascii(ack.version), ack.endpointHash, ack.pingEndpointHash, uint32(ack.pingSsrc)])
}

/** The answer to a ping, or null for another length. */
export function decodePingAck(message: Uint8Array): PingAck | null {
  if (message.length !== headBytes + 24) return null
  const fields = new FieldReader(message, headBytes)
  const [version, endpointHash, pingEndpointHash] = [fields.text(4), copyOf(fields.take(8)), copyOf(fields.take(8))]
  return { version, endpointHash, pingEndpointHash, pingSsrc: fields.uint32() }
}
