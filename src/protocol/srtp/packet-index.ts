/** The 48-bit index of a packet from its 16-bit sequence number (RFC 3711 §3.3.1 and appendix A); pure. */

const cycle = 0x10000
const half = 0x8000
/** Indexes are below this: after 2^48 packets a master key is used up (RFC 3711 §9.2). */
export const endOfIndexes = 2 ** 48

/**
 * The index nearest to the highest one seen: `roc · 2^16 + sequence number`. Negative for a packet from before the first
 * roll-over count, which no sender can have meant.
 */
export function estimateIndex(highest: number, sequenceNumber: number): number {
  const last = highest % cycle
  const base = highest - last
  if (last < half) return sequenceNumber - last > half ? base - cycle + sequenceNumber : base + sequenceNumber
  return last - half > sequenceNumber ? base + cycle + sequenceNumber : base + sequenceNumber
}
