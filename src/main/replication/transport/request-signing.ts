import { createHash } from 'node:crypto'
import type { RequestSignerPort } from '../client-ports.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { encodeAuthorization, encodeRequest, requestSignatureInput } from '#shared/replication/request.ts'

/** Who signs, for which account. */
export interface Signer {
  readonly account: string
  readonly by: RequestSignerPort
}

export interface ToSign {
  readonly method: string
  readonly target: string
  readonly body: Uint8Array
  /** Channel binding of the connection that it is for. */
  readonly channel: Uint8Array
}

/** Before a challenge of five minutes ends at the server, whenever it was read there. */
const challengeMs = 240_000

/** Signs requests to one server under the challenge it gave last. */
export class RequestSigning {
  readonly #signer: Signer
  readonly #host: string
  readonly #clock: ClockPort
  #challenge: Uint8Array | null = null
  #givenAt = 0
  #lastAt = 0

  constructor(signer: Signer, { host, clock }: { readonly host: string; readonly clock: ClockPort }) {
    this.#signer = signer
    this.#host = host.toLowerCase()
    this.#clock = clock
  }

  get hasChallenge(): boolean {
    return this.#challenge !== null && this.#clock.monotonic() - this.#givenAt < challengeMs
  }

  setChallenge(challenge: Uint8Array): void {
    this.#challenge = challenge
    this.#givenAt = this.#clock.monotonic()
  }

  forgetChallenge(): void {
    this.#challenge = null
  }

  /** Value of `Authorization`. */
  authorization({ method, target, body, channel }: ToSign): string {
    const { account, by } = this.#signer
    if (this.#challenge === null) throw new Error('broken invariant: a challenge first')
    // Two requests with the same time would be one and its repetition.
    this.#lastAt = Math.max(Math.floor(this.#clock.now()), this.#lastAt + 1)
    const bytes = encodeRequest({
      ...{ version: 1, account, device: by.by, method, target, host: this.#host, channel },
      ...{ body: sha256(body), challenge: this.#challenge, at: this.#lastAt },
    })
    return encodeAuthorization(bytes, by.sign(requestSignatureInput(bytes)))
  }
}

const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(bytes).digest())
