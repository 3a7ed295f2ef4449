/** Signs manifests of exports, and says what a signature of one is worth. */
import { ProtocolError } from '#shared/errors.ts'
import { decodeLinkBody, decodeSignedLink, type DeviceKeys, type LinkBody } from '#shared/model/device-link.ts'
import { exportSignatureInput, type ManifestSignature, type SignatureWorth } from '#shared/model/export-signature.ts'
import type { Aor } from '#shared/model/ids.ts'
import { deviceIdOf, deviceIdText, readChain } from './device-chain.ts'
import type { IdentityRecord } from './identity-record.ts'
import { publicKeyOf, signEd25519, verifyEd25519 } from '#main/keys/key-pairs.ts'

/** By this device, for one account. */
export function signManifest(account: Aor, record: IdentityRecord, manifestSha256: Uint8Array): ManifestSignature {
  const { ed25519 } = record.seeds
  return {
    account,
    device: deviceIdText(deviceIdOf(publicKeyOf('ed25519', ed25519))),
    chain: record.links,
    signature: signEd25519(ed25519, exportSignatureInput(account, manifestSha256)),
  }
}

/** `record` = what this profile knows of the account's identity; null = nothing. */
export function worthOf(
  signature: ManifestSignature,
  manifestSha256: Uint8Array,
  record: IdentityRecord | null,
): SignatureWorth {
  const keys = signature.chain.flatMap(deviceOf).find((device) => isSigner(device, signature))
  const input = exportSignatureInput(signature.account, manifestSha256)
  if (keys === undefined || !verifyEd25519(keys.ed25519, input, signature.signature)) return 'invalid'
  return record !== null && isOwnDevice(signature, record) ? 'own' : 'foreign'
}

/** Whether the device is a valid one of the identity that this profile has, all links considered that either side knows. */
function isOwnDevice({ account, device, chain }: ManifestSignature, record: IdentityRecord): boolean {
  const reading = readChain([...record.links, ...chain], account, record.identity, new Set(record.picked))
  if (reading?.fork !== null) return false
  return reading.state.devices.get(device)?.revokedAt === null
}

function isSigner(device: DeviceKeys, { device: claimed }: ManifestSignature): boolean {
  return deviceIdText(deviceIdOf(device.ed25519)) === claimed
}

function deviceOf(link: Uint8Array): readonly DeviceKeys[] {
  const body = bodyOf(link)
  return body !== null && 'device' in body ? [body.device] : []
}

function bodyOf(link: Uint8Array): LinkBody | null {
  try {
    return decodeLinkBody(decodeSignedLink(link).body)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
