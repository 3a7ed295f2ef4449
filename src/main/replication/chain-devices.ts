import { deviceIdText } from '#shared/identity/device-chain.ts'
import type { KnownChain } from '#shared/identity/chain-ports.ts'
import type { ReplicaDevices } from './ports.ts'

/** The devices of a chain as the engine asks for them; `chain` = as it is known now. */
export function chainDevices(own: Uint8Array, chain: () => KnownChain, refresh: () => Promise<void>): ReplicaDevices {
  const deviceOf = (id: Uint8Array) => chain().state.devices.get(deviceIdText(id)) ?? null
  return {
    own,
    keyOf: (id) => deviceOf(id)?.keys.ed25519 ?? null,
    countsUntil: (id) => deviceOf(id)?.countsUntil ?? null,
    refresh,
  }
}

/** Whether this device may take part. */
export function isValidIn({ state }: KnownChain, own: Uint8Array): boolean {
  return state.devices.get(deviceIdText(own))?.revokedAt === null
}
