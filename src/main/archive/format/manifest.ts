/** `manifest.json` and `signatures.json` of an export; docs/export.md explains every field. */
import { z } from 'zod'
import { fromBase64Url, toBase64Url } from '#shared/bytes/base64url.ts'
import { utf8, utf8Text } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import type { ManifestSignature } from '#shared/model/export-signature.ts'
import type { Aor, DeviceId } from '#shared/model/ids.ts'
import { maxAccounts, maxParts } from './limits.ts'

/** Version of the whole format; a reader refuses higher ones. */
export const formatVersion = 1

/**
 * Why an export is not taken: `export-malformed` it is none, `export-too-new` a later version wrote it, `export-altered` its
 * parts are not those of its manifest, `export-too-large` over a bound.
 */
export type ExportErrorCode = 'export-malformed' | 'export-too-new' | 'export-altered' | 'export-too-large'

export function exportError(code: ExportErrorCode, detail?: string): ProtocolError<ExportErrorCode> {
  return new ProtocolError<ExportErrorCode>(code, detail)
}

const bytesOf = (length: number) => z.string().refine((text) => fromBase64Url(text)?.length === length)
const count = z.number().int().nonnegative()
const aor = z.string().max(400)

const part = z.object({
  name: z.string().max(100),
  size: count,
  /** SHA-256 of the part, base64url. */
  sha256: bytesOf(32),
  /** Attachments: the nonce prefix they were sealed with, so that sealing them again makes the same file. */
  prefix: bytesOf(7).optional(),
})

const scope = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('conversation'), account: aor, peer: aor }),
  /** Messages received from `from` on and before `to`, ms. */
  z.object({ kind: z.literal('period'), from: count, to: count }),
])

const counts = z.object({
  entries: count,
  messages: count,
  conversations: count,
  attachments: count,
  missingAttachments: count,
})

const manifest = z.object({
  format: z.literal('sotto-export'),
  version: z.literal(formatVersion),
  program: z.string().max(40),
  createdAt: count,
  scope,
  accounts: z.array(aor).max(maxAccounts),
  counts,
  parts: z.array(part).max(maxParts),
})

const signature = z.object({
  account: aor,
  device: bytesOf(16),
  chain: z.array(z.string().max(12_000)).max(256),
  signature: bytesOf(64),
})

const signatures = z.object({ version: z.literal(formatVersion), signatures: z.array(signature).max(maxAccounts) })

/** What an export holds, and the hash of every part. */
export type Manifest = z.output<typeof manifest>
export type ManifestPart = Manifest['parts'][number]
export type ManifestScope = Manifest['scope']
export type ManifestCounts = Manifest['counts']

export function serializeManifest(value: Manifest): Uint8Array {
  return utf8(`${JSON.stringify(value, null, 1)}\n`)
}

/** @throws ProtocolError {@link ExportErrorCode}. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const value = parseJson(bytes)
  const parsed = manifest.safeParse(value)
  if (parsed.success) return parsed.data
  const newer = z.object({ format: z.literal('sotto-export'), version: z.number().gt(formatVersion) }).safeParse(value)
  throw exportError(newer.success ? 'export-too-new' : 'export-malformed', 'manifest')
}

export function serializeSignatures(list: readonly ManifestSignature[]): Uint8Array {
  const rows = list.map(({ account, device, chain, signature: bytes }) => ({
    account,
    device,
    chain: chain.map(toBase64Url),
    signature: toBase64Url(bytes),
  }))
  return utf8(`${JSON.stringify({ version: formatVersion, signatures: rows }, null, 1)}\n`)
}

/** @throws ProtocolError {@link ExportErrorCode}; nothing in it is verified yet. */
export function parseSignatures(bytes: Uint8Array): readonly ManifestSignature[] {
  const parsed = signatures.safeParse(parseJson(bytes))
  if (!parsed.success) throw exportError('export-malformed', 'signatures')
  return parsed.data.signatures.map((row) => ({
    account: row.account as Aor,
    device: row.device as DeviceId,
    chain: row.chain.map(bytesFrom),
    signature: bytesFrom(row.signature),
  }))
}

function bytesFrom(text: string): Uint8Array {
  return fromBase64Url(text) ?? new Uint8Array()
}

function parseJson(bytes: Uint8Array): unknown {
  const text = utf8Text(bytes)
  if (text === null) throw exportError('export-malformed', 'not UTF-8')
  try {
    return JSON.parse(text)
  } catch {
    throw exportError('export-malformed', 'not JSON')
  }
}
