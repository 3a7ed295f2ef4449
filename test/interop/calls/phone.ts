/** What the matrix asks of a real phone. */
import { waitUntil } from '../peers.ts'
import type { Sound } from './speech.ts'

export type KeyMethod = 'zrtp' | 'sdes' | 'dtls' | 'none'
export type Codec = 'opus' | 'PCMU' | 'PCMA'
export type PhoneTransport = 'udp' | 'tcp' | 'tls'

export interface PhoneOptions {
  /** Port of the registrar on 127.0.0.1, for the transport. */
  readonly port: number
  readonly domain: string
  /** carol with linphonec, bob with baresip, by default. */
  readonly user?: string
  /** That of Kamailio's user by default. */
  readonly password?: string
  readonly keys: KeyMethod
  readonly codec: Codec
  /** VP8. */
  readonly video?: boolean
  /** `udp` by default; `tls` needs the authority that signed for `localhost`. */
  readonly transport?: PhoneTransport
  readonly authorityPem?: string
  readonly ice?: boolean
  /** Sound before the answer (183 with a description). */
  readonly early?: boolean
  /** Seconds between refreshes (RFC 4028); none by default. */
  readonly sessionInterval?: number
}

export const phoneVoice = 'phone'

export interface RealPhone {
  readonly aor: string
  call(aor: string): void
  /** Waits until it rings. */
  rings(): Promise<void>
  /** Takes the call that rings, once it does. */
  answer(): Promise<void>
  /** Refuses the call that rings, once it does. */
  decline(): Promise<void>
  hangUp(): void
  hold(): void
  resume(): void
  /** Whether it says that the other side holds it. */
  isHeld(): boolean
  press(digit: string): void
  /** Keys of the other side that it heard, in order. */
  pressed(): string
  transfer(to: string): void
  /** What it heard, once the call is over: a phone says at the end how its file is to be read. */
  recording(): Promise<Sound>
  /** What it heard of the call that runs; what it wrote last may be missing. */
  heardSoFar(): Sound
  /** Sound of ours that it says it gets, bits per second; null where it does not say. */
  receives(): number | null
  /** The letters of ZRTP it shows in its newest call, or null. */
  sas(): string | null
  /** Its user says that the letters of call number `call`, counted from 1, are equal. */
  confirm(call: number): void
  /** A picture file of what it sees of the other side. */
  snapshot(): Promise<Uint8Array>
  /** Everything it said, for failures. */
  log(): string
  /** Where it keeps its files until it stops. */
  readonly folder: string
  stop(): Promise<void>
}

/** Waits for one more call to ring, by the count of those that rang so far. */
export function newRing(count: () => number): () => Promise<void> {
  let taken = 0
  return async () => {
    await waitUntil(() => count() > taken, 'the phone rings')
    taken += 1
  }
}
