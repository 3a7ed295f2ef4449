/** What an attacker on the path does to packets, and what must never come of it. */
import { expect } from 'vitest'
import { typeOf } from '#protocol/zrtp/message.ts'
import { decodePacket, encodePacket } from '#protocol/zrtp/packet.ts'
import { keyTexts, type SimulatedCall } from './zrtp-call.ts'

export const nothing = new Uint8Array(0)

export function messageOf(packet: Uint8Array): Uint8Array {
  return decodePacket(packet)?.message ?? nothing
}

export function isOf(packet: Uint8Array, type: string): boolean {
  return typeOf(messageOf(packet))?.trim() === type
}

/** A packet with another message and a good checksum. */
export function reframed(packet: Uint8Array, message: Uint8Array): Uint8Array {
  const decoded = decodePacket(packet)
  if (decoded === null) throw new Error('no packet')
  return encodePacket({ ...decoded, message })
}

export function flipped(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] ?? 0) ^ mask
  return copy
}

/** Nobody is secure with other keys than the other end. */
export function expectNoFalseSecurity(call: SimulatedCall): void {
  if (!call.isSecure) return
  for (const [from, to] of [
    [call.alice, call.bob],
    [call.bob, call.alice],
  ] as const) {
    const [sent, received] = keyTexts(from, to)
    expect(sent).toBe(received)
  }
}
