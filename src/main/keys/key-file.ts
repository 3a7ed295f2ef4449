/**
 * `keys.json`: the database key wrapped once per rung, nothing else. Rules for evolving: fields are added as optional only;
 * a change that old programs must not touch raises `version`, and a higher version is refused.
 */
import { createHash } from 'node:crypto'
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

/** Nonce, key and tag of a wrap; a shorter one never opens. */
const wrapBytes = 12 + 32 + 16
const wrap = bytes.refine(({ length }) => length === wrapBytes)
const keychain = z.object({ wrapped: wrap })
const passphrase = z.object({
  wrapped: wrap,
  salt: bytes.refine(({ length }) => length >= 8),
  // Bounds, so that a damaged file cannot ask for terabytes.
  memoryKib: z.number().int().min(8).max(1_048_576),
  iterations: z.number().int().min(1).max(20),
  parallelism: z.number().int().min(1).max(4),
})
const paperSecret = z.object({ label: z.string().max(400), wrapped: wrap })

const damaged = { damaged: true } as const

/** What stands in place of a rung that cannot be read, until it is set again or removed. */
export type DamagedRung = typeof damaged

/** A rung that cannot be read must not take the others with it. */
const orDamaged = <T extends z.ZodObject>(rung: T) =>
  z.unknown().transform((value): z.output<T> | DamagedRung => {
    const parsed = rung.safeParse(value)
    const said = z.object({ check: z.string().optional() }).safeParse(value)
    if (!parsed.success || !said.success) return damaged
    return said.data.check === undefined || said.data.check === checkOf(parsed.data) ? parsed.data : damaged
  })

const schema = z.object({
  version: z.number().int().min(1),
  /** Random name of this profile; part of what each wrap is bound to. */
  profile: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  /** The database was there once: a missing file is a loss, never a new beginning. */
  databaseMade: z.boolean(),
  keychain: z.null().or(orDamaged(keychain)),
  passphrase: z.null().or(orDamaged(passphrase)),
  paperSecrets: z.array(orDamaged(paperSecret)).max(maxPaperSecrets).catch([damaged]),
})

export type KeyFile = z.output<typeof schema>

/** Whether a rung is there and can be read. */
export function isWhole<T extends object>(rung: T | DamagedRung | null): rung is T {
  return rung !== null && !('damaged' in rung)
}

/** Reads `keys.json`; null when it is damaged as a whole, `too-new` when a newer program wrote it. */
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

export function serializeKeyFile({ keychain, passphrase, paperSecrets, ...file }: KeyFile): Uint8Array {
  const checked = {
    ...file,
    keychain: withCheck(keychain),
    passphrase: withCheck(passphrase),
    paperSecrets: paperSecrets.map(withCheck),
  }
  return utf8(`${JSON.stringify(checked, asText, 2)}\n`)
}

/** Tells a damaged rung from a wrong secret; it proves nothing else. */
function checkOf(rung: object): string {
  const sorted = Object.entries(rung).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted, asText)).digest('base64url').slice(0, 11)
}

function withCheck(rung: object | null): object | null {
  return rung === null || 'damaged' in rung ? rung : { ...rung, check: checkOf(rung) }
}

function asText(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? toBase64Url(value) : value
}
