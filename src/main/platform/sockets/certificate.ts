/** Which certificates are taken for an account's domain (RFC 5922), and what is wrong with the others. */
import { createHash, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { CertificateProblem, TlsIdentity } from '#shared/ports/sockets.ts'

/** What the TLS stack says about the chain it was shown. */
export interface PeerChain {
  /** DER of the leaf. */
  readonly leaf: Uint8Array
  /** OpenSSL's verdict on the chain without the name, or null when it verifies. */
  readonly chainError: string | null
}

/** `sip` forbids wildcards (RFC 5922 §7.2); `web` is a wss server (RFC 6125). */
export type NameRules = 'sip' | 'web'

/**
 * Checks a server certificate for `identity` at `nowMs`; null when it may be used. A matching pin suffices by itself;
 * pins that do not match refuse even a certificate whose chain is good.
 */
export function findCertificateProblem(
  chain: PeerChain,
  identity: TlsIdentity,
  rules: NameRules,
  nowMs: number,
): CertificateProblem | null {
  const certificate = new X509Certificate(chain.leaf)
  const pins = identity.spkiPins ?? []
  const spki = spkiSha256(certificate)
  if (pins.includes(spki)) return null
  const reason = problemReason({ certificate, chain, identity, rules, nowMs, pinned: pins.length > 0 })
  if (reason === null) return null
  return {
    reason,
    expectedName: identity.serverName,
    subject: shortName(certificate.subject),
    issuer: shortName(certificate.issuer),
    validFrom: certificate.validFromDate.getTime(),
    validTo: certificate.validToDate.getTime(),
    spkiSha256: spki,
  }
}

interface Question {
  readonly certificate: X509Certificate
  readonly chain: PeerChain
  readonly identity: TlsIdentity
  readonly rules: NameRules
  readonly nowMs: number
  readonly pinned: boolean
}

function problemReason(question: Question): CertificateProblem['reason'] | null {
  const { certificate, chain, nowMs } = question
  if (chain.chainError === 'CERT_REVOKED') return 'revoked'
  if (nowMs > certificate.validToDate.getTime()) return 'expired'
  if (nowMs < certificate.validFromDate.getTime()) return 'not-yet-valid'
  if (question.pinned) return 'untrusted'
  if (chain.chainError !== null) return chainReason(chain.chainError)
  return isForName(certificate, question.identity.serverName, question.rules) ? null : 'wrong-name'
}

/** An authority in the chain may be the one that is too old or too young. */
function chainReason(chainError: string): CertificateProblem['reason'] {
  if (chainError === 'CERT_HAS_EXPIRED') return 'expired'
  if (chainError === 'CERT_NOT_YET_VALID') return 'not-yet-valid'
  return 'untrusted'
}

/** RFC 5922 §7.1: SIP URIs in the SAN decide when there are any, else DNS names; the subject's CN never does. */
function isForName(certificate: X509Certificate, name: string, rules: NameRules): boolean {
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined
  const uris = sipDomains(certificate.subjectAltName ?? '')
  if (uris.includes(name.toLowerCase())) return true
  if (rules === 'sip' && uris.length > 0) return false
  const options = { subject: 'never', wildcards: rules === 'web', partialWildcards: false } as const
  return certificate.checkHost(name, options) !== undefined
}

function sipDomains(subjectAltName: string): string[] {
  const uris = subjectAltName.matchAll(/(?:^|, )URI:sips?:([^,;?@"]+)(?=$|,|;|\?)/gi)
  return [...uris].map((match) => (match[1] ?? '').toLowerCase())
}

/** SHA-256 of the SubjectPublicKeyInfo, base64: what a pin holds (RFC 7469 §2.4). */
export function spkiSha256(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
}

function shortName(distinguishedName: string): string {
  return distinguishedName.replaceAll('\n', ', ').slice(0, 200)
}
