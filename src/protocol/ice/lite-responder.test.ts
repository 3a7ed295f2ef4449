import { describe, expect, it } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { encodeCheck, type CheckFacts } from './binding.ts'
import { LiteResponder } from './lite-responder.ts'
import {
  attributeTypes,
  findAttribute,
  findError,
  findXorAddress,
  textAttribute,
  uint32Attribute,
} from './stun-attributes.ts'
import { decodeStun, encodeStun, methods, verifyIntegrity, type StunMessage } from './stun-message.ts'

const local = { ufrag: 'gate', pwd: 'gateway-password-000000' }
const key = utf8(local.pwd)
const from = { host: '127.0.0.1', port: 40_000 }
const transactionId = Uint8Array.from({ length: 12 }, (_, at) => at)
const facts: CheckFacts = {
  username: 'gate:page',
  priority: 1,
  useCandidate: false,
  role: 'controlling',
  tiebreaker: new Uint8Array(8),
}
const responder = new LiteResponder(local, 'page')

function answer(request: Uint8Array): { message: StunMessage; nominated: unknown } {
  const found = responder.receive(request, from)
  const message = found === null ? null : decodeStun(found.reply)
  if (found === null || message === null) throw new Error('no answer')
  return { message, nominated: found.nominated }
}

describe('the lite responder', () => {
  it('answers the peer with its address, under our password', () => {
    const { message, nominated } = answer(encodeCheck(facts, transactionId, key))
    expect(message).toMatchObject({ class: 'success', method: methods.binding, fingerprinted: true })
    expect([...message.transactionId]).toEqual([...transactionId])
    expect(findXorAddress(message, attributeTypes.xorMappedAddress)).toEqual(from)
    expect(verifyIntegrity(message, key)).toBe(true)
    expect(nominated).toBeNull()
  })

  it('reports the address that the peer nominates', () => {
    expect(answer(encodeCheck({ ...facts, useCandidate: true }, transactionId, key)).nominated).toEqual(from)
  })

  it('refuses what it does not understand, and a peer that does not control', () => {
    const attributes = [textAttribute(attributeTypes.username, 'gate:page'), uint32Attribute(0x7000, 1)]
    const odd = encodeStun({ class: 'request', method: methods.binding, transactionId, attributes, key })
    const { message, nominated } = answer(odd)
    expect(findError(message)?.code).toBe(420)
    expect([...(findAttribute(message, attributeTypes.unknownAttributes) ?? [])]).toEqual([0x70, 0])
    expect(nominated).toBeNull()
    const controlled = answer(encodeCheck({ ...facts, role: 'controlled', useCandidate: true }, transactionId, key))
    expect(findError(controlled.message)?.code).toBe(487)
    expect(controlled.nominated).toBeNull()
  })

  it('is silent towards everybody else', () => {
    const right = encodeCheck(facts, transactionId, key)
    const strangers = [
      encodeCheck(facts, transactionId, utf8('guess')),
      encodeCheck({ ...facts, username: 'gate:other' }, transactionId, key),
      encodeCheck({ ...facts, username: 'gate' }, transactionId, key),
      encodeStun({ class: 'request', method: methods.binding, transactionId, attributes: [] }),
      encodeStun({
        class: 'request',
        method: methods.binding,
        transactionId,
        attributes: [textAttribute(attributeTypes.username, 'gate:page')],
      }),
      encodeStun({
        class: 'indication',
        method: methods.binding,
        transactionId,
        attributes: [textAttribute(attributeTypes.username, 'gate:page')],
        key,
      }),
      right.subarray(0, right.length - 1),
      new Uint8Array(0),
      Uint8Array.of(0x80, 0, 0, 0),
    ]
    for (const packet of strangers) expect(responder.receive(packet, from)).toBeNull()
  })

  it('never throws, nor answers what was changed on the way', () => {
    const right = encodeCheck(facts, transactionId, key)
    // The last eight bytes are FINGERPRINT, which adds nothing to the integrity.
    for (let bit = 0; bit < (right.length - 8) * 8; bit++) {
      const changed = right.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(responder.receive(changed, from)).toBeNull()
    }
  })
})
