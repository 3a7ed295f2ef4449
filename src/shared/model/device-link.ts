/**
 * The bytes of a device-chain link. A signed link is a CBOR map of `body` (bytes) and `signatures`; its body is
 * canonical CBOR (RFC 8949 §4.2.1) and is what is hashed and signed, so bytes are kept and never encoded again.
 *
 * Rules for evolving: fields may be added as optional only; kinds and field names are never reused; no floats.
 */
import { z } from 'zod'
import { decodeCanonical, encodeCanonical, type CborErrorCode } from '../bytes/canonical-cbor.ts'
import { bytesOf, bytesUpTo } from '../bytes/schemas.ts'
import { ProtocolError } from '../errors.ts'

/** Why bytes are not a link. */
export type LinkErrorCode = CborErrorCode | 'too-large' | 'bad-shape'

export const maxLinkBytes = 4096
/** A device's name in a link: sealed, since servers keep links (`docs/identity.md`). */
export const sealedNameBytes = 304
/** The key of the names in link 0, in a box that the paper secret opens. */
export const namesBoxBytes = 80
const maxNameLength = 80

const hash = bytesOf(32)
const key = bytesOf(32)
const deviceId = bytesOf(16)
const name = bytesOf(sealedNameBytes)
const at = z.number().int().nonnegative()

/** Shape of {@link DeviceKeys}. */
export const deviceKeys = z.object({
  /** First 16 bytes of SHA-256 of `ed25519`. */
  id: deviceId,
  /** Signs links, batch heads and requests. */
  ed25519: key,
  /** Receives sealed epoch keys. */
  x25519: key,
  /** Identity key of the text encryption, an X25519 key of its own. */
  omemo: key,
})
/** Shape of {@link DeviceOffer}. */
export const deviceOffer = deviceKeys.extend({ name: z.string().max(maxNameLength) })
const linkDevice = deviceKeys.extend({ name })
const paperKeys = z.object({ ed25519: key, x25519: key })
const version = z.literal(1)

const body = z.discriminatedUnion('kind', [
  z.object({
    version,
    kind: z.literal('genesis'),
    previous: z.null(),
    at,
    account: z.string().max(400),
    device: linkDevice,
    paper: paperKeys,
    names: bytesOf(namesBoxBytes),
  }),
  z.object({ version, kind: z.literal('add'), previous: hash, at, device: linkDevice }),
  z.object({
    ...{ version, kind: z.literal('revoke'), previous: hash, at, target: deviceId },
    /** How far the revoking device has read the target: nothing that comes after it counts. */
    last: z.object({ seq: z.number().int().nonnegative(), hash }).optional(),
  }),
  z.object({ version, kind: z.literal('rename'), previous: hash, at, target: deviceId, name }),
  /** At the end of one branch of a fork: the branches that lead there, by their first links, are the ones that count. */
  z.object({ version, kind: z.literal('pick'), previous: hash, at, branches: z.array(hash).min(1).max(8) }),
  /** `commitment` = SHA-256 of the epoch key under its own label. */
  z.object({ version, kind: z.literal('epoch'), previous: hash, at, epoch: z.number().int().min(1), commitment: hash }),
])

const signed = z.object({
  body: bytesUpTo(maxLinkBytes),
  signatures: z.array(z.object({ by: z.union([deviceId, z.literal('paper')]), signature: bytesOf(64) })).max(3),
})

/** Public half of a device. */
export type DeviceKeys = z.output<typeof deviceKeys>
/** A device as it says who it is to another of its person: never to a server. */
export type DeviceOffer = z.output<typeof deviceOffer>
/** A device as it stands in a link. */
export type LinkDevice = z.output<typeof linkDevice>
/** Public halves of the recovery pairs that come from the paper secret. */
export type PaperKeys = z.output<typeof paperKeys>
/** What a link says. */
export type LinkBody = z.output<typeof body>
/** One kind of {@link LinkBody}. */
export type LinkBodyOf<Kind extends LinkBody['kind']> = Extract<LinkBody, { readonly kind: Kind }>
/** Who signed: a device by id, or the paper key. */
export type LinkSignature = z.output<typeof signed>['signatures'][number]
/** A link as it is stored and sent; nothing in it is verified yet. */
export interface SignedLink {
  readonly body: Uint8Array
  readonly signatures: readonly LinkSignature[]
}

/** Encodes a link's body; equal values give equal bytes. */
export function encodeLinkBody(value: LinkBody): Uint8Array {
  return encodeCanonical(value)
}

/** @throws ProtocolError {@link LinkErrorCode} for anything but the canonical bytes of a known kind of link. */
export function decodeLinkBody(bytes: Uint8Array): LinkBody {
  return decodeAs(body, bytes)
}

/** Encodes a signed link around its body's exact bytes. */
export function encodeSignedLink(link: SignedLink): Uint8Array {
  return encodeCanonical({ body: link.body, signatures: link.signatures })
}

/** @throws ProtocolError {@link LinkErrorCode}; the body inside is bytes still, to be verified first. */
export function decodeSignedLink(bytes: Uint8Array): SignedLink {
  return decodeAs(signed, bytes)
}

function decodeAs<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  if (bytes.length > 2 * maxLinkBytes) throw new ProtocolError<LinkErrorCode>('too-large')
  const parsed = schema.safeParse(decodeCanonical(bytes))
  if (!parsed.success) throw new ProtocolError<LinkErrorCode>('bad-shape')
  return parsed.data
}
