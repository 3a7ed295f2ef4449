import type { SlotEnding, SlotOpening, SlotState } from '#shared/linking/rendezvous.ts'

/** One end of a slot, as it shows itself to the server. */
export interface SlotKey {
  readonly slot: Uint8Array
  readonly token: Uint8Array
  readonly generation: Uint8Array
}

/**
 * What linking asks of the account's server. Rejects with `RendezvousRefused` where the server says no, with a `SottoError` where it
 * cannot be reached; each request may be asked again.
 */
export interface RendezvousClientPort {
  /** Signed only for a transfer. */
  open(opening: SlotOpening): Promise<SlotState>
  /** Signed: slots of devices that wait for this account with a code. */
  waiting(): Promise<readonly Uint8Array[]>
  /** Signed. @param far - SHA-256 of the token of who joins. */
  join(slot: Uint8Array, far: Uint8Array): Promise<SlotState>
  state(key: Omit<SlotKey, 'generation'>): Promise<SlotState>
  put(key: SlotKey, number: number, piece: Uint8Array): Promise<void>
  /** Null: not there yet. Everything before this number is taken for good. */
  take(key: SlotKey, number: number, heldMs: number): Promise<Uint8Array | null>
  end(key: Omit<SlotKey, 'generation'>, ending: SlotEnding): Promise<void>
}
