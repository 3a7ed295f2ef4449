/**
 * `keys.json`: the database key wrapped once per rung, nothing else. Rules for evolving: fields are added as optional only;
 * a change that old programs must not touch raises `version`, and a higher version is refused.
 */
import { z } from 'zod'
import { fromBase64Url, toBase64Url } from '#shared/bytes/base64url.ts'
import { utf8, utf8Text } from '#shared/bytes/bytes.ts'

export const keyFileVersion = 1
const maxPaperSecrets = 64

const bytes = z
  .string()
  .max(400)
  .transform((text, context) => {
    const value = fromBase64Url(text)
    if (value !== null) return value
    context.addIssue({ code: 'custom', message: 'not base64url' })
    return z.NEVER
  })

const schema = z.object({
  version: z.number().int().min(1),
  /** Random name of this profile; part of what each wrap is bound to. */
  profile: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  /** The database was there once: a missing file is a loss, never a new beginning. */
  databaseMade: z.boolean(),
  keychain: z.object({ wrapped: bytes }).nullable(),
  passphrase: z
    .object({
      wrapped: bytes,
      salt: bytes,
      // Bounds, so that a damaged file cannot ask for terabytes.
      memoryKib: z.number().int().min(8).max(1_048_576),
      iterations: z.number().int().min(1).max(20),
      parallelism: z.number().int().min(1).max(4),
    })
    .nullable(),
  paperSecrets: z.array(z.object({ label: z.string().max(64), wrapped: bytes })).max(maxPaperSecrets),
})

export type KeyFile = z.output<typeof schema>

/** Reads `keys.json`; null when it is damaged, `too-new` when a newer program wrote it. */
export function parseKeyFile(file: Uint8Array): KeyFile | 'too-new' | null {
  let json: unknown
  try {
    json = JSON.parse(utf8Text(file) ?? '')
  } catch {
    return null
  }
  const version = z.object({ version: z.number() }).safeParse(json)
  if (version.success && version.data.version > keyFileVersion) return 'too-new'
  const parsed = schema.safeParse(json)
  return parsed.success ? parsed.data : null
}

export function serializeKeyFile(file: KeyFile): Uint8Array {
  const text = (_: string, value: unknown): unknown => (value instanceof Uint8Array ? toBase64Url(value) : value)
  return utf8(`${JSON.stringify(file, text, 2)}\n`)
}
