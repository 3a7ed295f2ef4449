import { ProtocolError, SottoError, type ErrorCode } from '#shared/errors.ts'
import { decodeBody, problemAnswer, type ProblemAnswer, type ReplicaProblem } from '#shared/replication/api.ts'

/** What the user is told; everything else is a fault of this program, or of the server: `server-refused`. */
const codes: Readonly<Partial<Record<ReplicaProblem, ErrorCode>>> = {
  'too-many': 'replica-busy',
  busy: 'replica-busy',
  stopping: 'replica-busy',
  unavailable: 'replica-busy',
  quota: 'replica-full',
  'chain-full': 'replica-full',
  revoked: 'device-removed',
  forked: 'devices-forked',
  'bad-signature': 'device-unknown',
  unauthorized: 'wrong-password',
  'older-sign-in': 'sign-in-outdated',
}

interface Answered {
  readonly status: number
  readonly body: Uint8Array
}

/** What a server says was wrong; null where it says nothing that can be read. */
export function problemIn({ status, body }: Answered): ProblemAnswer | null {
  if (status < 400) return null
  try {
    return decodeBody(problemAnswer, body)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** The failure that an answer stands for. */
export function failureIn(answer: Answered): SottoError {
  const problem = problemIn(answer)?.problem
  return new SottoError((problem === undefined ? undefined : codes[problem]) ?? 'server-refused', {
    status: answer.status,
  })
}
