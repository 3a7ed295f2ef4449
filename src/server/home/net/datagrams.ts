import { createSocket } from 'node:dgram'
import { isIP } from 'node:net'
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { SocketFailure } from '#shared/ports/sockets.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** UDP for media: what goes wrong after binding is loss, as on the network itself. */
export const systemDatagrams: Pick<DatagramsPort, 'bind'> = { bind }

/** A key frame of video comes as a burst, longer than the system's own buffer. */
const bufferBytes = 1_048_576

function bind(at: DatagramAddress): Promise<Result<DatagramSocket, SocketFailure>> {
  const family = isIP(at.host)
  if (family === 0) return Promise.resolve(err({ kind: 'unreachable' }))
  return new Promise((resolve) => {
    const socket = family === 4 ? createSocket('udp4') : createSocket({ type: 'udp6', ipv6Only: true })
    let isOpen = true
    socket.once('error', () => {
      isOpen = false
      socket.close()
      resolve(err({ kind: 'unreachable' }))
    })
    socket.bind({ address: at.host, port: at.port, exclusive: true }, () => {
      socket.removeAllListeners('error')
      // ICMP errors of the peer surface here.
      socket.on('error', () => undefined)
      quietly(() => socket.setRecvBufferSize(bufferBytes))
      quietly(() => socket.setSendBufferSize(bufferBytes))
      const { address: host, port } = socket.address()
      resolve(
        ok({
          local: { host, port },
          send: (bytes, to) => {
            if (isOpen) quietly(() => socket.send(bytes, to.port, to.host, () => undefined))
          },
          onDatagram: (handler) => {
            socket.on('message', (bytes, from) => handler(bytes, { host: from.address, port: from.port }))
          },
          close: () => {
            if (isOpen) socket.close()
            isOpen = false
          },
        }),
      )
    })
  })
}

/** The system may refuse a size, an address or a port: then the packet is lost, or its own size has to do. */
function quietly(run: () => void): void {
  try {
    run()
  } catch {
    return
  }
}
