import { z } from 'zod'
import { fromBase64Url, toBase64Url } from '#shared/bytes/base64url.ts'
import { utf8, utf8Text, wipe } from '#shared/bytes/bytes.ts'
import { newSecret, secretOf } from '#shared/bytes/secret.ts'
import type { AccountView } from '#shared/model/views.ts'
import { paperSecretBytes } from './paper-words.ts'
import type { DeviceSeeds } from './link-author.ts'

/**
 * What is stored about an account's identity: one value in the encrypted database, written in one piece so that keys and
 * link 0 are never apart. Never exported, never replicated.
 */
export interface IdentityRecord {
  readonly seeds: DeviceSeeds
  /** Opens the names of devices in the chain. */
  readonly namesKey: Uint8Array
  readonly identity: string
  readonly links: readonly Uint8Array[]
  /** Forks the user decided, by the first link of the branch. */
  readonly picked: readonly string[]
  readonly paperState: AccountView['paperSecret']
  /** Null once confirmed: from then on only the paper has it. */
  readonly paperSecret: Uint8Array | null
}

const lengthBytes = 4
const seedBytes = 32

const link = z.string().transform((text, context): Uint8Array => {
  const decoded = fromBase64Url(text)
  if (decoded !== null) return decoded
  context.addIssue({ code: 'custom', message: 'not base64url' })
  return z.NEVER
})

/** What is no secret. */
const head = z.object({
  version: z.literal(3),
  identity: z.string(),
  picked: z.array(z.string()),
  paperState: z.enum(['confirmed', 'shown', 'not-shown']),
  links: z.array(link),
})

/**
 * The record as bytes, the caller's to wipe: 4 bytes length of the head, the head as JSON, the seeds (Ed25519, X25519, OMEMO;
 * 32 bytes each), the key of the devices' names (32), the paper secret where there is one. The secrets are never text, which could not be wiped.
 */
export function encodeIdentity(record: IdentityRecord): Uint8Array {
  const { seeds, namesKey, identity, links, picked, paperState, paperSecret } = record
  const said = utf8(JSON.stringify({ version: 3, identity, picked, paperState, links: links.map(toBase64Url) }))
  const keys = [seeds.ed25519, seeds.x25519, seeds.omemo, namesKey, ...(paperSecret === null ? [] : [paperSecret])]
  const bytes = newSecret(lengthBytes + said.length + keys.reduce((sum, { length }) => sum + length, 0))
  new DataView(bytes.buffer).setUint32(0, said.length)
  bytes.set(said, lengthBytes)
  let at = lengthBytes + said.length
  for (const key of keys) {
    bytes.set(key, at)
    at += key.length
  }
  return bytes
}

/** Whether these bytes are an identity of before names of devices were sealed: nothing reads its chain any more, and none was ever released. */
export function isOutdatedIdentity(bytes: Uint8Array): boolean {
  return z.object({ version: z.literal(2) }).safeParse(headOf(bytes).json).success
}

/** Reads what {@link encodeIdentity} wrote; throws on anything else, which only a damaged database can hold. */
export function decodeIdentity(bytes: Uint8Array): IdentityRecord {
  const { json, end } = headOf(bytes)
  const { identity, picked, paperState, links } = head.parse(json)
  const at = (index: number): Uint8Array => bytes.subarray(end + index * seedBytes, end + (index + 1) * seedBytes)
  const paper = bytes.subarray(end + 4 * seedBytes)
  if (paper.length !== 0 && paper.length !== paperSecretBytes) throw new Error('damaged identity')
  return {
    ...{ identity, picked, paperState, links },
    seeds: { ed25519: secretOf(at(0)), x25519: secretOf(at(1)), omemo: secretOf(at(2)) },
    namesKey: secretOf(at(3)),
    paperSecret: paper.length === 0 ? null : secretOf(paper),
  }
}

function headOf(bytes: Uint8Array): { readonly json: unknown; readonly end: number } {
  const end = lengthBytes + new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0)
  return { json: JSON.parse(utf8Text(bytes.slice(lengthBytes, end)) ?? ''), end }
}

/** Overwrites the secrets of a record that is no longer needed. */
export function wipeIdentity({ seeds, namesKey, paperSecret }: IdentityRecord): void {
  wipe(seeds.ed25519, seeds.x25519, seeds.omemo, namesKey, ...(paperSecret === null ? [] : [paperSecret]))
}
