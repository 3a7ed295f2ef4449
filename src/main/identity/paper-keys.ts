import { hkdfSync } from 'node:crypto'
import { equalBytes, utf8Text, wipe } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import type { PaperKeys } from '#shared/model/device-link.ts'
import { ok, type Result } from '#shared/result.ts'
import { publicKeyOf } from '#main/keys/key-pairs.ts'
import type { LinkSigner } from './link-author.ts'
import { parsePaperWords, type PaperWordsFailure } from './paper-words.ts'

const salt = 'sotto/v1/paper-secret'
const keyBytes = 32

/** Everything a paper secret opens; secret seeds, to be wiped after use. */
export interface PaperSeeds {
  /** Wraps the database key in the key ladder. */
  readonly databaseWrap: Uint8Array
  /** Opens sealed epoch keys. */
  readonly x25519: Uint8Array
  /** Signs links when no device is left. */
  readonly ed25519: Uint8Array
}

/** Derives the three keys of a paper secret (HKDF-SHA-256, RFC 5869), each under its own label. */
export function derivePaperSeeds(secret: Uint8Array): PaperSeeds {
  return {
    databaseWrap: derive(secret, 'database key wrap'),
    x25519: derive(secret, 'recovery x25519'),
    ed25519: derive(secret, 'recovery ed25519'),
  }
}

/** The public halves that stand in link 0. */
export function paperKeysOf(seeds: PaperSeeds): PaperKeys {
  return { ed25519: publicKeyOf('ed25519', seeds.ed25519), x25519: publicKeyOf('x25519', seeds.x25519) }
}

/** Overwrites the seeds. */
export function wipePaperSeeds(seeds: PaperSeeds): void {
  wipe(seeds.databaseWrap, seeds.x25519, seeds.ed25519)
}

function derive(secret: Uint8Array, label: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, label, keyBytes))
}

/** The key that opens the database, from typed words (UTF-8); the typed bytes are the caller's to wipe. */
export function databaseWrapKeyOf(typed: Uint8Array): Result<Uint8Array, PaperWordsFailure> {
  const secret = parsePaperWords(utf8Text(typed) ?? '')
  if (!secret.ok) return secret
  const { databaseWrap, x25519, ed25519 } = derivePaperSeeds(secret.value)
  wipe(secret.value, x25519, ed25519)
  return ok(databaseWrap)
}

/** Signs by typed words (UTF-8, the caller's to wipe) while `use` runs. @throws SottoError `wrong-paper-secret` where they are not those of `keys`. */
export function withPaperSigner<T>(typed: Uint8Array, keys: PaperKeys, use: (signer: LinkSigner) => T): T {
  const secret = parsePaperWords(utf8Text(typed) ?? '')
  if (!secret.ok) throw new SottoError('wrong-paper-secret')
  const seeds = derivePaperSeeds(secret.value)
  try {
    if (!equalBytes(paperKeysOf(seeds).ed25519, keys.ed25519)) throw new SottoError('wrong-paper-secret')
    return use({ by: 'paper', seed: seeds.ed25519 })
  } finally {
    wipe(secret.value)
    wipePaperSeeds(seeds)
  }
}
