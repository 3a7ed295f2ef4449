import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { channelBinding } from '#shared/replication/request.ts'

/**
 * Channel binding of a connection (RFC 9266); null without TLS. Empty before TLS 1.3, where two connections can have the same one
 * (RFC 9266 §4), so that no request fits it.
 */
export function channelOf(socket: Socket): Uint8Array | null {
  if (!(socket instanceof TLSSocket)) return null
  if (socket.getProtocol() !== 'TLSv1.3') return new Uint8Array()
  const { bytes, label } = channelBinding
  return new Uint8Array(socket.exportKeyingMaterial(bytes, label, Buffer.alloc(0)))
}
