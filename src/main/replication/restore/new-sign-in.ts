import { passwordRequest } from '#shared/home/api.ts'
import { encodeBody, replicaPath } from '#shared/replication/api.ts'
import type { ReplicaHttpPort } from '../transport/http-port.ts'
import { failureIn } from '../transport/problems.ts'

/**
 * Tells a home server, on the word of a device of the account, what digest needs of its new password: the old one went with the devices.
 * @throws SottoError, `server-refused` for a server that is no home server.
 */
export async function giveNewSignIn(
  http: Pick<ReplicaHttpPort, 'request'>,
  secrets: { readonly ha1Sha256: string },
): Promise<void> {
  const body = encodeBody(passwordRequest, secrets)
  const target = `${replicaPath}/sign-in`
  const answer = await http.request({ method: 'PUT', target, body, signed: true, maxAnswerBytes: 65_536 })
  if (answer.status >= 300) throw failureIn(answer)
}
