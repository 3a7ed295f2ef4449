/** The least that a bridge between two sockets can be: a process that sends on what it hears, to whoever is on the other side. */
import { createSocket, type RemoteInfo } from 'node:dgram'

const [near, far] = [createSocket('udp4'), createSocket('udp4')]
const peers: { near: RemoteInfo | null; far: RemoteInfo | null } = { near: null, far: null }

near.on('message', (bytes, from) => {
  peers.near = from
  if (peers.far !== null) far.send(bytes, peers.far.port, peers.far.address)
})
far.on('message', (bytes, from) => {
  peers.far = from
  if (peers.near !== null) near.send(bytes, peers.near.port, peers.near.address)
})
near.bind(0, '127.0.0.1', () =>
  far.bind(0, '127.0.0.1', () => process.send?.([near.address().port, far.address().port])),
)
process.on('message', () => process.send?.(process.cpuUsage()))
process.on('disconnect', () => process.exit())
