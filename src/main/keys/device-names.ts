/** Names of devices in the links of a chain: sealed, so that whoever keeps the links reads none. The key is made with link 0 and stays the account's. */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { concatBytes, utf8, utf8Text } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import type { DeviceNames } from '#shared/identity/chain-ports.ts'
import { decodeLinkBody, decodeSignedLink, sealedNameBytes, type LinkBody } from '#shared/model/device-link.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { hpkeOpen, hpkeSeal } from '#main/keys/hpke.ts'

export const namesKeyBytes = 32
const saltBytes = 32
const tagBytes = 16
const nonceBytes = 12
/** Length and name, as long whatever the name: 80 characters are at most 240 bytes. */
const paddedBytes = sealedNameBytes - saltBytes - tagBytes
const nameLabel = utf8('sotto/v1/device-name\0')
const boxLabel = utf8('sotto/v1/device-names-box\0')

/** The key in a box for link 0. @param paper - Raw X25519 public key of the paper secret. */
export function sealNamesKey(key: Uint8Array, paper: Uint8Array, account: string, random: RandomPort): Uint8Array {
  const ephemeralSeed = random.bytes(32)
  try {
    return hpkeSeal(paper, key, { info: boxLabel, aad: utf8(account), ephemeralSeed })
  } finally {
    ephemeralSeed.fill(0)
  }
}

/** The key in the box of link 0, the caller's to wipe; null where it was not sealed to this paper. @param paper - X25519 seed. */
export function openNamesKey(box: Uint8Array, paper: Uint8Array, account: string): Uint8Array | null {
  return hpkeOpen(paper, box, { info: boxLabel, aad: utf8(account) })
}

/** AES-256-GCM under HKDF-SHA-256 (RFC 5869) of key, fresh salt and device; salt, ciphertext, tag. @param name - At most 80 characters. */
export function sealName(key: Uint8Array, device: Uint8Array, name: string, random: RandomPort): Uint8Array {
  const text = utf8(name)
  if (text.length >= paddedBytes) throw new RangeError('a name of more than 80 characters')
  const padded = new Uint8Array(paddedBytes)
  padded[0] = text.length
  padded.set(text, 1)
  const salt = random.bytes(saltBytes)
  const { nameKey, nonce } = derive(key, salt, device)
  const cipher = createCipheriv('aes-256-gcm', nameKey, nonce)
  const sealed = concatBytes(salt, cipher.update(padded), cipher.final(), cipher.getAuthTag())
  nameKey.fill(0)
  return sealed
}

/** Null where it is not what was sealed for this device under this key. */
export function openName(key: Uint8Array, device: Uint8Array, sealed: Uint8Array): string | null {
  const tagAt = sealed.length - tagBytes
  const { nameKey, nonce } = derive(key, sealed.subarray(0, saltBytes), device)
  const decipher = createDecipheriv('aes-256-gcm', nameKey, nonce)
  decipher.setAuthTag(sealed.subarray(tagAt))
  try {
    const padded = concatBytes(decipher.update(sealed.subarray(saltBytes, tagAt)), decipher.final())
    return utf8Text(padded.subarray(1, 1 + (padded[0] ?? 0)))
  } catch {
    return null
  } finally {
    nameKey.fill(0)
  }
}

/** What the names in these links are. */
export function namesIn(links: readonly Uint8Array[], key: Uint8Array): DeviceNames {
  const names = new Map<string, string>()
  for (const link of links) {
    const named = namedIn(link)
    const name = named === null ? null : openName(key, named.device, named.sealed)
    if (named !== null && name !== null) names.set(toBase64Url(named.sealed), name)
  }
  return names
}

function namedIn(link: Uint8Array): { readonly device: Uint8Array; readonly sealed: Uint8Array } | null {
  const body = bodyOf(link)
  if (body === null) return null
  if (body.kind === 'rename') return { device: body.target, sealed: body.name }
  return body.kind === 'genesis' || body.kind === 'add' ? { device: body.device.id, sealed: body.device.name } : null
}

function bodyOf(link: Uint8Array): LinkBody | null {
  try {
    return decodeLinkBody(decodeSignedLink(link).body)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

function derive(key: Uint8Array, salt: Uint8Array, device: Uint8Array): { nameKey: Uint8Array; nonce: Uint8Array } {
  const derived = new Uint8Array(hkdfSync('sha256', key, salt, concatBytes(nameLabel, device), 32 + nonceBytes))
  return { nameKey: derived.subarray(0, 32), nonce: derived.subarray(32) }
}
