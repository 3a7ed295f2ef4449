import { createHash, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { readIfThere, writePrivateFile } from '../data-dir/private-file.ts'
import type { makeCertificate } from './make-certificate.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** Certificate and key as TLS listeners take them, and the pin that clients hold. */
export interface ServerIdentity {
  readonly keyPem: string
  readonly certificatePem: string
  /** SHA-256 of the SubjectPublicKeyInfo; stays the same when the certificate is renewed. */
  readonly spkiSha256: Uint8Array
  readonly validTo: number
}

const dayMs = 86_400_000
export const renewBeforeMs = 30 * dayMs

/**
 * Loads the server's key (making it at first start) and a certificate for `names` that is valid for 30 more days,
 * renewing it with the same key where needed. Key and certificate are files only their owner can read.
 */
export async function loadIdentity(
  directory: string,
  names: readonly string[],
  ports: { readonly clock: ClockPort; readonly random: RandomPort },
): Promise<ServerIdentity> {
  const keyPath = join(directory, 'tls-key.pem')
  const certificatePath = join(directory, 'tls-certificate.pem')
  const keyPem = readIfThere(keyPath) ?? makeKey(keyPath)
  const spki = createPublicKey(keyPem).export({ type: 'spki', format: 'der' })
  const found = readIfThere(certificatePath)
  const current = found !== null && isUsable(found, spki, names, ports.clock.now()) ? found : null
  const certificatePem = current ?? (await makeNew(keyPem, names, ports))
  if (current === null) writePrivateFile(certificatePath, certificatePem)
  return {
    keyPem,
    certificatePem,
    spkiSha256: new Uint8Array(createHash('sha256').update(spki).digest()),
    validTo: new X509Certificate(certificatePem).validToDate.getTime(),
  }
}

/** Whether a stored certificate is for this key and these names and will stay valid for the renewal margin. */
function isUsable(pem: string, spki: Buffer, names: readonly string[], now: number): boolean {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch {
    // A damaged file is simply made again: the pin is on the key.
    return false
  }
  const sameKey = certificate.publicKey.export({ type: 'spki', format: 'der' }).equals(spki)
  const inTime = certificate.validFromDate.getTime() <= now && certificate.validToDate.getTime() - now > renewBeforeMs
  const named = names.every((name) =>
    isIP(name) === 0 ? certificate.checkHost(name) !== undefined : certificate.checkIP(name) !== undefined,
  )
  return sameKey && inTime && named
}

function makeKey(path: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  writePrivateFile(path, pem)
  return pem
}

async function makeNew(...request: Parameters<typeof makeCertificate>): Promise<string> {
  // Loaded once a year: the library is most of the server's start-up time and memory.
  const { makeCertificate } = await import('./make-certificate.ts')
  return makeCertificate(...request)
}
