import 'reflect-metadata'
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  webcrypto,
  X509Certificate,
} from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { readIfThere, writePrivateFile } from '../data-dir/private-file.ts'
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

/** The browser's key type, as the generator names it; Node's differs in names of usages only. */
type SelfSignedKeys = Parameters<typeof x509.X509CertificateGenerator.createSelfSigned>[0]['keys']

const dayMs = 86_400_000
const lifetimeMs = 397 * dayMs
/** Clients' clocks may be behind by so much. */
const backdateMs = dayMs
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
  const certificatePem = current ?? (await makeCertificate(keyPem, names, ports))
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

async function makeCertificate(
  keyPem: string,
  names: readonly string[],
  ports: { readonly clock: ClockPort; readonly random: RandomPort },
): Promise<string> {
  const now = ports.clock.now()
  const serial = ports.random.bytes(16)
  // RFC 5280 §4.1.2.2: positive.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(serial).toString('hex'),
    name: `CN=${names[0] ?? 'localhost'}`,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + lifetimeMs),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    // The package names a type of the browser's library, which is not loaded here.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- see above
    keys: (await importKeys(keyPem)) as SelfSignedKeys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const),
      ),
    ],
  })
  return certificate.toString('pem')
}

async function importKeys(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { subtle } = webcrypto
  const pkcs8 = createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' })
  const spki = createPublicKey(keyPem).export({ type: 'spki', format: 'der' })
  return {
    privateKey: await subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    publicKey: await subtle.importKey('spki', spki, algorithm, true, ['verify']),
  }
}
