/** What a request about a slot says beside its body: slot, generation and number in the query, the token in `Authorization`. */
import type { FastifyRequest } from 'fastify'
import type { PieceRequest } from './rendezvous.ts'
import { queryNumber } from '../http/query.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { generationBytes, slotIdBytes, slotScheme, slotTokenBytes } from '#shared/linking/rendezvous.ts'

/** Null for a request without a token. */
export function tokenOf(request: FastifyRequest): Uint8Array | null {
  const [scheme, text = '', ...rest] = (request.headers.authorization ?? '').split(' ')
  return scheme === slotScheme && rest.length === 0 ? exactly(text, slotTokenBytes) : null
}

export function slotOf(request: FastifyRequest): Uint8Array | null {
  return queryBytes(request, 'slot', slotIdBytes)
}

export function pieceRequestOf(request: FastifyRequest): PieceRequest | null {
  const [slot, token] = [slotOf(request), tokenOf(request)]
  const generation = queryBytes(request, 'generation', generationBytes)
  const number = queryNumber(request, 'number', { otherwise: 0, most: Number.MAX_SAFE_INTEGER })
  if (slot === null || token === null || generation === null || number === null) return null
  return { slot, token, generation, number }
}

function queryBytes(request: FastifyRequest, name: string, length: number): Uint8Array | null {
  const values = new URLSearchParams(request.raw.url?.split('?')[1] ?? '').getAll(name)
  return values.length === 1 ? exactly(values[0] ?? '', length) : null
}

function exactly(text: string, length: number): Uint8Array | null {
  if (text.length > 2 * length) return null
  const bytes = fromBase64Url(text)
  return bytes?.length === length ? bytes : null
}
