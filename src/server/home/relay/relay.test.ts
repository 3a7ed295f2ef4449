import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createHttpServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { createConnector } from '#main/platform/sockets/connector.ts'
import { digestHa1, type DigestCredentials } from '#protocol/msrp/auth.ts'
import { MsrpClient } from '#protocol/msrp/client.ts'
import type { MsrpConnection } from '#protocol/msrp/connection.ts'
import type { LocalPath } from '#protocol/msrp/local-path.ts'
import { defaultSessionTiming, type OutgoingMessage } from '#protocol/msrp/session.ts'
import type { MsrpSession, SessionHandlers } from '#protocol/msrp/session-runner.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { ByteStream, ConnectorPort } from '#shared/ports/sockets.ts'
import { defaultHomeLimits } from '../limits.ts'
import { socketByteStream } from '../net/byte-stream.ts'
import { serverMessageSocket } from '../net/message-socket.ts'
import { systemClock as clock, systemRandom as random } from '../system-ports.ts'
import { defaultRelayLimits, type RelayLimits } from './limits.ts'
import { MsrpRelay } from './relay.ts'

const ignore = (): void => undefined
const silent: LogPort = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silent }
const realm = 'home.test'
const passwords = new Map([
  ['alice', 'alice-secret'],
  ['bob', 'bob-secret'],
])

interface Running {
  readonly relay: MsrpRelay
  readonly urls: { readonly tcp: string; readonly ws: string }
  readonly tcpPort: number
  /** The relay's side of its TCP connections. */
  readonly accepted: readonly ByteStream[]
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close())
  return (server.address() as AddressInfo).port
}

async function startRelay(limits: Partial<RelayLimits> = {}): Promise<Running> {
  let tcpPort = 0
  const relay = new MsrpRelay({
    realm,
    advertise: () => ({ host: '127.0.0.1', port: tcpPort }),
    secrets: {
      ha1: (user, atRealm, algorithm) => {
        const password = passwords.get(user)
        return Promise.resolve(password === undefined ? null : digestHa1(algorithm, user, atRealm, password))
      },
    },
    clock,
    random,
    log: silent,
    limits: { ...defaultRelayLimits, ...limits },
  })
  cleanups.push(() => relay.stop())
  const accepted: ByteStream[] = []
  const onSocket = (socket: Socket): void => {
    const stream = socketByteStream(socket, { secure: false, idleMs: 60_000 })
    accepted.push(stream)
    relay.acceptStream(stream)
  }
  tcpPort = await listen(createServer(onSocket))
  const http = createHttpServer()
  const upgrader = new WebSocketServer({ server: http, handleProtocols: () => 'msrp', maxPayload: 1_000_000 })
  upgrader.on('connection', (socket, request) => {
    const at = { host: request.socket.localAddress!, port: 0 }
    relay.acceptSocket(
      serverMessageSocket(socket, { secure: false, local: at, remote: at }, { clock, limits: defaultHomeLimits }),
    )
  })
  const wsPort = await listen(http)
  return { relay, accepted, tcpPort, urls: { tcp: `msrp://127.0.0.1:${tcpPort};tcp`, ws: `ws://127.0.0.1:${wsPort}/` } }
}

const client = new MsrpClient({ connector: createConnector({ clock }), clock, random, log: silent })

function credentialsOf(
  user: string,
  only?: 'MD5' | 'SHA-256',
  password = passwords.get(user) ?? '',
): DigestCredentials {
  return {
    username: user,
    realm,
    ha1Md5: only === 'SHA-256' ? null : digestHa1('MD5', user, realm, password),
    ha1Sha256: only === 'MD5' ? null : digestHa1('SHA-256', user, realm, password),
    strongest: only ?? null,
  }
}

async function connect(url: string, user: string, credentials = credentialsOf(user)): Promise<MsrpConnection> {
  const connected = await client.connectRelay({ url, credentials })
  if (!connected.ok) throw new Error(connected.error.kind)
  cleanups.push(() => connected.value.close())
  return connected.value
}

async function reserve(connection: MsrpConnection): Promise<LocalPath> {
  const path = await connection.reservePath()
  if (!path.ok) throw new Error(path.error.kind)
  return path.value
}

function open(
  connection: MsrpConnection,
  local: LocalPath,
  remote: LocalPath,
  handlers: SessionHandlers & { role?: 'active' },
): MsrpSession {
  const config = {
    remotePath: remote.path,
    role: handlers.role ?? ('passive' as const),
    acceptTypes: ['*'],
    timing: { ...defaultSessionTiming, transactionMs: 5000, reportMs: 5000 },
    maxInFlight: 8,
    maxUndecided: 256,
  }
  return connection.openSession(local, { config, handlers })
}

let count = 0
function messageOf(body: Uint8Array | string, overrides: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    messageId: `message${(count += 1)}`,
    contentType: 'text/plain',
    body: typeof body === 'string' ? Buffer.from(body) : body,
    headers: [],
    successReport: true,
    failureReport: 'yes',
    chunkBytes: 8192,
    ...overrides,
  }
}

interface Pair {
  readonly a: MsrpSession
  readonly b: MsrpSession
  readonly connections: readonly [MsrpConnection, MsrpConnection]
  readonly atA: string[]
  readonly atB: string[]
}

async function pair(first: string, second: string, onB?: SessionHandlers['onMessage']): Promise<Pair> {
  const connections = [await connect(first, 'alice'), await connect(second, 'bob')] as const
  const [pa, pb] = [await reserve(connections[0]), await reserve(connections[1])]
  const [atA, atB]: [string[], string[]] = [[], []]
  const keep =
    (list: string[]): SessionHandlers['onMessage'] =>
    (message, decision) => {
      list.push(Buffer.from(message.body).toString())
      decision.accept()
    }
  const b = open(connections[1], pb, pa, { onMessage: onB ?? keep(atB) })
  const a = open(connections[0], pa, pb, { role: 'active', onMessage: keep(atA) })
  return { a, b, connections, atA, atB }
}

describe('two people on one relay', () => {
  it.each([
    ['ws', 'ws'],
    ['tcp', 'tcp'],
    ['ws', 'tcp'],
    ['tcp', 'ws'],
  ] as const)('%s to %s: messages both ways, delivered', async (first, second) => {
    const { urls } = await startRelay()
    const { a, b, atA, atB } = await pair(urls[first], urls[second])
    const large = 'ü'.repeat(300_000)
    const outcomes = await Promise.all([
      a.send(messageOf('one')),
      a.send(messageOf(large)),
      b.send(messageOf('back')),
      a.send(messageOf('')),
    ])
    expect(outcomes).toEqual(Array(4).fill({ kind: 'delivered' }))
    expect([...atB].sort()).toEqual(['', 'one', large].sort())
    expect(atA).toEqual(['back'])
  })

  it('one chunk above the limit is cut on the way and whole again at the end', async () => {
    const { urls } = await startRelay()
    const { a, atB } = await pair(urls.tcp, urls.ws)
    const body = Buffer.alloc(500_000, 'abcdefg\r\n-------')
    expect(await a.send(messageOf(body, { chunkBytes: 1_000_000 }))).toEqual({ kind: 'delivered' })
    expect(atB).toEqual([body.toString()])
  })

  it('the receiver sees the path two relays would have written', async () => {
    const { urls } = await startRelay()
    const heads: string[][] = []
    const connections = [await connect(urls.ws, 'alice'), await connect(urls.ws, 'bob')] as const
    const [pa, pb] = [await reserve(connections[0]), await reserve(connections[1])]
    open(connections[1], pb, pa, {
      onMessage: (_message, decision) => decision.accept(),
      openSink: (head) => {
        heads.push([...head.toPath], [...head.fromPath])
        return null
      },
    })
    const a = open(connections[0], pa, pb, { role: 'active', onMessage: ignore })
    expect(await a.send(messageOf('x'))).toEqual({ kind: 'delivered' })
    expect(heads).toEqual([[pb.path[1]], [pb.path[0], pa.path[0], pa.path[1]]])
  })

  it('the answer waits until the message is durable, and a refusal comes back', async () => {
    const { urls } = await startRelay()
    const accepts: (() => void)[] = []
    const { a } = await pair(urls.ws, urls.tcp, (message, decision) => {
      if (Buffer.from(message.body).toString() === 'no') decision.refuse(415)
      else accepts.push(() => decision.accept())
    })
    let outcome: unknown = null
    const sent = a.send(messageOf('yes')).then((value) => (outcome = value))
    expect(await a.send(messageOf('no'))).toEqual({ kind: 'failed', status: 415, cause: 'report' })
    expect(accepts).toHaveLength(1)
    expect(outcome).toBeNull()
    accepts[0]!()
    await sent
    expect(outcome).toEqual({ kind: 'delivered' })
  })

  it('a vanished receiver is reported, at once or when it was there before', async () => {
    const { urls } = await startRelay()
    const { a, b, connections } = await pair(urls.ws, urls.ws, () => connections[1].close())
    expect(await a.send(messageOf('falls into the gap'))).toMatchObject({ kind: 'failed', status: 481 })
    expect(await a.send(messageOf('nobody there'))).toMatchObject({ kind: 'failed', status: 481 })
    expect(b.phase).toBe('closed')
  })
})

describe('who may send', () => {
  it.each(['MD5', 'SHA-256'] as const)('knows %s', async (algorithm) => {
    const { urls } = await startRelay()
    const connection = await connect(urls.ws, 'alice', credentialsOf('alice', algorithm))
    const path = await reserve(connection)
    expect(path.path).toHaveLength(2)
    expect(path.path[0]).toMatch(/^msrp:\/\/127\.0\.0\.1:\d+\/[\w-]{24};tcp$/)
    expect((await reserve(connection)).path[0]).not.toBe(path.path[0])
  })

  it.each(['alice', 'nobody'])(
    'a wrong password of %s is refused, and ends the connection when tried on',
    async (user) => {
      const { urls } = await startRelay({ maxAuthFailures: 3 })
      const connection = await connect(urls.tcp, user, credentialsOf(user, undefined, 'guess'))
      const kinds: unknown[] = []
      for (let tries = 0; tries < 4; tries += 1) {
        const path = await connection.reservePath()
        kinds.push(path.ok || path.error.kind)
      }
      expect(kinds).toEqual(['rejected', 'rejected', expect.stringMatching(/^(rejected|closed)$/), 'closed'])
    },
  )

  it('asks for another life of a path when it is out of bounds', async () => {
    const { urls } = await startRelay({ expiresSeconds: { min: 60, usual: 90, max: 120 } })
    for (const expiresSeconds of [1, 100, 100_000]) {
      const connected = await client.connectRelay({ url: urls.ws, credentials: credentialsOf('bob'), expiresSeconds })
      if (!connected.ok) throw new Error('not connected')
      cleanups.push(() => connected.value.close())
      expect((await connected.value.reservePath()).ok).toBe(true)
    }
  })
})

/** A bare TCP client that says exactly what it is told. */
async function bare(
  port: number,
): Promise<{ say: (text: string) => void; heard: (count: number) => Promise<string[]>; socket: Socket }> {
  const { connect: connectTcp } = await import('node:net')
  const socket = connectTcp(port, '127.0.0.1')
  cleanups.push(() => socket.destroy())
  let text = ''
  socket.on('data', (bytes) => (text += bytes.toString('latin1')))
  socket.on('error', ignore)
  const frames = (): string[] => text.split(/(?<=\r\n-------[^\r\n]+[$+#]\r\n)/).filter((frame) => frame !== '')
  const heard = async (wanted: number): Promise<string[]> => {
    for (let turn = 0; turn < 400 && frames().length < wanted && !socket.closed; turn += 1)
      await new Promise((r) => setTimeout(r, 5))
    return frames()
  }
  return { say: (line) => void socket.write(line, 'latin1'), heard, socket }
}

describe('hostile clients', () => {
  const own = 'msrp://x.invalid:2855/own;tcp'
  it('nobody sends, reports or asks for another relay before AUTH', async () => {
    const { tcpPort, urls } = await startRelay()
    const victim = await reserve(await connect(urls.ws, 'bob'))
    const { say, heard } = await bare(tcpPort)
    const to = victim.path.join(' ')
    say(
      `MSRP aaaa1 SEND\r\nTo-Path: ${to}\r\nFrom-Path: ${own}\r\nMessage-ID: m1234\r\nContent-Type: text/plain\r\n\r\nspam\r\n-------aaaa1$\r\n`,
    )
    say(`MSRP aaaa2 NICKNAME\r\nTo-Path: ${to}\r\nFrom-Path: ${own}\r\n-------aaaa2$\r\n`)
    say(`MSRP aaaa3 AUTH\r\nTo-Path: ${victim.path[0]} msrp://else;tcp\r\nFrom-Path: ${own}\r\n-------aaaa3$\r\n`)
    say(
      `MSRP aaaa4 REPORT\r\nTo-Path: ${to}\r\nFrom-Path: ${own}\r\nMessage-ID: m1234\r\nStatus: 000 200 OK\r\n-------aaaa4$\r\n`,
    )
    say(`MSRP aaaa5 AUTH\r\nTo-Path: msrp://relay;tcp\r\nFrom-Path: ${own}\r\n-------aaaa5$\r\n`)
    const frames = await heard(4)
    expect(frames.map((frame) => frame.slice(0, 14))).toEqual([
      'MSRP aaaa1 403',
      'MSRP aaaa2 403',
      'MSRP aaaa3 403',
      'MSRP aaaa5 401',
    ])
  })

  it('an answer to a challenge works once, on its own connection', async () => {
    const { tcpPort } = await startRelay()
    const { authorize, parseChallenge } = await import('#protocol/msrp/auth.ts')
    const credentials = credentialsOf('alice', 'MD5')
    const uri = 'msrp://127.0.0.1;tcp'
    const auth = (id: string, extra = ''): string =>
      `MSRP ${id} AUTH\r\nTo-Path: ${uri}\r\nFrom-Path: ${own}\r\n${extra}-------${id}$\r\n`
    const one = await bare(tcpPort)
    one.say(auth('aaaa1'))
    const challenges = [...(await one.heard(1))[0]!.matchAll(/WWW-Authenticate: (.*)\r\n/g)].map((match) =>
      parseChallenge(match[1]!)!,
    )
    expect(challenges.map((challenge) => challenge.algorithm)).toEqual(['SHA-256', 'MD5'])
    const chosen = { challenge: challenges[1]!, ha1: credentials.ha1Md5! }
    const answer = `Authorization: ${authorize(chosen, credentials, { uri, cnonce: 'c1', nc: 1 })}\r\n`
    const again = `Authorization: ${authorize(chosen, credentials, { uri, cnonce: 'c2', nc: 2 })}\r\n`
    one.say(auth('aaaa2', answer) + auth('aaaa3', answer) + auth('aaaa4', again))
    const frames = await one.heard(4)
    expect(frames.map((frame) => frame.slice(0, 14))).toEqual([
      'MSRP aaaa1 401',
      'MSRP aaaa2 200',
      'MSRP aaaa3 401',
      'MSRP aaaa4 200',
    ])
    expect(frames[2]).toContain('stale=true')
    const two = await bare(tcpPort)
    two.say(auth('bbbb1', again))
    expect((await two.heard(1))[0]).toMatch(/^MSRP bbbb1 401[\s\S]*stale=true/)
  })

  it.each([
    ['garbage', 'GET / HTTP/1.1\r\n\r\n'],
    ['an endless head', `MSRP aaaa1 SEND\r\n${'X: y\r\n'.repeat(3000)}`],
    ['a foreign end', 'MSRP aaaa1 SEND\r\n-------bbbb1$\r\n'],
  ])('%s ends the connection and nothing else', async (_name, text) => {
    const { tcpPort, relay, urls } = await startRelay()
    const kept = await connect(urls.tcp, 'bob')
    const { say, socket } = await bare(tcpPort)
    say(text)
    await new Promise<void>((resolve) => socket.once('close', () => resolve()))
    expect((await kept.reservePath()).ok).toBe(true)
    expect(relay.connections).toBe(1)
  })

  it('silence is cut off, and so is who never signs in', async () => {
    const { tcpPort } = await startRelay({ firstRequestMs: 30, authenticateMs: 80 })
    const [quiet, stranger] = [await bare(tcpPort), await bare(tcpPort)]
    stranger.say(`MSRP aaaa1 SEND\r\nTo-Path: ${own}\r\nFrom-Path: ${own}\r\n-------aaaa1$\r\n`)
    const ended = (socket: Socket): Promise<string> =>
      new Promise((resolve) => socket.once('close', () => resolve('closed')))
    expect(await Promise.all([ended(quiet.socket), ended(stranger.socket)])).toEqual(['closed', 'closed'])
  })

  it('a receiver that does not read stops its sender instead of filling memory, and loses nothing', async () => {
    const { urls, accepted } = await startRelay()
    const connector = createConnector({ clock })
    const streams: ByteStream[] = []
    const stream: ConnectorPort['stream'] = async (...args) => {
      const opened = await connector.stream(...args)
      if (opened.ok) streams.push(opened.value)
      return opened
    }
    const watched = new MsrpClient({ connector: { ...connector, stream }, clock, random, log: silent })
    const receiver = await watched.connectRelay({ url: urls.tcp, credentials: credentialsOf('bob') })
    if (!receiver.ok) throw new Error('not connected')
    cleanups.push(() => receiver.value.close())
    const sender = await connect(urls.tcp, 'alice')
    const [ps, pr] = [await reserve(sender), await reserve(receiver.value)]
    const total = 30
    let received = 0
    const done = new Promise<void>((resolve) => {
      open(receiver.value, pr, ps, {
        onMessage: (_message, decision) => {
          decision.accept()
          if ((received += 1) === total) resolve()
        },
      })
    })
    streams[0]!.pause()
    const a = open(sender, ps, pr, { role: 'active', onMessage: ignore })
    const body = Buffer.alloc(1_000_000)
    const plain = { successReport: false, failureReport: 'no', chunkBytes: 65_536 } as const
    const sends = Array.from({ length: total }, () => a.send(messageOf(body, plain)))
    await new Promise((resolve) => setTimeout(resolve, 300))
    const queued = accepted.map((each) => each.bufferedBytes)
    expect(Math.max(...queued)).toBeGreaterThan(0)
    expect(Math.max(...queued)).toBeLessThan(1_000_000)
    expect(received).toBe(0)
    streams[0]!.resume()
    await done
    expect(await Promise.all(sends)).toEqual(Array(total).fill({ kind: 'accepted' }))
  })
})
