import type { KnownChain } from '#shared/identity/chain-ports.ts'
import { deviceIdText } from '#shared/identity/device-chain.ts'
import { placeOfLink } from '#shared/identity/read-chain.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'
import type { HeadsDevices } from './heads-ports.ts'

/** The devices of a chain as heads that came directly are judged by; `chain` = as it is known now. */
export function headsDevices(own: Uint8Array, chain: () => KnownChain): HeadsDevices {
  const deviceOf = (id: Uint8Array) => chain().state.devices.get(deviceIdText(id)) ?? null
  return {
    own,
    keyOf: (id) => {
      const device = deviceOf(id)
      return device?.revokedAt === null ? device.keys.ed25519 : null
    },
    isListed: (id) => deviceOf(id) !== null,
    countsUntil: (id) => deviceOf(id)?.countsUntil ?? null,
    epoch: () => chain().state.epoch,
    hasLink: (hash) => {
      const { state, links } = chain()
      return state.head === hash || links.some((link) => placeOfLink(link, nodeVerifier)?.hash === hash)
    },
  }
}
