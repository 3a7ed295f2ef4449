import { signInRequest } from '#shared/home/api.ts'
import { encodeBody, replicaPath } from '#shared/replication/api.ts'
import type { ChainState } from '#shared/identity/device-chain.ts'
import type { SignInSecrets } from '../client-ports.ts'
import type { ReplicaHttpPort } from '../transport/http-port.ts'
import { failureIn } from '../transport/problems.ts'

/** For a password out of no epoch's key: the one that goes with the chain replaces it, never the other way round. */
export function epochForNow({ signInEpoch }: Pick<ChainState, 'signInEpoch'>): number {
  return Math.max(0, signInEpoch - 1)
}

/**
 * Tells a home server, on the word of a device of the account, what digest needs of its new password: the old one went with the devices.
 * @throws SottoError, `server-refused` for a server that is no home server, `sign-in-outdated` where the account has a newer password.
 */
export async function giveNewSignIn(
  http: Pick<ReplicaHttpPort, 'request'>,
  { ha1Sha256, epoch }: SignInSecrets,
): Promise<void> {
  const body = encodeBody(signInRequest, { ha1Sha256, epoch })
  const target = `${replicaPath}/sign-in`
  const answer = await http.request({ method: 'PUT', target, body, signed: true, maxAnswerBytes: 65_536 })
  if (answer.status >= 300) throw failureIn(answer)
}
