import type { SocketFailure } from '#shared/ports/sockets.ts'

const kinds: Readonly<Record<string, 'refused' | 'unreachable' | 'timed-out' | 'closed' | 'dns'>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ETIMEDOUT: 'timed-out',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  ECONNABORTED: 'closed',
  ABORT_ERR: 'closed',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ENODATA: 'dns',
}

/** What a socket's error means to the user; anything unknown (TLS alerts, bad handshakes) is `protocol`. */
export function failureOfError(error: unknown): SocketFailure {
  return { kind: kinds[codeOf(error)] ?? 'protocol' }
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}
