/** What a replica's answers say. */
import type { z } from 'zod'
import type { ReplicaHttpAnswer, ReplicaHttpRequest } from './http-port.ts'
import { failureIn } from './problems.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { decodeBody } from '#shared/replication/api.ts'

/** A request below the path of all requests. */
export type Asked = Omit<ReplicaHttpRequest, 'signed' | 'maxAnswerBytes' | 'target'> & { readonly path: string }

/** The answer as this schema has it. @throws SottoError for a problem, and `server-refused` for anything else. */
export function parse<T>(schema: z.ZodType<T>, answer: ReplicaHttpAnswer): T {
  if (answer.status >= 300) throw failureIn(answer)
  return believe(() => decodeBody(schema, answer.body))
}

/** What `read` returns; what it cannot read is no answer of a replica. */
export function believe<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ProtocolError) throw new SottoError('server-refused', {}, error)
    throw error
  }
}
