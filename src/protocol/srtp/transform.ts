/** What a protection profile does to the bytes of one packet; the contexts above it know about order and replay. */

/** Where a packet is: who sent it and under which index. */
export interface PacketPlace {
  readonly ssrc: number
  /** 48 bits for RTP, 31 bits for RTCP. */
  readonly index: number
}

/** Encrypts and authenticates packets under the session keys of one direction. None of it throws on any input. */
export interface PacketTransform {
  /** The protected packet; `clear` = bytes at its start that are authenticated only. */
  protectRtp(packet: Uint8Array, clear: number, place: PacketPlace): Uint8Array
  /** The plain packet, or null where the tag is wrong or the packet too short. */
  unprotectRtp(packet: Uint8Array, clear: number, place: PacketPlace): Uint8Array | null
  protectRtcp(packet: Uint8Array, place: PacketPlace): Uint8Array
  unprotectRtcp(packet: Uint8Array, place: PacketPlace & { readonly encrypted: boolean }): Uint8Array | null
  /** Overwrites what of the session keys lies in memory of ours; it is not used again. */
  close(): void
}

/** XORs a range of `bytes` in place with the keystream of a packet. */
export interface PacketCipher {
  apply(bytes: Uint8Array, range: { readonly from: number; readonly to: number }, ssrc: number, index: number): void
  /** As {@link PacketTransform.close}. */
  close(): void
}

/** The E bit of SRTCP: the packet is encrypted (RFC 3711 §3.4). */
export const encryptedFlag = 0x80000000
/** Bytes of the E bit and the SRTCP index. */
export const rtcpIndexBytes = 4
