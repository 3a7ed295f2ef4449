/** Keys of epochs: made at random, handed to devices and paper in boxes sealed to their X25519 keys, destroyed when all they sealed is too old. */
import { createHash } from 'node:crypto'
import { concatBytes, equalBytes, utf8 } from '#shared/bytes/bytes.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { hpkeOpen, hpkeOverhead, hpkeSeal } from '#main/keys/hpke.ts'

export const epochKeyBytes = 32
export const epochBoxBytes = epochKeyBytes + hpkeOverhead
const dayMs = 86_400_000
/** A new epoch begins at the latest after this. */
export const epochMs = 7 * dayMs
/** What a server keeps, and a week for what was written last in an epoch to arrive. */
export const keyLifetimeMs = 67 * dayMs
const commitmentLabel = utf8('sotto/v1/replica-epoch\0')
const boxLabel = utf8('sotto/v1/replica-epoch-box\0')

/** Which epoch of whose history a box is about. */
export interface EpochName {
  readonly account: string
  readonly epoch: number
}

/** What stands in the chain: whoever opens a box compares with it, so that nobody can hand out two keys for one epoch. */
export function epochCommitment(key: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(commitmentLabel).update(key).digest())
}

/** Seals an epoch's key to a device or to the paper. @param recipient - Raw X25519 public key. */
export function sealEpochKey(key: Uint8Array, recipient: Uint8Array, name: EpochName, random: RandomPort): Uint8Array {
  const ephemeralSeed = random.bytes(epochKeyBytes)
  try {
    return hpkeSeal(recipient, key, { info: boxLabel, aad: boxed(name), ephemeralSeed })
  } finally {
    ephemeralSeed.fill(0)
  }
}

/** The key in a box, the caller's to wipe; null when it is not for this recipient, or not the key that the chain names. */
export function openEpochKey(
  box: Uint8Array,
  seed: Uint8Array,
  { commitment, ...name }: EpochName & { readonly commitment: Uint8Array },
): Uint8Array | null {
  if (box.length !== epochBoxBytes) return null
  const key = hpkeOpen(seed, box, { info: boxLabel, aad: boxed(name) })
  if (key === null || equalBytes(epochCommitment(key), commitment)) return key
  key.fill(0)
  return null
}

function boxed({ account, epoch }: EpochName): Uint8Array {
  const number = new Uint8Array(4)
  new DataView(number.buffer).setUint32(0, epoch)
  return concatBytes(number, utf8(account))
}
