/** Debian's coturn on free loopback ports. */
import { createSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '#main/platform/system-random.ts'
import { encodeStun, methods } from '#protocol/ice/stun-message.ts'
import type { TurnServer } from '#protocol/ice/turn-socket.ts'
import { freePorts, makeRunFolder, startPeer, waitUntil, type RunningPeer } from './peers.ts'

export const coturnPrograms = ['turnserver'] as const

const credentials = { username: 'alice', password: 'correct horse' }

export interface Coturn {
  readonly peer: RunningPeer
  readonly server: TurnServer
}

/**
 * This computer's address on a network. A phone's candidates are such addresses, and no pair has one of them at one end and a
 * relay on loopback at the other.
 */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal)
  if (found === undefined) throw new Error('this computer is on no network')
  return found.address
}

/** Starts it and waits until it answers; its relays are at `relayHost`, loopback by default. */
export async function startCoturn(relayHost = '127.0.0.1'): Promise<Coturn> {
  const folder = makeRunFolder('coturn')
  const [port = 0, other = 0] = await freePorts(2)
  // Below the ports that the system gives away: nobody else's socket lies in the range.
  const relayPorts = 12_000 + (other % 16_000)
  const lines = [
    ...['listening-ip=127.0.0.1', `relay-ip=${relayHost}`, `listening-port=${port}`],
    ...[`min-port=${relayPorts}`, `max-port=${relayPorts + 400}`, 'realm=sotto.example', 'fingerprint', 'lt-cred-mech'],
    ...[`user=${credentials.username}:${credentials.password}`, 'user=narrow:narrow', 'user-quota=8'],
    ...['no-tls', 'no-dtls', 'no-tcp', 'no-tcp-relay', 'no-cli', 'allow-loopback-peers', 'no-multicast-peers'],
    ...[`userdb=${join(folder, 'turndb')}`, `pidfile=${join(folder, 'pid')}`, 'log-file=stdout', 'simple-log'],
  ]
  writeFileSync(join(folder, 'turnserver.conf'), `${lines.join('\n')}\n`)
  const peer = startPeer('turnserver', ['-c', join(folder, 'turnserver.conf')], folder)
  await answersBinding(peer, port)
  return { peer, server: { address: { host: '127.0.0.1', port }, credentials } }
}

/** Its own log comes late through a pipe; the first answer tells more. */
async function answersBinding(peer: RunningPeer, port: number): Promise<void> {
  const socket = createSocket('udp4')
  let isAnswered = false
  socket.on('message', () => (isAnswered = true))
  socket.on('error', () => undefined)
  const question = encodeStun({
    class: 'request',
    method: methods.binding,
    transactionId: systemRandom.bytes(12),
    attributes: [],
  })
  await waitUntil(() => {
    if (peer.process.exitCode !== null) throw new Error(`turnserver ended: ${peer.output().slice(-2000)}`)
    if (!isAnswered) socket.send(question, port, '127.0.0.1')
    return isAnswered
  }, 'turnserver')
  socket.close()
}
