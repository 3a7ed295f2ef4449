/** What a new device demands of what it is asked to sign and to take (pure). */
import type { LinkParcel } from './parcel.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { deviceIdText } from '#shared/identity/device-chain.ts'
import { readChain, type ChainReading } from '#shared/identity/read-chain.ts'
import { decodeLinkBody, type DeviceKeys, type DeviceOffer } from '#shared/model/device-link.ts'
import type { Aor } from '#shared/model/ids.ts'
import { openName } from '#main/keys/device-names.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'

/** Whether a link's body adds this device, with its keys as they are; its name is sealed with a key that is not here yet. */
export function addsDevice(body: Uint8Array, keys: DeviceOffer): boolean {
  try {
    const link = decodeLinkBody(body)
    return link.kind === 'add' && isSameDevice(link.device, keys)
  } catch (cause) {
    if (cause instanceof ProtocolError) return false
    throw cause
  }
}

/**
 * The chain in a parcel, once it is the account's, begins with the identity it names, is not forked, and has this device in it, under a name that its key opens.
 * @throws SottoError `link-wrong-account`, `link-chain-invalid`.
 */
export function checkParcel(parcel: LinkParcel, account: Aor, keys: DeviceOffer): ChainReading {
  if (parcel.account.aor !== account) throw new SottoError('link-wrong-account')
  const picked = new Set(parcel.picked)
  const identity = toBase64Url(parcel.identity)
  const chain = readChain(parcel.links, { account, identity, picked, crypto: nodeVerifier })
  const own = chain?.state.devices.get(deviceIdText(keys.id))
  const isIn = own?.revokedAt === null && isSameDevice(own.keys, keys)
  const isNamed = own !== undefined && openName(parcel.namesKey, keys.id, own.sealedName) !== null
  if (chain?.fork !== null || !isIn || !isNamed) throw new SottoError('link-chain-invalid')
  return chain
}

function isSameDevice(a: DeviceKeys, b: DeviceKeys): boolean {
  return (['id', 'ed25519', 'x25519', 'omemo'] as const).every((key) => equalBytes(a[key], b[key]))
}
