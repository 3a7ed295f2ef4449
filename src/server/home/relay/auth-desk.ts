import { findHeader, responseTo, type Header, type RequestHead } from '#protocol/msrp/head.ts'
import { phraseOf } from '#protocol/msrp/reports.ts'
import { parseMsrpUri, serializeMsrpUri, type MsrpUri } from '#protocol/msrp/uri.ts'
import { ProtocolError } from '#shared/errors.ts'
import { DigestVerifier } from './digest-verifier.ts'
import type { RelayCore } from './relay.ts'
import type { RelayPeer } from './relay-peer.ts'

/** AUTH requests waiting for the secret store, per connection. */
const maxPending = 8

/** Answers the AUTH requests of one connection, one after the other (RFC 4976 §6.3). */
export class AuthDesk {
  readonly #core: RelayCore
  readonly #peer: RelayPeer
  readonly #verifier: DigestVerifier
  #user: string | null = null
  #failures = 0
  #pending = 0
  #turn: Promise<void> = Promise.resolve()

  constructor(core: RelayCore, peer: RelayPeer) {
    this.#core = core
    this.#peer = peer
    this.#verifier = new DigestVerifier({ ...core.digest, clock: core.clock, random: core.random })
  }

  get authenticated(): boolean {
    return this.#user !== null
  }

  /** Who signed in on this connection; null = nobody yet. */
  get user(): string | null {
    return this.#user
  }

  /** Takes an AUTH request whose To-Path names this relay alone. */
  handle(head: RequestHead): void {
    if (this.#pending >= maxPending || !isOwnAuthUri(head.toPath[0])) {
      this.#peer.answer(head, 403)
      return
    }
    this.#pending += 1
    this.#turn = this.#turn
      .then(() => this.#answer(head))
      .catch(() => {
        // The secret store failed: nothing about it is the client's business.
        this.#core.log.error('relay.auth-failed')
        this.#peer.answer(head, 500)
      })
      .finally(() => {
        this.#pending -= 1
      })
  }

  async #answer(head: RequestHead): Promise<void> {
    if (this.#peer.isClosed()) return
    if (!this.#mayAuthenticate()) {
      this.#reply(head, 403)
      return
    }
    const authorization = findHeader(head, 'Authorization')
    if (authorization === null) {
      this.#reply(head, 401, this.#verifier.challenge(false))
      return
    }
    const result = await this.#verifier.verify(authorization, head.toPath.at(-1) ?? '')
    if (this.#peer.isClosed()) return
    if (result.kind === 'challenge') this.#reply(head, 401, this.#verifier.challenge(result.stale))
    else if (result.kind === 'wrong') this.#refuse(head)
    else this.#grant(head, result.user, result.headers)
  }

  /** RFC 4976 §9.2: AUTH only over TLS; a loopback address needs none. */
  #mayAuthenticate(): boolean {
    const transport = this.#peer.transport
    if (transport === null) return false
    return transport.secure || (this.#core.plainAuth === 'loopback' && isLoopback(transport.local.host))
  }

  #refuse(head: RequestHead): void {
    this.#failures += 1
    this.#core.log.info('relay.auth-refused', { count: this.#failures })
    this.#reply(head, 401, this.#verifier.challenge(false))
    if (this.#failures >= this.#core.limits.maxAuthFailures) this.#peer.close()
  }

  #grant(head: RequestHead, user: string, headers: readonly Header[]): void {
    const { limits, paths } = this.#core
    // One connection is one person: paths of two would share their fate and their limits.
    if (this.#user !== null && this.#user !== user) {
      this.#reply(head, 403)
      return
    }
    this.#user = user
    this.#failures = 0
    const wanted = findHeader(head, 'Expires') ?? String(limits.expiresSeconds.usual)
    const seconds = /^\d{1,9}$/.test(wanted) ? Number(wanted) : 0
    const { min, max } = limits.expiresSeconds
    if (seconds < min) this.#reply(head, 423, [{ name: 'Min-Expires', value: String(min) }])
    else if (seconds > max) this.#reply(head, 423, [{ name: 'Max-Expires', value: String(max) }])
    else if (paths.countOf(this.#peer) >= limits.maxPathsPerConnection) this.#reply(head, 403)
    else this.#handOut(head, seconds, headers)
  }

  #handOut(head: RequestHead, seconds: number, headers: readonly Header[]): void {
    const token = this.#core.paths.add(this.#peer, seconds * 1000)
    this.#reply(head, 200, [
      { name: 'Use-Path', value: serializeMsrpUri(this.#uriOf(token)) },
      { name: 'Expires', value: String(seconds) },
      ...headers,
    ])
  }

  /** RFC 7977 §5: other clients and relays reach a WebSocket client over TCP, so the path says so. */
  #uriOf(sessionId: string): MsrpUri {
    const secure = this.#peer.transport?.secure ?? false
    const { host, port } = this.#core.advertise(secure)
    const scheme = secure ? 'msrps' : 'msrp'
    const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
    return { scheme, user: null, host: bracketed, port, sessionId, transport: 'tcp', parameters: [] }
  }

  #reply(head: RequestHead, status: number, headers: readonly Header[] = []): void {
    this.#peer.write(responseTo(head, status, phraseOf(status), headers), null, '$')
  }
}

/** Without a session id: a URI of the relay itself, under whatever name the client knows it. */
function isOwnAuthUri(text: string | undefined): boolean {
  try {
    return parseMsrpUri(text ?? '').sessionId === null
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}

function isLoopback(host: string): boolean {
  return /^(?:127\.|::1$|::ffff:127\.|localhost$)/i.test(host)
}
