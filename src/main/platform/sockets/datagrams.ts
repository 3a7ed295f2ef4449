import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import { isIPv4, isIPv6, type AddressInfo } from 'node:net'
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import type { DatagramAddress, DatagramsPort, DatagramSocket } from '#shared/ports/datagrams.ts'
import type { SocketFailure } from '#shared/ports/sockets.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { failureOfError } from './failure.ts'

/** A key frame of video comes as a burst; the system's own size (208 KiB on Linux) drops its end. */
const bufferBytes = 1024 * 1024

/** UDP of this computer. What goes wrong after binding is loss, as on the network itself. */
export function createDatagrams(read: () => NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces): DatagramsPort {
  return { bind, localAddresses: () => addressesOf(read()) }
}

function addressesOf(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): readonly string[] {
  const found = Object.values(interfaces).flatMap((list) => list ?? [])
  const usable = found.filter(({ internal, address }) => !internal && !isLinkLocal(address))
  return [...new Set(usable.map(({ address }) => unmapped(address)))]
}

function isLinkLocal(address: string): boolean {
  return address.startsWith('169.254.') || /^fe[89ab]/i.test(address)
}

function unmapped(address: string): string {
  if (!address.startsWith('::')) return address
  const tail = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return tail?.[1] ?? address
}

function bind(at: DatagramAddress): Promise<Result<DatagramSocket, SocketFailure>> {
  const host = unmapped(at.host)
  // A name would be looked up, and asking for one is not this port's to do.
  if (!isIPv4(host) && !isIPv6(host)) return Promise.resolve(err({ kind: 'unreachable' }))
  return new Promise((resolve) => {
    const socket = isIPv4(host)
      ? createSocket({ type: 'udp4', lookup: literally })
      : createSocket({ type: 'udp6', ipv6Only: true, lookup: literally })
    socket.once('error', (error) => {
      socket.close()
      resolve(err(failureOfError(error)))
    })
    socket.bind({ address: host, port: at.port, exclusive: true }, () => {
      socket.removeAllListeners('error')
      // Stays: a late error (ICMP, an interface that went away) must not become an uncaught exception.
      socket.on('error', () => undefined)
      growBuffers(socket)
      resolve(ok(datagramSocket(socket)))
    })
  })
}

/** Only addresses are sent to; Node.js' own lookup would put every packet off to the next turn for them, too. */
const literally: NonNullable<SocketOptions['lookup']> = (host, _options, done) => {
  done(null, host, isIPv4(host) ? 4 : 6)
}

function growBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(bufferBytes)
    socket.setSendBufferSize(bufferBytes)
  } catch {
    // The system may refuse; its own size then has to do.
  }
}

function datagramSocket(socket: Socket): DatagramSocket {
  const bound: AddressInfo = socket.address()
  const accepts = hostsOf(bound.family === 'IPv4' ? isIPv4 : isIPv6)
  let open = true
  socket.on('close', () => {
    open = false
  })
  return {
    local: { host: bound.address, port: bound.port },
    send: (bytes, to) => {
      const host = accepts(to.host)
      const isSendable = open && host !== null && Number.isInteger(to.port) && to.port > 0 && to.port < 65_536
      if (isSendable) sendQuietly(socket, bytes, { host, port: to.port })
    },
    onDatagram: (handler) => {
      socket.on('message', (bytes, from) => handler(bytes, { host: unmapped(from.address), port: from.port }))
    },
    close: () => {
      if (!open) return
      open = false
      socket.close()
    },
  }
}

/** The address to send to, or null for one of the other family; packets mostly go where the last one went. */
function hostsOf(accepts: (host: string) => boolean): (host: string) => string | null {
  let last = { given: '', host: null as string | null }
  return (given) => {
    if (given !== last.given) {
      const host = unmapped(given)
      last = { given, host: accepts(host) ? host : null }
    }
    return last.host
  }
}

/** What cannot be sent is lost, as the network loses it; without a callback nothing waits for the packet. */
function sendQuietly(socket: Socket, bytes: Uint8Array, to: DatagramAddress): void {
  try {
    socket.send(bytes, to.port, to.host)
  } catch {
    return
  }
}
