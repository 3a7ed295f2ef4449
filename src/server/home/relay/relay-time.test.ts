import { afterEach, describe, expect, it } from 'vitest'
import { digestHa1 } from '#protocol/msrp/auth.ts'
import { MsrpClient } from '#protocol/msrp/client.ts'
import type { MsrpConnection } from '#protocol/msrp/connection.ts'
import type { LocalPath } from '#protocol/msrp/local-path.ts'
import { defaultSessionTiming, type SendOutcome } from '#protocol/msrp/session.ts'
import type { MsrpSession } from '#protocol/msrp/session-runner.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { ByteStream, ConnectorPort } from '#shared/ports/sockets.ts'
import { ok } from '#shared/result.ts'
import { FakeClock, settle } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { defaultRelayLimits } from './limits.ts'
import { fuzz } from './relay.fuzz.ts'
import { MsrpRelay } from './relay.ts'

const ignore = (): void => undefined
const silent: LogPort = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silent }

/** Two ends of a connection inside this process; `mute` swallows what the first end writes. */
function memoryStreams(): { ends: [ByteStream, ByteStream]; mute: () => void } {
  let muted = false
  let open = true
  const handlers: { data: (bytes: Uint8Array) => void; close: () => void }[] = [0, 1].map(() => ({
    data: ignore,
    close: ignore,
  }))
  const end = (own: 0 | 1): ByteStream => ({
    remote: { host: '127.0.0.1', port: 1 },
    local: { host: '127.0.0.1', port: 2 },
    secure: true,
    bufferedBytes: 0,
    write: (bytes) => {
      if (!(muted && own === 0)) setImmediate(() => open && handlers[1 - own]!.data(bytes))
      return true
    },
    pause: ignore,
    resume: ignore,
    close: () => {
      open = false
      setImmediate(() => handlers.forEach(({ close }) => close()))
    },
    onData: (handler) => void (handlers[own]!.data = handler),
    onDrain: ignore,
    onClose: (handler) => void (handlers[own]!.close = handler),
  })
  return { ends: [end(0), end(1)], mute: () => (muted = true) }
}

interface World {
  readonly clock: FakeClock
  readonly relay: MsrpRelay
  readonly a: { readonly connection: MsrpConnection; readonly path: LocalPath }
  readonly b: { readonly connection: MsrpConnection; readonly path: LocalPath }
  /** Swallows what bob's client writes from now on. */
  readonly muteBob: () => void
}

const cleanups: (() => void)[] = []
afterEach(() => cleanups.splice(0).forEach((cleanup) => cleanup()))

async function world(): Promise<World> {
  const clock = new FakeClock()
  const random = new SeededRandom('relay-time')
  const relay = new MsrpRelay({
    realm: 'home.test',
    advertise: () => ({ host: 'relay.test', port: 2855 }),
    secrets: { ha1: (user, realm, algorithm) => Promise.resolve(digestHa1(algorithm, user, realm, user)) },
    ...{ clock, random, log: silent },
    limits: { ...defaultRelayLimits, expiresSeconds: { min: 60, usual: 600, max: 600 } },
  })
  cleanups.push(() => relay.stop())
  const mutes: (() => void)[] = []
  const connector: ConnectorPort = {
    stream: () => {
      const { ends, mute } = memoryStreams()
      mutes.push(mute)
      relay.acceptStream(ends[1])
      return Promise.resolve(ok(ends[0]))
    },
    webSocket: () => Promise.reject(new Error('not here')),
  }
  const client = new MsrpClient({ connector, clock, random, log: silent })
  const join = async (user: string): Promise<World['a']> => {
    const ha1Sha256 = digestHa1('SHA-256', user, 'home.test', user)
    const credentials = { username: user, realm: 'home.test', ha1Md5: null, ha1Sha256, strongest: null }
    const connected = await client.connectRelay({
      url: 'msrps://relay.test:2855;tcp',
      credentials,
      tls: { serverName: 'relay.test' },
    })
    if (!connected.ok) throw new Error('not connected')
    const path = await connected.value.reservePath()
    if (!path.ok) throw new Error(path.error.kind)
    return { connection: connected.value, path: path.value }
  }
  const [a, b] = [await join('alice'), await join('bob')]
  return { clock, relay, a, b, muteBob: () => mutes[1]!() }
}

function open(own: World['a'], other: World['a'], role: 'active' | 'passive', received: string[] = []): MsrpSession {
  return own.connection.openSession(own.path, {
    config: {
      remotePath: other.path.path,
      role,
      acceptTypes: ['*'],
      timing: defaultSessionTiming,
      maxInFlight: 8,
      maxUndecided: 8,
    },
    handlers: {
      onMessage: (message, decision) => {
        received.push(Buffer.from(message.body).toString())
        decision.accept()
      },
    },
  })
}

let ids = 0
function say(session: MsrpSession, text: string): Promise<SendOutcome> {
  const body = Buffer.from(text)
  const plain = {
    contentType: 'text/plain',
    headers: [],
    successReport: true,
    failureReport: 'yes',
    chunkBytes: 8192,
  } as const
  return session.send({ messageId: `message${(ids += 1)}`, body, ...plain })
}

describe('time at the relay', () => {
  it('a path is renewed before it dies; the old one dies on time', async () => {
    const { clock, a, b } = await world()
    const received: string[] = []
    const renewed: (readonly string[])[] = []
    const oldPath = a.path.path
    a.path.onRenewed((path) => renewed.push(path))
    open(b, a, 'passive', received)
    const session = open(a, b, 'active')
    await settle()
    await clock.advance(590_000)
    expect(renewed).toHaveLength(1)
    expect(renewed[0]).not.toEqual(oldPath)
    expect(renewed[0]!.at(-1)).toBe(oldPath.at(-1))
    const first = say(session, 'over the new path')
    await clock.advance(1000)
    // Bob’s own path, which Alice was given at the start, still has ten seconds.
    expect(await first).toEqual({ kind: 'delivered' })
    await clock.advance(60_000)
    const second = say(session, 'to a path that is gone')
    await clock.advance(1000)
    expect(await second).toMatchObject({ kind: 'failed', status: 481 })
    expect(received).toEqual(['over the new path'])
  })

  it('a receiver that takes and never answers is reported after 30 seconds, along the path', async () => {
    const { clock, a, b, muteBob } = await world()
    open(b, a, 'passive')
    const session = open(a, b, 'active')
    await settle()
    muteBob()
    let outcome: SendOutcome | null = null
    void say(session, 'into the void').then((value) => (outcome = value))
    await clock.advance(29_000)
    expect(outcome).toBeNull()
    await clock.advance(2_000)
    expect(outcome).toEqual({ kind: 'failed', status: 408, cause: 'report' })
  })

  it('what arrives before the session is open is held and then handed over in order', async () => {
    const { clock, a, b } = await world()
    const received: string[] = []
    const session = open(a, b, 'active')
    const sent = [say(session, 'early 1'), say(session, 'early 2')]
    await clock.advance(1000)
    expect(received).toEqual([])
    open(b, a, 'passive', received)
    await clock.advance(1000)
    expect(await Promise.all(sent)).toEqual([{ kind: 'delivered' }, { kind: 'delivered' }])
    expect(received).toEqual(['early 1', 'early 2'])
  })

  it('a closed connection ends its sessions and frees its paths', async () => {
    const { clock, a, b } = await world()
    open(b, a, 'passive')
    const session = open(a, b, 'active')
    const sent = say(session, 'x')
    a.connection.close()
    expect(await sent).toEqual({ kind: 'failed', status: 481, cause: 'closed' })
    expect(a.path.released).toBe(true)
    expect(await a.connection.reservePath()).toEqual({ ok: false, error: { kind: 'closed' } })
    await clock.advance(10)
    expect(await say(session, 'y')).toMatchObject({ kind: 'failed', cause: 'closed' })
  })

  it('a user whose password changed, or whose account is gone, is cut off; nobody else is', async () => {
    const { relay, a, b } = await world()
    relay.disconnectUser('alice')
    await settle()
    expect([a.connection.closed, b.connection.closed, relay.connections]).toEqual([true, false, 1])
  })
})

it('cuts off who asks on and on and reads no answer', () => {
  const relay = new MsrpRelay({
    ...{ realm: 'example.org', clock: new FakeClock(), random: new SeededRandom(1), log: silent },
    advertise: () => ({ host: '127.0.0.1', port: 2855 }),
    secrets: { ha1: () => Promise.resolve(null) },
  })
  let [unread, isOpen] = [0, true]
  const {
    ends: [end],
  } = memoryStreams()
  let push: (bytes: Uint8Array) => void = ignore
  relay.acceptStream({
    ...end,
    get bufferedBytes() {
      return unread
    },
    write: (bytes) => {
      unread += bytes.length
      return false
    },
    onData: (handler) => void (push = handler),
    close: () => void (isOpen = false),
  })
  const ask =
    'MSRP abcd SEND\r\nTo-Path: msrp://a/x;tcp\r\nFrom-Path: msrp://b/y;tcp\r\nMessage-ID: m\r\n-------abcd$\r\n'
  const asks = Buffer.from(ask.repeat(100))
  for (let sent = 0; isOpen && sent < 10_000; sent += 1) push(asks)
  expect(isOpen).toBe(false)
  expect(unread).toBeLessThan(3 * defaultRelayLimits.maxQueuedBytes)
  expect(relay.connections).toBe(0)
  relay.stop()
})

it('no stream of garbage lets a stranger in or throws', () => fuzz(2000, 1))
