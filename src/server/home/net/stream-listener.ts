import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type SecureContextOptions, type Server as TlsServer } from 'node:tls'
import { socketByteStream } from './byte-stream.ts'
import type { Admission } from './admission.ts'
import type { HomeLimits } from '../limits.ts'
import type { ByteStream } from '#shared/ports/sockets.ts'

export interface StreamListenerPorts {
  readonly admission: Admission
  readonly limits: HomeLimits
  readonly idleMs: number
  readonly onStream: (stream: ByteStream) => void
}

/** Closes over a listening server that can be bound again elsewhere while its connections live on. */
export interface Listener {
  /** Resolves with the port; rejects with the system's error. */
  listen(host: string, port: number): Promise<number>
  /** Stops taking connections; resolves once the port is free. Open connections stay. */
  unlisten(): Promise<void>
  /** Ends everything. */
  close(): Promise<void>
}

/** A plain TCP listener. */
export function tcpListener(ports: StreamListenerPorts): Listener {
  const server = createTcpServer({ noDelay: true }, (socket) => accept(socket, ports, false))
  return listenerOf(server)
}

/** A TLS listener (TLS 1.2 and up); `renew` swaps the certificate for new connections. */
export function tlsListener(
  ports: StreamListenerPorts,
  context: SecureContextOptions,
): Listener & { renew(context: SecureContextOptions): void } {
  const server: TlsServer = createTlsServer({
    ...context,
    minVersion: 'TLSv1.2',
    handshakeTimeout: ports.limits.handshakeMs,
  })
  // The place is taken before the handshake, so that unfinished ones count.
  server.on('connection', (socket: Socket) => {
    const release = ports.admission.admit(socket.remoteAddress ?? '')
    if (release === null) return socket.destroy()
    socket.once('close', release)
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  server.on('secureConnection', (socket) => {
    ports.onStream(socketByteStream(socket, { secure: true, idleMs: ports.idleMs }))
  })
  return { ...listenerOf(server), renew: (next) => server.setSecureContext({ ...next, minVersion: 'TLSv1.2' }) }
}

/** The listening half of any `net.Server`. */
export function listenerOf(server: Server): Listener {
  const sockets = new Set<Socket>()
  // Failing to accept (too many open files) ends nothing that runs.
  server.on('error', () => undefined)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const unlisten = async (): Promise<void> => {
    if (!server.listening) return
    // `close` calls back only when the connections are gone; the port is free at once.
    server.close()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port }, () => {
          server.removeListener('error', reject)
          const address = server.address()
          resolve(typeof address === 'object' && address !== null ? address.port : port)
        })
      }),
    unlisten,
    close: async () => {
      await unlisten()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function accept(socket: Socket, ports: StreamListenerPorts, secure: boolean): void {
  const release = ports.admission.admit(socket.remoteAddress ?? '')
  if (release === null) return void socket.destroy()
  socket.once('close', release)
  ports.onStream(socketByteStream(socket, { secure, idleMs: ports.idleMs }))
}
