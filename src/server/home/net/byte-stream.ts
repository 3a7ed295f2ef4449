import type { Socket } from 'node:net'
import type { ByteStream } from '#shared/ports/sockets.ts'

/** The server's side of a TCP or TLS connection as a {@link ByteStream}; closed when idle for `idleMs`. */
export function socketByteStream(
  socket: Socket,
  options: { readonly secure: boolean; readonly idleMs: number },
): ByteStream {
  let closed = false
  socket.setNoDelay(true)
  socket.setTimeout(options.idleMs, () => socket.destroy())
  // The close event follows every error; reasons of strangers' connections interest nobody.
  socket.on('error', () => undefined)
  socket.once('close', () => (closed = true))
  return {
    remote: { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
    local: { host: socket.localAddress ?? '', port: socket.localPort ?? 0 },
    secure: options.secure,
    write: (bytes) => (closed || socket.destroyed ? false : socket.write(bytes)),
    get bufferedBytes() {
      return socket.writableLength
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => endOrDestroy(socket),
    onData: (handler) => void socket.on('data', (bytes: Uint8Array) => handler(bytes)),
    onDrain: (handler) => void socket.on('drain', handler),
    onClose: (handler) => void socket.once('close', () => handler()),
  }
}

const lingerMs = 2_000

/** Lets written bytes out, but does not wait for a peer that reads nothing. */
function endOrDestroy(socket: Socket): void {
  if (socket.destroyed) return
  socket.end()
  socket.setTimeout(lingerMs, () => socket.destroy())
}
