import { DbusError, type Variant, WireReader, WireWriter } from './wire.ts'

/** Message types (D-Bus Specification, "Message Protocol"). */
export const messageTypes = { call: 1, reply: 2, error: 3, signal: 4 } as const

/** Header fields by their code. */
const fieldSignatures = {
  path: [1, 'o'],
  interface: [2, 's'],
  member: [3, 's'],
  errorName: [4, 's'],
  replySerial: [5, 'u'],
  destination: [6, 's'],
  sender: [7, 's'],
  signature: [8, 'g'],
} as const

export interface DbusMessage {
  readonly type: number
  readonly serial: number
  readonly noReply?: boolean
  readonly path?: string
  readonly interface?: string
  readonly member?: string
  readonly errorName?: string
  readonly replySerial?: number
  readonly destination?: string
  readonly sender?: string
  readonly signature?: string
  readonly body: readonly unknown[]
}

const littleEndian = 0x6c
const protocolVersion = 1
const noReplyFlag = 1
/** Fixed part before the header fields' bytes. */
const fixedBytes = 16
/** Longest message we take, in bytes: the bus allows 128 MiB, nobody we talk to needs it. */
const maxMessageBytes = 4 * 1024 * 1024

export function encodeMessage(message: DbusMessage): Buffer {
  const body = new WireWriter()
  if (message.signature !== undefined) body.writeAll(message.signature, message.body)
  const fields = Object.entries(fieldSignatures).flatMap(([name, [code, signature]]) => {
    const value = message[name as keyof typeof fieldSignatures]
    return value === undefined ? [] : [[code, { signature, value } satisfies Variant]]
  })
  const header = new WireWriter()
  const flags = message.noReply === true ? noReplyFlag : 0
  header.writeAll('yyyyuua(yv)', [
    littleEndian,
    message.type,
    flags,
    protocolVersion,
    body.length,
    message.serial,
    fields,
  ])
  header.align(8)
  return Buffer.concat([header.finish(), body.finish()])
}

/** Bytes of the message that starts at 0; null while its fixed part is not there. @throws DbusError */
export function lengthOfMessage(bytes: Buffer): number | null {
  if (bytes.length < fixedBytes) return null
  if (bytes.readUInt8(0) !== littleEndian) throw new DbusError('byte order')
  const fieldBytes = bytes.readUInt32LE(12)
  const bodyBytes = bytes.readUInt32LE(4)
  const length = fixedBytes + Math.ceil(fieldBytes / 8) * 8 + bodyBytes
  if (length > maxMessageBytes) throw new DbusError('message too long')
  return length
}

/** Decodes one whole message. @throws DbusError if it is malformed. */
export function decodeMessage(bytes: Buffer): DbusMessage {
  const reader = new WireReader(bytes)
  const [, type, flags, , , serial, pairs] = reader.readAll('yyyyuua(yv)') as [0, number, number, 0, 0, number, unknown]
  const fields = new Map(pairs as [number, Variant][])
  const found = Object.entries(fieldSignatures).flatMap(([name, [code, signature]]) => {
    const field = fields.get(code)
    if (field === undefined) return []
    if (field.signature !== signature) throw new DbusError(`header field ${name}`)
    return [[name, field.value]]
  })
  const known = Object.fromEntries(found) as Partial<DbusMessage>
  reader.align(8)
  const body = known.signature === undefined ? [] : reader.readAll(known.signature)
  return { type, serial, noReply: (flags & noReplyFlag) !== 0, body, ...known }
}
