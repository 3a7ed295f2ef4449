/** SDES keys of the other side: those of a description that no section took are not kept. */
import { wipe } from '#shared/bytes/bytes.ts'
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import type { Keying } from '../description/keying.ts'

/** Overwrites the keys of descriptions that were read, but for those that `keyings` have. */
export function wipeUntaken(described: readonly (RtpMedia | null)[], keyings: readonly (Keying | null)[]): void {
  const taken = new Set(keyings.map((keying) => (keying?.kind === 'sdes' ? keying.description : null)))
  for (const media of described)
    for (const description of media?.crypto ?? []) if (!taken.has(description)) wipe(description.key, description.salt)
}

/** Overwrites the key of a section that is keyed otherwise now, or over. */
export function wipeKeying(keying: Keying | null): void {
  if (keying?.kind === 'sdes') wipe(keying.description.key, keying.description.salt)
}
