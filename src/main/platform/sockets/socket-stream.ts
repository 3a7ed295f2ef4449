import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ByteStream, SocketFailure } from '#shared/ports/sockets.ts'
import { failureOfError } from './failure.ts'

/** A connected socket as {@link ByteStream}; takes over all its events. */
export function socketStream(socket: Socket, secure: boolean): ByteStream {
  const remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
  const local = { host: socket.localAddress ?? '', port: socket.localPort ?? 0 }
  let failure: SocketFailure | undefined
  let closed = socket.destroyed
  let closeHandler: ((failure?: SocketFailure) => void) | null = null
  socket.on('error', (error) => {
    failure ??= failureOfError(error)
  })
  socket.on('close', () => {
    closed = true
    closeHandler?.(failure)
  })
  return {
    remote,
    local,
    secure,
    write: (bytes) => socket.write(bytes),
    get bufferedBytes() {
      return socket.writableLength
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => {
      socket.end()
      // Peers that never close their side must not keep the socket.
      socket.destroySoon()
    },
    exportKey: (label, bytes) => exportKey(socket, label, bytes),
    onData: (handler) => {
      socket.on('data', handler)
      socket.resume()
    },
    onDrain: (handler) => void socket.on('drain', handler),
    onClose: (handler) => {
      closeHandler = handler
      if (closed) handler(failure)
    },
  }
}

/** Before TLS 1.3 two connections can have the same (RFC 9266 §4). */
export function exportKey(socket: Socket, label: string, bytes: number): Uint8Array | null {
  if (!(socket instanceof TLSSocket) || socket.getProtocol() !== 'TLSv1.3') return null
  return Uint8Array.from(socket.exportKeyingMaterial(bytes, label, Buffer.alloc(0)))
}
