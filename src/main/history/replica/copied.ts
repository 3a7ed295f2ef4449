import type { Tombstone } from '#shared/replication/head.ts'

/** Off the driver's buffers: a clone for another thread would take the whole pool along. */
export function copied({ device, seq, bodyHash }: Tombstone): Tombstone {
  return { device: new Uint8Array(device), seq, bodyHash: new Uint8Array(bodyHash) }
}
