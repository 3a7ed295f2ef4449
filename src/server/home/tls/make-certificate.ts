import 'reflect-metadata'
import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** The browser's key type, as the generator names it; Node's differs in names of usages only. */
type SelfSignedKeys = Parameters<typeof x509.X509CertificateGenerator.createSelfSigned>[0]['keys']

const dayMs = 86_400_000
const lifetimeMs = 397 * dayMs
/** Clients' clocks may be behind by so much. */
const backdateMs = dayMs

/** A self-signed certificate in PEM for a P-256 key and names or addresses, good for 397 days. */
export async function makeCertificate(
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
