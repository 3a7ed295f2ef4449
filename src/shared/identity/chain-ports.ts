/** What other features may ask of an account's device chain and of this device's keys; compose hands it over. */
import type { DeviceOffer, PaperKeys } from '../model/device-link.ts'
import { toBase64Url } from '../bytes/base64url.ts'
import type { Aor, DeviceId } from '../model/ids.ts'
import type { ChainBranch, DeviceAside } from './chain-branches.ts'
import type { ChainState } from './device-chain.ts'
import type { ChainReading } from './read-chain.ts'

/** What a device of the chain, or the paper key, may say next. */
export type ChainChange =
  | { readonly kind: 'add'; readonly device: DeviceOffer }
  | {
      readonly kind: 'revoke'
      readonly target: Uint8Array
      /** The last envelope of the device that still counts. */
      readonly last?: { readonly seq: number; readonly hash: Uint8Array } | undefined
    }
  | { readonly kind: 'rename'; readonly target: Uint8Array; readonly name: string }
  | { readonly kind: 'pick'; readonly branches: Uint8Array[] }
  | { readonly kind: 'epoch'; readonly epoch: number; readonly commitment: Uint8Array }

/** This device with its secrets, in memory until it is wiped. */
export interface OwnDevice {
  readonly id: Uint8Array
  /** Public halves, under the name that the chain has for it. */
  readonly keys: DeviceOffer
  /** X25519 seed; stays this object's to wipe. */
  readonly x25519: Uint8Array
  /** Ed25519 signature (RFC 8032). */
  sign(message: Uint8Array): Uint8Array
  wipe(): void
}

/** A paper secret whose words were typed, in memory until it is wiped. */
export interface PaperInUse {
  /** Public halves, as they stand in link 0. */
  readonly keys: PaperKeys
  /** X25519 seed; stays this object's to wipe. */
  readonly x25519: Uint8Array
  /** Ed25519 signature (RFC 8032). */
  sign(message: Uint8Array): Uint8Array
  wipe(): void
}

/** The verified chain with the links it was read from, forks and unknown ones included. */
export interface KnownChain extends ChainReading {
  readonly links: readonly Uint8Array[]
  /** Of a forked chain, the ways it may go on. */
  readonly branches: readonly ChainBranch[]
  /** Of a chain that is not forked (any more), devices of branches that do not count. */
  readonly aside: readonly DeviceAside[]
  readonly names: DeviceNames
}

/** Names of devices, by what stands for them in the chain, base64url; those that are sealed with another key are left out. */
export type DeviceNames = ReadonlyMap<string, string>

/** The name of a device; empty where the chain has none, or it cannot be read here. */
export function nameOfDevice(
  { state, names }: { readonly state: Pick<ChainState, 'devices'>; readonly names: DeviceNames },
  id: DeviceId,
): string {
  const device = state.devices.get(id)
  return device === undefined ? '' : nameBehind(names, device.sealedName)
}

/** Empty where it cannot be read here. */
export function nameBehind(names: DeviceNames, sealed: Uint8Array): string {
  return names.get(toBase64Url(sealed)) ?? ''
}

export interface DeviceChainPort {
  /** Null without an identity. */
  known(account: Aor): Promise<KnownChain | null>
  /** Keeps links of this account's chain that are new here. */
  learn(account: Aor, links: readonly Uint8Array[]): Promise<KnownChain>
  openDevice(account: Aor): Promise<OwnDevice | null>
}
