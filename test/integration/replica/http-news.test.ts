/** WebSockets for news: who gets one, and when it is closed. */
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { RequestSigning } from '#main/replication/transport/request-signing.ts'
import { createConnector } from '#main/platform/sockets/connector.ts'
import { systemClock } from '#server/home/system-ports.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { MessageSocket } from '#shared/ports/sockets.ts'
import { newsProtocol, newsTarget } from '#shared/replication/api.ts'
import { channelBinding } from '#shared/replication/request.ts'
import { account, draw } from '#test/fakes/drawn-chain.ts'
import { BatchWriter, requestSigner } from '#test/fakes/replica-client.ts'
import { ReplicaWorld } from '#test/fakes/replica-server.ts'
import type { ReplicaLimits } from '#server/replica/limits.ts'

const picture = `0: A
1: 0 A adds B`
let world: ReplicaWorld
const sockets: MessageSocket[] = []
const start = async (limits: Partial<ReplicaLimits> = {}): Promise<void> => {
  world = await ReplicaWorld.start({ limits })
  await world.holds(picture)
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  await world.end()
})

interface Wish {
  readonly by?: string
  readonly target?: string
  readonly channel?: Uint8Array
}
/** Null when the server refuses. */
const listen = async ({ by = 'B', target = newsTarget, channel }: Wish = {}): Promise<MessageSocket | null> => {
  const { host, port, spkiPins } = world.address
  const raw = await world.raw()
  const challenge = await raw.challenge()
  raw.close()
  const signing = new RequestSigning({ account, by: requestSigner(by) }, { host, clock: systemClock })
  signing.setChallenge(challenge)
  const opened = await createConnector({ clock: systemClock }).authorizedWebSocket({
    url: `wss://${host}:${port}${newsTarget}`,
    ...{ subprotocol: newsProtocol, tls: { serverName: host, spkiPins } },
    authorize: (connection) => {
      const own = connection.exportKey(channelBinding.label, channelBinding.bytes)!
      return signing.authorization({ method: 'GET', target, body: utf8(''), channel: channel ?? own })
    },
  })
  if (opened.ok) sockets.push(opened.value)
  return opened.ok ? opened.value : null
}
const ends = (socket: MessageSocket): Promise<void> => new Promise((resolve) => socket.onClose(() => resolve()))

test('are for devices of the chain that signed for this connection and path', async () => {
  await start()
  expect(await listen({ by: 'M' })).toBeNull()
  expect(await listen({ by: 'paper' })).toBeNull()
  expect(await listen({ channel: new Uint8Array(32) })).toBeNull()
  expect(await listen({ target: '/replica/heads' })).toBeNull()
  expect(world.service.news.size).toBe(0)
  const socket = await listen()
  const heard = new Promise((resolve) => socket?.onMessage(resolve))
  await world.as('A').push(new BatchWriter('A', account).write([utf8('x')]).bytes, false)
  expect(await heard).toBe('stored')
})

test('are not for web pages', async () => {
  await start()
  const { host, port } = world.address
  const failure = (origin?: string): Promise<string> => {
    const options = { rejectUnauthorized: false, ...(origin === undefined ? {} : { origin }) }
    const socket = new WebSocket(`wss://${host}:${port}${newsTarget}`, newsProtocol, options)
    return new Promise((resolve) => socket.on('error', ({ message }) => resolve(message)))
  }
  expect(await failure('https://evil.example')).toContain('403')
  expect(await failure()).toContain('401')
})

test('are so many for an account', async () => {
  await start({ listenersPerAccount: 1 })
  const first = await listen()
  expect(first).not.toBeNull()
  expect(await listen({ by: 'A' })).toBeNull()
  first?.close()
  await expect.poll(() => world.service.news.size).toBe(0)
  expect(await listen({ by: 'A' })).not.toBeNull()
})

test('end when their device is revoked, others hear of the link', async () => {
  await start()
  const [revoked, other] = [await listen({ by: 'B' }), await listen({ by: 'A' })]
  const closed = ends(revoked!)
  const heard = new Promise((resolve) => other?.onMessage(resolve))
  // By the paper key's own client, so that device A hears of it.
  await world.as('paper').addLink(draw(`${picture}\n2: 1 paper revokes B`).get('2')!, false)
  await closed
  expect(await heard).toBe('chain')
  expect(world.service.news.size).toBe(1)
})

test('end with the account, and with the server', async () => {
  await start()
  const closed = ends((await listen())!)
  await world.as('A').erase()
  await closed
  await world.end()
  await start()
  const stopped = ends((await listen())!)
  await world.halt()
  await stopped
})
