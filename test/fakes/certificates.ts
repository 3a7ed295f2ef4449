/** A throw-away certificate authority for tests. */
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** The library types its keys by the DOM's classes, which are the same at run time but newer here. */
const forLibrary = (key: unknown): never => key as never

x509.cryptoProvider.set(forLibrary(webcrypto))
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 86_400_000

export interface CertificateRequest {
  readonly dnsNames: readonly string[]
  readonly sipUris?: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly commonName?: string
  /** Days from now. */
  readonly from?: number
  readonly to?: number
}

export interface IssuedCertificate {
  readonly certPem: string
  readonly keyPem: string
  /** Base64, as in a pin. */
  readonly spkiSha256: string
}

export interface Authority {
  readonly certPem: string
  issue(request: CertificateRequest): Promise<IssuedCertificate>
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

const serial = (): string => Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString('hex')

/** Makes an authority whose certificate no system trusts. */
export async function makeAuthority(name: string): Promise<Authority> {
  const keys = await newKeys()
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + 30 * dayMs),
    signingAlgorithm: algorithm,
    keys: forLibrary(keys),
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  })
  return {
    certPem: own.toString('pem'),
    issue: (request) => issue(request, own.subject, keys.privateKey),
  }
}

async function issue(
  request: CertificateRequest,
  issuer: string,
  signingKey: webcrypto.CryptoKey,
): Promise<IssuedCertificate> {
  const keys = await newKeys()
  const names: x509.JsonGeneralNames = [
    ...request.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...(request.sipUris ?? []).map((value) => ({ type: 'url' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ]
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${request.commonName ?? 'server'}`,
    issuer,
    notBefore: new Date(Date.now() + (request.from ?? -1) * dayMs),
    notAfter: new Date(Date.now() + (request.to ?? 10) * dayMs),
    signingAlgorithm: algorithm,
    publicKey: forLibrary(keys.publicKey),
    signingKey: forLibrary(signingKey),
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  })
  const spki = await webcrypto.subtle.exportKey('spki', keys.publicKey)
  const digest = await webcrypto.subtle.digest('SHA-256', spki)
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    certPem: certificate.toString('pem'),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
    spkiSha256: Buffer.from(digest).toString('base64'),
  }
}
