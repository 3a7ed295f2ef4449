/**
 * DTLS towards Chromium on loopback. The library checks neither signatures nor Finished, so the certificate it reports proves
 * nothing by itself: this must never meet the network (design §12). On loopback the peer is the address that answered ICE checks
 * with our password.
 */
import { createHash } from 'node:crypto'
import { CipherContext, DtlsClient } from 'werift'
import { wipe } from '#shared/bytes/bytes.ts'
import type { ProfileName } from '#protocol/srtp/profiles.ts'

/** A certificate for this run of the program. */
export interface LoopbackCertificate {
  readonly certPem: string
  readonly keyPem: string
  readonly signatureHash: { readonly hash: number; readonly signature: number }
  /** Of the certificate, SHA-256, upper-case hexadecimal with colons. */
  readonly fingerprint: string
}

export interface LoopbackKeys {
  readonly profile: ProfileName
  readonly send: { readonly key: Uint8Array; readonly salt: Uint8Array }
  readonly receive: { readonly key: Uint8Array; readonly salt: Uint8Array }
}

/** SRTP protection profiles of RFC 5764 §4.1.2 and RFC 7714 §14.2, fastest here first. */
const profileIds = [7, 1] as const
const profileOf: ReadonlyMap<number, { readonly name: ProfileName; readonly saltBytes: number }> = new Map([
  [7, { name: 'AEAD_AES_128_GCM', saltBytes: 12 }],
  [1, { name: 'AES_CM_128_HMAC_SHA1_80', saltBytes: 14 }],
])
const keyBytes = 16

/** ECDSA on P-256 with SHA-256, in the library's numbers (RFC 5246 §7.4.1.4.1, RFC 8422 §5.1.1). */
const ecdsaSha256 = { hash: 4, signature: 3 } as const
const p256 = 23

/** Makes the certificate, once per run. */
export async function makeLoopbackCertificate(): Promise<LoopbackCertificate> {
  const made = await CipherContext.createSelfSignedCertificateWithKey(ecdsaSha256, p256)
  const der = Buffer.from(made.certPem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  return { ...made, fingerprint: fingerprintOf(der) }
}

function fingerprintOf(der: Uint8Array): string {
  const hex = createHash('sha256').update(der).digest('hex').toUpperCase()
  return hex.match(/../g)?.join(':') ?? ''
}

interface Handlers {
  readonly send: (bytes: Uint8Array) => void
  readonly onKeys: (keys: LoopbackKeys) => void
  readonly onFailed: () => void
}

/** One handshake as client; `receive` gets the records. */
export class LoopbackDtls {
  readonly #handlers: Handlers
  readonly #fingerprint: string
  readonly #dtls: DtlsClient
  readonly #transport: { onData: (bytes: Buffer) => void }
  #isStarted = false
  #isClosed = false

  /** `fingerprint`: SHA-256 of the certificate that Chromium announced. */
  constructor(certificate: LoopbackCertificate, fingerprint: string, handlers: Handlers) {
    this.#handlers = handlers
    this.#fingerprint = fingerprint
    const transport = {
      type: 'udp',
      closed: false,
      address: {},
      onData: () => undefined,
      send: (bytes: Buffer) => {
        if (!this.#isClosed) handlers.send(bytes)
        return Promise.resolve()
      },
      close: () => Promise.resolve(),
    }
    this.#transport = transport
    this.#dtls = new DtlsClient({
      cert: certificate.certPem,
      key: certificate.keyPem,
      signatureHash: certificate.signatureHash as never,
      srtpProfiles: [...profileIds],
      extendedMasterSecret: true,
      transport: transport as never,
    })
    this.#dtls.onConnect.once(() => this.#connected())
    this.#dtls.onError.subscribe(() => this.#fail())
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#dtls.connect().catch(() => this.#fail())
  }

  receive(bytes: Uint8Array): void {
    if (!this.#isStarted || this.#isClosed) return
    try {
      this.#transport.onData(Buffer.from(bytes))
    } catch {
      this.#fail()
    }
  }

  close(): void {
    this.#isClosed = true
  }

  #fail(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#handlers.onFailed()
  }

  #connected(): void {
    const profile = profileOf.get(this.#dtls.srtp.srtpProfile ?? 0)
    const shown = this.#dtls.remoteCertificate
    if (this.#isClosed || profile === undefined || shown === undefined || fingerprintOf(shown) !== this.#fingerprint) {
      this.#fail()
      return
    }
    const keys = this.#dtls.extractSessionKeys(keyBytes, profile.saltBytes)
    this.#handlers.onKeys({
      profile: profile.name,
      send: { key: keys.localKey, salt: keys.localSalt },
      receive: { key: keys.remoteKey, salt: keys.remoteSalt },
    })
    wipe(keys.localKey, keys.localSalt, keys.remoteKey, keys.remoteSalt)
  }
}
