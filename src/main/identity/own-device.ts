import { nameBehind, type ChainChange, type DeviceNames, type OwnDevice } from '#shared/identity/chain-ports.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { wipe } from '#shared/bytes/bytes.ts'
import { secretOf } from '#shared/bytes/secret.ts'
import { signEd25519 } from '#main/keys/key-pairs.ts'
import { deviceIdText, linkSignatureInput, type ChainState } from './device-chain.ts'
import { deviceKeysOf, type DeviceSeeds } from './link-author.ts'
import {
  encodeSignedLink,
  type DeviceOffer,
  type LinkBody,
  type LinkDevice,
  type LinkSignature,
} from '#shared/model/device-link.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { sealName } from '#main/keys/device-names.ts'

/** A copy of a device's secrets, in use. `name` = what the chain calls it. */
export function ownDevice(seeds: DeviceSeeds, name: string): OwnDevice {
  const [ed25519, x25519] = [secretOf(seeds.ed25519), secretOf(seeds.x25519)]
  const keys = deviceKeysOf(seeds, name)
  return {
    ...{ id: keys.id, keys, x25519 },
    sign: (message) => signEd25519(ed25519, message),
    wipe: () => wipe(ed25519, x25519),
  }
}

/** The name that the chain has for a device; what it called itself where the chain has none. */
export function nameInChain({ state, names }: Named, id: Uint8Array, otherwise: string): string {
  const device = state.devices.get(deviceIdText(id))
  return device === undefined ? otherwise : nameBehind(names, device.sealedName)
}

interface Named {
  readonly state: ChainState
  readonly names: DeviceNames
}

/** When a link is made, ms since 1970, and what seals the names in it. */
export interface LinkMaking {
  readonly at: number
  readonly namesKey: Uint8Array
  readonly random: RandomPort
}

/** A change as the body of the link that extends `state`. */
export function bodyOfChange(state: ChainState, change: ChainChange, making: LinkMaking): LinkBody {
  const head = behind(state, making.at)
  switch (change.kind) {
    case 'add':
      return { ...head, kind: 'add', device: linkDeviceOf(change.device, making) }
    case 'rename':
      return { ...head, ...change, name: sealName(making.namesKey, change.target, change.name, making.random) }
    case 'pick':
      return pickBody(state, change.branches, making.at)
    case 'epoch':
    case 'revoke':
      return { ...head, ...change }
  }
}

/** The body of the link at the end of a branch that says which branches count. @param at - Milliseconds since 1970. */
export function pickBody(state: ChainState, branches: Uint8Array[], at: number): LinkBody {
  return { ...behind(state, at), kind: 'pick', branches }
}

function behind(
  { head }: ChainState,
  at: number,
): { readonly version: 1; readonly previous: Uint8Array; readonly at: number } {
  const previous = fromBase64Url(head)
  if (previous === null) throw new Error('broken invariant: heads are base64url')
  return { version: 1, previous, at }
}

/** A device as it stands in a link. */
export function linkDeviceOf(
  { name, ...keys }: DeviceOffer,
  { namesKey, random }: Pick<LinkMaking, 'namesKey' | 'random'>,
): LinkDevice {
  return { ...keys, name: sealName(namesKey, keys.id, name, random) }
}

/** Encodes a body and signs it by a device; `others` = signatures of those who must sign too. */
export function signBody(
  body: Uint8Array,
  signer: Pick<OwnDevice, 'id' | 'sign'>,
  others: readonly LinkSignature[] = [],
): Uint8Array {
  return encodeSignedLink({
    body,
    signatures: [{ by: signer.id, signature: signer.sign(linkSignatureInput(body)) }, ...others],
  })
}
