/** Requests to one replica, below what they are about: connections, challenges, signatures and bounds are behind this. */

export interface ReplicaHttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path and query, `/replica/…`, as they are signed. */
  readonly target: string
  /** None is an empty one. */
  readonly body?: Uint8Array
  /** Signed by the device (or the paper key) that the port was made for; else by nobody. */
  readonly signed: boolean
  /** Value of `Authorization` of a request that is not signed. */
  readonly authorization?: string
  /** A longer answer is refused. */
  readonly maxAnswerBytes: number
  /** How long the server may hold the answer back on purpose, ms. */
  readonly heldMs?: number
}

export interface ReplicaHttpAnswer {
  readonly status: number
  /** Value of `WWW-Authenticate`. */
  readonly challenge: string | null
  /** Bytes of a stranger. */
  readonly body: Uint8Array
}

export interface ReplicaHttpPort {
  /**
   * What the server answered, whatever it says; requests that are asked again after a lost connection must mean the same twice.
   * @throws SottoError `server-unreachable`, the `certificate-…` ones, `server-refused` for what is no answer, `cancelled` once it is closed.
   */
  request(request: ReplicaHttpRequest): Promise<ReplicaHttpAnswer>
}
