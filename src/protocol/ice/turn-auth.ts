import { createHash } from 'node:crypto'
import { wipe } from '#shared/bytes/bytes.ts'
import { attributeTypes, findError, findText, textAttribute } from './stun-attributes.ts'
import { encodeStun, verifyIntegrity, type StunAttribute, type StunMessage } from './stun-message.ts'

/** A user of a server. */
export interface TurnCredentials {
  readonly username: string
  readonly password: string
}

const maxNonceBytes = 763

/**
 * Long-term credentials (RFC 8489 §9.2) of one client: learns realm and nonce from the server's challenges and signs with the MD5
 * key. The realm of the first challenge stays: the password is never hashed for another.
 */
export class TurnAuth {
  readonly #credentials: TurnCredentials
  #realm: string | null = null
  #nonce = ''
  #key: Uint8Array | null = null

  constructor(credentials: TurnCredentials) {
    this.#credentials = credentials
  }

  /** Writes a request, signed once a challenge has come. */
  encode(method: number, transactionId: Uint8Array, attributes: readonly StunAttribute[]): Uint8Array {
    const content = { class: 'request', method, transactionId, fingerprint: true } as const
    if (this.#key === null || this.#realm === null) return encodeStun({ ...content, attributes })
    const identity = [
      textAttribute(attributeTypes.username, this.#credentials.username),
      textAttribute(attributeTypes.realm, this.#realm),
      textAttribute(attributeTypes.nonce, this.#nonce),
    ]
    return encodeStun({ ...content, attributes: [...attributes, ...identity], key: this.#key })
  }

  /** A response counts when it is signed; refusals may be unsigned, as a server that knows no key can sign nothing. */
  accepts(response: StunMessage): boolean {
    if (response.integrityAt === 0 || this.#key === null) return response.class === 'error' || this.#key === null
    return verifyIntegrity(response, this.#key)
  }

  /** Whether the refused request is worth sending again: a first challenge (401), or a stale nonce (438). */
  learn(response: StunMessage): boolean {
    const code = findError(response)?.code
    const realm = findText(response, attributeTypes.realm) ?? this.#realm
    const nonce = findText(response, attributeTypes.nonce)
    if (realm === null || nonce === null || nonce === '' || nonce.length > maxNonceBytes) return false
    if (code === 401 && this.#realm === null) this.#adopt(realm)
    else if (code !== 438 || realm !== this.#realm) return false
    this.#nonce = nonce
    return true
  }

  #adopt(realm: string): void {
    const { username, password } = this.#credentials
    this.#realm = realm
    this.#key = createHash('md5')
      .update(`${username}:${realm}:${password.normalize('NFC')}`)
      .digest()
  }

  /** Forgets the key. */
  close(): void {
    if (this.#key !== null) wipe(this.#key)
    this.#key = null
  }
}
