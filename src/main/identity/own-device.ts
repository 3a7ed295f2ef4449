import type { ChainChange, OwnDevice } from '#shared/identity/chain-ports.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { wipe } from '#shared/bytes/bytes.ts'
import { secretOf } from '#shared/bytes/secret.ts'
import type { LinkBody } from '#shared/model/device-link.ts'
import { signEd25519 } from '#main/keys/key-pairs.ts'
import { deviceIdText, linkSignatureInput, type ChainState } from './device-chain.ts'
import { deviceKeysOf, type DeviceSeeds } from './link-author.ts'
import { encodeLinkBody, encodeSignedLink, type LinkSignature } from '#shared/model/device-link.ts'

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
export function nameInChain(state: ChainState | null, id: Uint8Array, otherwise: string): string {
  return state?.devices.get(deviceIdText(id))?.name ?? otherwise
}

/** A change as the body of the link that extends `state`. @param at - Milliseconds since 1970. */
export function bodyOfChange(state: ChainState, change: ChainChange, at: number): LinkBody {
  const previous = fromBase64Url(state.head)
  if (previous === null) throw new Error('broken invariant: heads are base64url')
  return { version: 1, previous, at, ...change }
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

/** A link by this device that extends `state`. */
export function signChange(
  state: ChainState,
  change: ChainChange,
  { at, signer }: { readonly at: number; readonly signer: Pick<OwnDevice, 'id' | 'sign'> },
): Uint8Array {
  return signBody(encodeLinkBody(bodyOfChange(state, change, at)), signer)
}
