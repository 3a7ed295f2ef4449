import type { FastifyRequest } from 'fastify'

/** A number of the query, or `otherwise` where it is not there; null for anything else than decimal digits, or above `most`. */
export function queryNumber(
  request: FastifyRequest,
  name: string,
  wanted: { otherwise: number; most: number },
): number | null {
  const values = new URLSearchParams(request.raw.url?.split('?')[1] ?? '').getAll(name)
  const [value] = values
  if (value === undefined) return wanted.otherwise
  if (values.length > 1 || !/^\d{1,15}$/.test(value)) return null
  return Number(value) <= wanted.most ? Number(value) : null
}
