import { createHash, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { readIfThere, writePrivateFile } from '../data-dir/private-file.ts'
import { signUpTokenFileName } from '#shared/home/api.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import type { RandomPort } from '#shared/ports/random.ts'

const tokenBytes = 32
const tokenPattern = /^[A-Za-z0-9_-]{43}$/

/** The token whose holder is the owner of this computer account: it stands in a file only they can read. */
export function loadSignUpToken(directory: string, random: RandomPort): string {
  const path = join(directory, signUpTokenFileName)
  const found = readIfThere(path)?.trim()
  if (found !== undefined && tokenPattern.test(found)) return found
  const token = toBase64Url(random.bytes(tokenBytes))
  writePrivateFile(path, `${token}\n`)
  return token
}

/** Compares secrets of any length without telling by time where they differ. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
}
