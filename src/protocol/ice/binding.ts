/** What checks consist of: Binding requests under short-term credentials, and the answers to them (RFC 8445 §7). */
import { utf8 } from '#shared/bytes/bytes.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import {
  attributeTypes,
  errorAttribute,
  findAttribute,
  findText,
  findUint32,
  textAttribute,
  uint32Attribute,
  unknownAttributesAttribute,
  unknownRequired,
  xorAddressAttribute,
} from './stun-attributes.ts'
import { encodeStun, methods, type StunMessage } from './stun-message.ts'

/** `a=ice-ufrag` and `a=ice-pwd` of one side (RFC 8839 §5.4). */
export interface IceCredentials {
  readonly ufrag: string
  readonly pwd: string
}

export type IceRole = 'controlling' | 'controlled'

/** What a check says beside its address. */
export interface CheckFacts {
  /** Both fragments, the receiver's first. */
  readonly username: string
  readonly priority: number
  readonly useCandidate: boolean
  /** Absent from senders before ICE's final form. */
  readonly role: IceRole | null
  readonly tiebreaker: Uint8Array
}

const required: ReadonlySet<number> = new Set([
  attributeTypes.username,
  attributeTypes.messageIntegrity,
  attributeTypes.priority,
  attributeTypes.useCandidate,
])

/** The key of short-term credentials (RFC 8489 §9.1.1). */
export function keyOfPassword(pwd: string): Uint8Array {
  return utf8(pwd)
}

/** A check ready to be sent. */
export function encodeCheck(facts: CheckFacts, transactionId: Uint8Array, key: Uint8Array): Uint8Array<ArrayBuffer> {
  const roleType = facts.role === 'controlling' ? attributeTypes.iceControlling : attributeTypes.iceControlled
  const attributes = [
    textAttribute(attributeTypes.username, facts.username),
    uint32Attribute(attributeTypes.priority, facts.priority),
    { type: roleType, value: facts.tiebreaker },
    ...(facts.useCandidate ? [{ type: attributeTypes.useCandidate, value: new Uint8Array(0) }] : []),
  ]
  return encodeStun({ class: 'request', method: methods.binding, transactionId, attributes, key, fingerprint: true })
}

/** Username of a Binding request; null for anything else. Nothing in it is authenticated yet. */
export function checkUsername(message: StunMessage): string | null {
  const isCheck = message.class === 'request' && message.method === methods.binding
  return isCheck ? findText(message, attributeTypes.username) : null
}

/** Reads an authenticated check; a list = attributes that had to be understood and are not. */
export function readCheck(message: StunMessage, username: string): CheckFacts | readonly number[] {
  const unknown = unknownRequired(message, required)
  if (unknown.length > 0) return unknown
  const controlling = tiebreakerOf(message, attributeTypes.iceControlling)
  const controlled = tiebreakerOf(message, attributeTypes.iceControlled)
  return {
    username,
    priority: findUint32(message, attributeTypes.priority) ?? 0,
    useCandidate: findAttribute(message, attributeTypes.useCandidate) !== null,
    role: controlling !== null ? 'controlling' : controlled !== null ? 'controlled' : null,
    tiebreaker: controlling ?? controlled ?? new Uint8Array(8),
  }
}

function tiebreakerOf(message: StunMessage, type: number): Uint8Array | null {
  const value = findAttribute(message, type)
  return value?.length === 8 ? value : null
}

/** The answer that says where a request came from. */
export function encodeBindingSuccess(
  request: StunMessage,
  from: DatagramAddress,
  key: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { transactionId } = request
  const attributes = [xorAddressAttribute(attributeTypes.xorMappedAddress, from, transactionId)]
  return encodeStun({ class: 'success', method: methods.binding, transactionId, attributes, key, fingerprint: true })
}

/** An authenticated refusal: 420 with the attributes that were not understood, or 487 (RFC 8445 §7.3.1.1). */
export function encodeBindingError(
  { transactionId }: StunMessage,
  refusal: readonly number[] | 'role-conflict',
  key: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const attributes =
    refusal === 'role-conflict'
      ? [errorAttribute({ code: 487, reason: 'Role Conflict' })]
      : [errorAttribute({ code: 420, reason: 'Unknown Attribute' }), unknownAttributesAttribute(refusal)]
  return encodeStun({ class: 'error', method: methods.binding, transactionId, attributes, key, fingerprint: true })
}
