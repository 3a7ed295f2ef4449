/** What the matrix asks of a real phone. */
import type { Sound } from './speech.ts'

export type KeyMethod = 'zrtp' | 'sdes' | 'dtls' | 'none'
export type Codec = 'opus' | 'PCMU' | 'PCMA'

export interface PhoneOptions {
  /** Port of the registrar on 127.0.0.1, UDP. */
  readonly port: number
  readonly domain: string
  readonly keys: KeyMethod
  readonly codec: Codec
  readonly video?: boolean
}

export const phoneVoice = 'phone'

export interface RealPhone {
  readonly aor: string
  call(aor: string): void
  /** Takes the call that rings, once it does. */
  answer(): Promise<void>
  hangUp(): void
  /** What it heard, once the call is over: a phone says at the end how its file is to be read. */
  recording(): Promise<Sound>
  /** The letters of ZRTP it shows, or null. */
  sas(): string | null
  /** Everything it said, for failures. */
  log(): string
  /** Where it keeps its files until it stops. */
  readonly folder: string
  stop(): Promise<void>
}
