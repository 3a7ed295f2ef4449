import type { ReplicaHttpAnswer, ReplicaHttpPort } from './http-port.ts'
import { problemIn } from './problems.ts'
import type { OpeningSecret } from '../client-ports.ts'
import { SottoError } from '#shared/errors.ts'

type DigestSecret = Extract<OpeningSecret, { readonly kind: 'digest' }>

/** Answers a challenge to SIP digest (RFC 7616); null for another realm, or a weaker algorithm. */
export type Authorize = (
  challenge: string,
  secret: DigestSecret,
  request: { readonly method: string; readonly path: string },
) => string | null

interface Unsigned {
  readonly method: 'PUT' | 'POST'
  readonly target: string
  readonly body: Uint8Array
}

const maxAnswerBytes = 65_536

/** A request that nobody signs, with the proof that the account is the person's: an invitation is in its body already. */
export async function askUnsigned(
  { http, authorize }: { readonly http: Pick<ReplicaHttpPort, 'request'>; readonly authorize: Authorize },
  request: Unsigned,
  secret: OpeningSecret,
): Promise<ReplicaHttpAnswer> {
  const asked = { ...request, signed: false, maxAnswerBytes }
  const first = await http.request(asked)
  const answer =
    first.challenge !== null && secret.kind === 'digest'
      ? await http.request({ ...asked, authorization: proof(authorize, first.challenge, { request, secret }) })
      : first
  if (problemIn(answer)?.problem === 'wrong-secret')
    throw new SottoError(secret.kind === 'digest' ? 'wrong-password' : 'invitation-invalid')
  return answer
}

function proof(
  authorize: Authorize,
  challenge: string,
  { request, secret }: { readonly request: Unsigned; readonly secret: DigestSecret },
): string {
  const authorization = authorize(challenge, secret, { method: request.method, path: request.target })
  if (authorization === null) throw new SottoError('foreign-realm-refused')
  return authorization
}
