import { createHash } from 'node:crypto'
import { z } from 'zod'
import { sameSecret } from '../accounts/sign-up-token.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'

const nonceMs = 300_000
const maxNonces = 1_000
const maxHeaderLength = 2_000

/** Whom an answer proves, or why it proves nobody. */
export type DigestOutcome = { readonly user: string } | { readonly refused: 'missing' | 'stale' | 'wrong' }

interface Nonce {
  readonly expiresAt: number
  /** Highest `nc` seen: an answer works once. */
  count: number
}

/** HTTP digest authentication with SHA-256 and qop=auth (RFC 7616), server side, for one realm. */
export class HttpDigest {
  readonly #realm: string
  readonly #clock: ClockPort
  readonly #random: RandomPort
  readonly #ha1: (user: string) => string | null
  readonly #nonces = new Map<string, Nonce>()

  constructor(ports: {
    readonly realm: string
    readonly clock: ClockPort
    readonly random: RandomPort
    readonly ha1: (user: string) => string | null
  }) {
    this.#realm = ports.realm
    this.#clock = ports.clock
    this.#random = ports.random
    this.#ha1 = ports.ha1
  }

  /** Value of `WWW-Authenticate` for a request without (valid) credentials. */
  challenge(stale: boolean): string {
    const now = this.#clock.monotonic()
    for (const [nonce, { expiresAt }] of this.#nonces) {
      if (expiresAt < now || this.#nonces.size >= maxNonces) this.#nonces.delete(nonce)
      else break
    }
    const nonce = toBase64Url(this.#random.bytes(24))
    this.#nonces.set(nonce, { expiresAt: now + nonceMs, count: 0 })
    const flag = stale ? ', stale=true' : ''
    return `Digest realm="${this.#realm}", nonce="${nonce}", algorithm=SHA-256, qop="auth"${flag}`
  }

  /** The user whom an `Authorization` header proves for this method and target. */
  verify(header: string | undefined, method: string, uri: string): DigestOutcome {
    const fields = parseDigest(header)
    return fields === null
      ? { refused: 'missing' }
      : this.#judge(fields, { method, uri, known: this.#ha1(fields.username) })
  }

  /** {@link verify} where the secrets are somewhere else. */
  async verifyWith(
    ha1: (user: string) => Promise<string | null>,
    header: string | undefined,
    { method, uri }: { readonly method: string; readonly uri: string },
  ): Promise<DigestOutcome> {
    const fields = parseDigest(header)
    if (fields === null) return { refused: 'missing' }
    // Nobody is looked up for who has no challenge of ours.
    if (!this.#isFresh(fields)) return { refused: 'stale' }
    return this.#judge(fields, { method, uri, known: await ha1(fields.username) })
  }

  #isFresh({ nonce }: DigestFields): boolean {
    return (this.#nonces.get(nonce)?.expiresAt ?? -Infinity) >= this.#clock.monotonic()
  }

  #judge(
    fields: DigestFields,
    { method, uri, known }: { readonly method: string; readonly uri: string; readonly known: string | null },
  ): DigestOutcome {
    const nonce = this.#nonces.get(fields.nonce)
    if (nonce === undefined || !this.#isFresh(fields)) return { refused: 'stale' }
    if (fields.realm !== this.#realm || fields.uri !== uri) return { refused: 'wrong' }
    // Unknown users cost the same work as known ones.
    const expected = digestResponse(known ?? '0'.repeat(64), { ...fields, method })
    if (!sameSecret(expected, fields.response) || known === null) return { refused: 'wrong' }
    const count = Number.parseInt(fields.nc, 16)
    if (count <= nonce.count) return { refused: 'stale' }
    nonce.count = count
    return { user: fields.username }
  }
}

const digestFields = z.object({
  username: z.string().min(1),
  realm: z.string(),
  nonce: z.string().min(1),
  uri: z.string(),
  nc: z.string().regex(/^[0-9a-f]{8}$/i),
  cnonce: z.string().min(1),
  response: z
    .string()
    .regex(/^[0-9a-f]{64}$/i)
    .toLowerCase(),
  qop: z.literal('auth'),
  algorithm: z.string().regex(/^SHA-256$/i),
})
export type DigestFields = z.infer<typeof digestFields>

/** `response` of RFC 7616 §3.4.1 for SHA-256 and qop=auth, lower-case hex. */
export function digestResponse(
  ha1: string,
  fields: Pick<DigestFields, 'nonce' | 'nc' | 'cnonce' | 'uri'> & { readonly method: string },
): string {
  const ha2 = sha256(`${fields.method}:${fields.uri}`)
  return sha256(`${ha1}:${fields.nonce}:${fields.nc}:${fields.cnonce}:auth:${ha2}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Reads the parameters of a Digest header; null unless all that we ask for are there, once. */
export function parseDigest(header: string | undefined): DigestFields | null {
  if (header === undefined || header.length > maxHeaderLength || !/^Digest\s/i.test(header)) return null
  const found = new Map<string, string>()
  const parameter = /([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/gi
  for (const [, name, quoted, token] of header.slice('Digest '.length).matchAll(parameter)) {
    const key = (name ?? '').toLowerCase()
    if (found.has(key)) return null
    found.set(key, quoted?.replace(/\\(.)/g, '$1') ?? token ?? '')
  }
  const fields = digestFields.safeParse(Object.fromEntries(found))
  return fields.success ? fields.data : null
}
