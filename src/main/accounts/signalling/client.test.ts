import { describe, expect, it } from 'vitest'
import { FakeClock, settle } from '#test/fakes/fake-clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import { SottoError } from '#shared/errors.ts'
import type { SignallingAccount, SignallingEvent } from '../signalling-port.ts'
import { startSignallingClient, type SignallingWorker } from './client.ts'

const silent: LogPort = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}

const credentials = { username: 'alice', realm: null, ha1Md5: null, ha1Sha256: null, strongest: null }
const account = (): SignallingAccount => ({
  id: 'a' as AccountId,
  aor: 'sip:alice@example.org' as Aor,
  displayName: '',
  transport: 'ws',
  server: 'ws://127.0.0.1:1/',
  credentials: { ...credentials, password: Buffer.from('secret') },
  instanceId: 'urn:uuid:8a5c3b4e-7b1d-4e59-9c8e-2f1f0e1d2c3a',
  extraAuthorities: [],
  spkiPins: [],
})

interface FakeWorker {
  readonly handle: SignallingWorker
  readonly calls: [string, ...unknown[]][]
  emit(event: SignallingEvent): void
  crash(): void
}

function fakeWorker(): FakeWorker {
  const calls: [string, ...unknown[]][] = []
  const handlers = new Map<string, (payload: never) => void>()
  let onCrash: () => void = () => undefined
  let isDead = false
  const rpc = {
    call: (method: string, ...args: unknown[]) => {
      calls.push([method, ...args])
      return isDead ? Promise.reject(new SottoError('internal')) : Promise.resolve()
    },
    on: (event: string, handler: (payload: never) => void) => {
      handlers.set(event, handler)
      return () => undefined
    },
    close: () => undefined,
  } as unknown as SignallingWorker['rpc']
  return {
    calls,
    handle: {
      rpc,
      end: () => Promise.resolve(),
      terminate: () => Promise.resolve(),
      onCrash: (handler) => {
        onCrash = handler
        return () => undefined
      },
    },
    emit: (event) => handlers.get('signalling')?.(event as never),
    crash: () => {
      isDead = true
      onCrash()
    },
  }
}

describe('the client of the signalling worker', () => {
  it('starts a dead worker again with what the registration taught, and without the password', async () => {
    const clock = new FakeClock()
    const workers: FakeWorker[] = []
    const start = (): Promise<SignallingWorker> => {
      const worker = fakeWorker()
      workers.push(worker)
      return Promise.resolve(worker.handle)
    }
    const client = await startSignallingClient({ clock, log: silent, start })
    const events: SignallingEvent[] = []
    client.onEvent((event) => events.push(event))
    const given = account()
    await client.configure(given)
    const learned = { ...credentials, realm: 'r', ha1Sha256: 'x', password: null, strongest: 'SHA-256' } as const
    workers[0]!.emit({ kind: 'credentials', accountId: given.id, credentials: learned })
    expect(Buffer.from(given.credentials.password!).toString()).toBe('\0'.repeat(6))

    workers[0]!.crash()
    expect(events.at(-1)).toEqual({ kind: 'connection', accountId: 'a', connection: { kind: 'offline' } })
    const body = { contentType: 'text/plain', payload: new Uint8Array(0) }
    const sending = { accountId: given.id, to: given.aor, body, prefer: 'message', messageId: 'm' } as const
    expect(await client.send(sending)).toEqual({ ok: false, error: { code: 'server-unreachable', retry: true } })

    // Meanwhile nothing throws: main's own handlers listen for rejections only.
    for (const answer of [client.accept(1), client.refuse(1, 500), client.typing(given.id, given.aor, true)])
      await expect(answer).rejects.toMatchObject({ code: 'server-unreachable' })
    await Promise.all([client.networkChanged(), client.reconnect(given.id), client.remove('other' as AccountId)])

    await clock.advance(1_000)
    await settle()
    expect(workers).toHaveLength(2)
    expect(workers[1]!.calls).toEqual([['configure', { ...given, credentials: learned }]])
    await client.stop()
    expect(workers[1]!.calls.at(-1)).toEqual(['stop'])
  })

  it('starts a new worker once, whatever one of its accounts is worth', async () => {
    const clock = new FakeClock()
    const workers: FakeWorker[] = []
    const start = (): Promise<SignallingWorker> => {
      const worker = fakeWorker()
      const inner = { ...worker.handle.rpc }
      if (workers.length > 0)
        Object.assign(worker.handle.rpc, {
          call: (method: 'configure', given: SignallingAccount) =>
            inner.call(method, given).then(() => {
              if (given.id === 'a') throw new SottoError('address-invalid')
            }),
        })
      workers.push(worker)
      return Promise.resolve(worker.handle)
    }
    const client = await startSignallingClient({ clock, log: silent, start })
    await client.configure(account())
    await client.configure({ ...account(), id: 'b' as AccountId })
    workers[0]!.crash()
    await clock.advance(10_000)
    await settle()
    expect(workers).toHaveLength(2)
    expect(workers[1]!.calls).toHaveLength(2)
  })

  it('starts the real worker and hears of it', async () => {
    const clock = new FakeClock()
    const client = await startSignallingClient({ clock, log: silent })
    const waiting = new Promise<SignallingEvent>((resolve) => {
      client.onEvent((event) => event.kind === 'connection' && event.connection.kind === 'waiting' && resolve(event))
    })
    await client.configure(account())
    expect(await waiting).toMatchObject({ connection: { reason: 'server-unreachable' } })
    await expect(client.configure({ ...account(), aor: 'sip:no one@x' as Aor })).rejects.toThrow('address-invalid')
    await client.stop()
  })
})
