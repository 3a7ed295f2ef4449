import { Connections, inBrackets } from './connections.ts'
import { serializeRequest, type HttpAnswer } from './http-codec.ts'
import { ConnectionLost, type HttpConnection } from './http-connection.ts'
import type { ReplicaHttpAnswer, ReplicaHttpPort, ReplicaHttpRequest } from './http-port.ts'
import { problemIn } from './problems.ts'
import { RequestSigning, type Signer } from './request-signing.ts'
import type { ReplicaAddress } from '../client-ports.ts'
import { SottoError } from '#shared/errors.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { ConnectorPort } from '#shared/ports/sockets.ts'
import { challengeAnswer, decodeBody, replicaPath } from '#shared/replication/api.ts'
import { ProtocolError } from '#shared/errors.ts'

export interface ReplicaHttpPorts {
  readonly connector: Pick<ConnectorPort, 'stream'>
  readonly clock: ClockPort
}

const noBody = new Uint8Array()
/** Sending and receiving of what is at most some megabytes, and what the server does in between. */
const answerMs = 60_000
const challengeTarget = `${replicaPath}/challenge`
const maxChallengeAnswer = 1024
/** A kept connection may have been closed by the server meanwhile, a challenge may have ended, a server may be busy. */
const tries = { lost: 3, stale: 2, busy: 4 } as const
const longestWaitSeconds = 10

/** Requests to one replica over TLS connections that are kept, signed by one device where that is asked for. */
export class ReplicaHttp implements ReplicaHttpPort {
  readonly #address: ReplicaAddress
  readonly #clock: ClockPort
  readonly #connections: Connections
  readonly #signing: RequestSigning | null

  /** `signer` null: for requests that nobody signs. */
  constructor(address: ReplicaAddress, signer: Signer | null, ports: ReplicaHttpPorts) {
    this.#address = address
    this.#clock = ports.clock
    this.#connections = new Connections(address, ports)
    this.#signing = signer === null ? null : new RequestSigning(signer, { host: address.host, clock: ports.clock })
  }

  async request(request: ReplicaHttpRequest): Promise<ReplicaHttpAnswer> {
    for (let left: number = tries.busy; ; left -= 1) {
      const answer = await this.#askFresh(request)
      const isBusy = answer.status === 429 || answer.status === 503
      const seconds = Number(answer.headers.get('retry-after') ?? Infinity)
      if (!isBusy || left <= 1 || !(seconds <= longestWaitSeconds)) return answerOf(answer)
      await this.#wait(seconds * 1000)
    }
  }

  /** The value of `Authorization` for one request over a connection that stands; null without TLS 1.3. */
  async authorizing(): Promise<
    (request: Pick<ReplicaHttpRequest, 'method' | 'target'>, channel: Uint8Array) => string
  > {
    const signing = this.#needSigning()
    await this.#connections.use((connection) => this.#needChallenge(signing, connection))
    return (request, channel) => signing.authorization({ ...request, body: noBody, channel })
  }

  /** The next request gets a challenge of its own. */
  forgetChallenge(): void {
    this.#signing?.forgetChallenge()
  }

  get closing(): AbortSignal {
    return this.#connections.closing
  }

  close(): void {
    this.#connections.close()
  }

  async #askFresh(request: ReplicaHttpRequest): Promise<HttpAnswer> {
    for (let left: number = tries.stale; ; left -= 1) {
      const answer = await this.#ask(request)
      const isStale = request.signed && problemIn(answer)?.problem === 'stale-challenge'
      if (!isStale || left <= 1) return answer
      this.#signing?.forgetChallenge()
    }
  }

  /** Asks again what a connection took with it. */
  async #ask(request: ReplicaHttpRequest): Promise<HttpAnswer> {
    for (let left: number = tries.lost; ; left -= 1) {
      try {
        return await this.#connections.use((connection) => this.#send(request, connection))
      } catch (error) {
        if (this.closing.aborted) throw new SottoError('cancelled', {}, error)
        if (!(error instanceof ConnectionLost)) throw error
        if (left <= 1) throw new SottoError('server-unreachable', {}, error)
      }
    }
  }

  async #send(request: ReplicaHttpRequest, connection: HttpConnection): Promise<HttpAnswer> {
    const { maxAnswerBytes, heldMs = 0, body = noBody } = request
    const authorization = request.signed ? await this.#sign(request, connection) : (request.authorization ?? null)
    const bytes = this.#serialize({ ...request, authorization }, body)
    return connection.exchange({ bytes, maxAnswerBytes, withinMs: answerMs + heldMs })
  }

  async #sign({ method, target, body = noBody }: ReplicaHttpRequest, connection: HttpConnection): Promise<string> {
    const signing = this.#needSigning()
    const { channel } = connection
    if (channel === null) throw new SottoError('insecure-transport-refused')
    await this.#needChallenge(signing, connection)
    return signing.authorization({ method, target, body, channel })
  }

  async #needChallenge(signing: RequestSigning, connection: HttpConnection): Promise<void> {
    if (signing.hasChallenge) return
    const bytes = this.#serialize({ method: 'GET', target: challengeTarget, authorization: null }, noBody)
    const answer = await connection.exchange({ bytes, maxAnswerBytes: maxChallengeAnswer, withinMs: answerMs })
    if (answer.status !== 200) throw new SottoError('server-refused', { status: answer.status })
    try {
      signing.setChallenge(decodeBody(challengeAnswer, answer.body).challenge)
    } catch (error) {
      if (error instanceof ProtocolError) throw new SottoError('server-refused', {}, error)
      throw error
    }
  }

  #needSigning(): RequestSigning {
    if (this.#signing === null) throw new Error('broken invariant: this port signs nothing')
    return this.#signing
  }

  #serialize(
    { method, target, authorization }: { method: string; target: string; authorization: string | null },
    body: Uint8Array,
  ): Uint8Array {
    const { host, port } = this.#address
    return serializeRequest({ method, target, authorization, host: `${inBrackets(host)}:${port}` }, body)
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        timer.cancel()
        reject(new SottoError('cancelled'))
      }
      const timer = this.#clock.after(ms, () => {
        this.closing.removeEventListener('abort', cancel)
        resolve()
      })
      if (this.closing.aborted) cancel()
      else this.closing.addEventListener('abort', cancel, { once: true })
    })
  }
}

function answerOf({ status, headers, body }: HttpAnswer): ReplicaHttpAnswer {
  return { status, challenge: headers.get('www-authenticate') ?? null, body }
}
