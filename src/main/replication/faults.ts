/** What a server did that no honest one does, or what happened to this device: told to the user in words, never passed over. */
import { toHex } from '#shared/bytes/bytes.ts'

/** From which of a device's envelopes to which, both included. */
export interface Stretch {
  readonly device: Uint8Array
  readonly first: number
  readonly last: number
}

/**
 * `forged`: a batch that its device did not write. `forked`: a device's history in two versions. `withheld`: what a sibling says is there, and
 * younger than it is kept, did not come. `body-withheld`: one envelope without its content, though nobody has erased it. `rolled-back`: the server has
 * lost what it had confirmed. `ahead`: the server has more of this device than the device itself: its disk was restored or copied. `chain-withheld`: what
 * this device, another of the person, has as the last link of the device chain, did not come, or its epoch; `seq` = how many links that chain has, or which epoch.
 */
export type ReplicaFault =
  | {
      readonly kind: 'forged' | 'forked' | 'body-withheld' | 'chain-withheld'
      readonly device: Uint8Array
      readonly seq: number
    }
  | ({ readonly kind: 'withheld' | 'rolled-back' } & Stretch)
  | { readonly kind: 'ahead'; readonly device: Uint8Array; readonly seq: number }

/** Names a fault: the same one is told once. */
export function faultKey(fault: ReplicaFault): string {
  const at = 'seq' in fault ? `${fault.seq}` : `${fault.first}-${fault.last}`
  return `${fault.kind} ${toHex(fault.device)} ${at}`
}

/** One name for a list of devices that is in two versions behind this link. */
export function forkKey(after: string): string {
  return `chain-forked ${after}`
}
