import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import {
  checkUsername,
  encodeBindingError,
  encodeBindingSuccess,
  keyOfPassword,
  readCheck,
  type IceCredentials,
} from './binding.ts'
import { decodeStun, verifyIntegrity } from './stun-message.ts'

/** What an authenticated request leads to. */
export interface LiteAnswer {
  /** To be sent to where the request came from, from the socket it came to. */
  readonly reply: Uint8Array<ArrayBuffer>
  /** The peer's address, when this request nominates it. */
  readonly nominated: DatagramAddress | null
}

/**
 * The answering side of ICE-lite with one host candidate (RFC 8445 §2.5, §7.3): answers authenticated Binding requests and learns
 * from them which address the peer, which must be a full agent, has nominated. Holds no state and sends nothing on its own.
 */
export class LiteResponder {
  readonly #username: string
  readonly #key: Uint8Array

  constructor(local: IceCredentials, remoteUfrag: string) {
    this.#username = `${local.ufrag}:${remoteUfrag}`
    this.#key = keyOfPassword(local.pwd)
  }

  /** Null for whatever is not an authenticated Binding request of the peer: to be dropped in silence. */
  receive(bytes: Uint8Array, from: DatagramAddress): LiteAnswer | null {
    const message = decodeStun(bytes)
    if (message === null || checkUsername(message) !== this.#username) return null
    if (!verifyIntegrity(message, this.#key)) return null
    const check = readCheck(message, this.#username)
    if (!('username' in check)) return { reply: encodeBindingError(message, check, this.#key), nominated: null }
    // A lite agent never controls, so of two that are controlled the other one has to change.
    if (check.role === 'controlled')
      return { reply: encodeBindingError(message, 'role-conflict', this.#key), nominated: null }
    return {
      reply: encodeBindingSuccess(message, from, this.#key),
      nominated: check.useCandidate ? { host: from.host, port: from.port } : null,
    }
  }
}
