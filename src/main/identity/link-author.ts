import { encodeLinkBody, encodeSignedLink, type DeviceOffer, type LinkBody } from '#shared/model/device-link.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { deviceIdOf, linkSignatureInput } from './device-chain.ts'
import { publicKeyOf, signEd25519 } from '#main/keys/key-pairs.ts'

const seedBytes = 32

/** Secret halves of a device: they never leave the encrypted database, and no export has them. */
export interface DeviceSeeds {
  readonly ed25519: Uint8Array
  readonly x25519: Uint8Array
  readonly omemo: Uint8Array
}

/** Who signs a link, with the Ed25519 seed. */
export interface LinkSigner {
  readonly by: Uint8Array | 'paper'
  readonly seed: Uint8Array
}

/** Fresh keys for a device. */
export function newDeviceSeeds(random: RandomPort): DeviceSeeds {
  return { ed25519: random.bytes(seedBytes), x25519: random.bytes(seedBytes), omemo: random.bytes(seedBytes) }
}

/** Public halves, id and name of a device. */
export function deviceKeysOf(seeds: DeviceSeeds, name: string): DeviceOffer {
  const ed25519 = publicKeyOf('ed25519', seeds.ed25519)
  return {
    ...{ id: deviceIdOf(ed25519), ed25519, name },
    x25519: publicKeyOf('x25519', seeds.x25519),
    omemo: publicKeyOf('x25519', seeds.omemo),
  }
}

/** A device as signer of links. */
export function deviceSigner(seeds: DeviceSeeds): LinkSigner {
  return { by: deviceIdOf(publicKeyOf('ed25519', seeds.ed25519)), seed: seeds.ed25519 }
}

/** Encodes a link and signs it by all `signers`. */
export function signLink(body: LinkBody, signers: readonly LinkSigner[]): Uint8Array {
  const bytes = encodeLinkBody(body)
  const input = linkSignatureInput(bytes)
  return encodeSignedLink({
    body: bytes,
    signatures: signers.map(({ by, seed }) => ({ by, signature: signEd25519(seed, input) })),
  })
}
