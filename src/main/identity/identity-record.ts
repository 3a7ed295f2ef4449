import { z } from 'zod'
import { fromBase64Url, toBase64Url } from '#shared/bytes/base64url.ts'
import type { AccountView } from '#shared/model/views.ts'
import type { DeviceSeeds } from './link-author.ts'

/**
 * What is stored about an account's identity: one value in the encrypted database, written in one piece so that keys and
 * link 0 are never apart. Never exported, never replicated.
 */
export interface IdentityRecord {
  readonly seeds: DeviceSeeds
  readonly identity: string
  readonly links: readonly Uint8Array[]
  /** Forks the user decided, by the first link of the branch. */
  readonly picked: readonly string[]
  readonly paperState: AccountView['paperSecret']
  /** Null once confirmed: from then on only the paper has it. */
  readonly paperSecret: Uint8Array | null
}

const bytes = z.string().transform((text, context): Uint8Array => {
  const decoded = fromBase64Url(text)
  if (decoded !== null) return decoded
  context.addIssue({ code: 'custom', message: 'not base64url' })
  return z.NEVER
})

const file = z.object({
  version: z.literal(1),
  seeds: z.object({ ed25519: bytes, x25519: bytes, omemo: bytes }),
  identity: z.string(),
  links: z.array(bytes),
  picked: z.array(z.string()),
  paperState: z.enum(['confirmed', 'shown', 'not-shown']),
  paperSecret: bytes.nullable(),
})

/** Writes a record for the settings table. */
export function serializeIdentity(record: IdentityRecord): string {
  const { seeds, identity, links, picked, paperState, paperSecret } = record
  return JSON.stringify({
    ...{ version: 1, identity, picked, paperState },
    seeds: {
      ed25519: toBase64Url(seeds.ed25519),
      x25519: toBase64Url(seeds.x25519),
      omemo: toBase64Url(seeds.omemo),
    },
    links: links.map(toBase64Url),
    paperSecret: paperSecret === null ? null : toBase64Url(paperSecret),
  })
}

/** Reads what {@link serializeIdentity} wrote; throws on anything else, which only a damaged database can hold. */
export function parseIdentity(json: string): IdentityRecord {
  return file.parse(JSON.parse(json))
}
