import { MessageChannel } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SottoError } from '#shared/errors.ts'
import { connectRpc } from './connect.ts'
import { serveRpc } from './serve.ts'
import { startWorker, workerUrl } from './start-worker.ts'
import type { EchoEvents, EchoMethods } from './test-worker.ts'

const handlers = {
  add: (a: number, b: number) => a + b,
  later: async (bytes: Uint8Array) => {
    await Promise.resolve()
    return bytes
  },
  full: (): void => {
    throw new SottoError('disk-full', { free: 3 })
  },
  bug: (): void => {
    throw new TypeError('secret text')
  },
  uncloneable: () => () => 1,
  never: () => new Promise<void>(() => undefined),
}
interface Events {
  ticked: { readonly n: number }
}

describe('rpc over a message channel', () => {
  const open: MessageChannel[] = []
  const pair = () => {
    const channel = new MessageChannel()
    open.push(channel)
    const bugs: string[] = []
    const server = serveRpc<typeof handlers, Events>(channel.port1, handlers, (_, method) => bugs.push(method))
    return { server, bugs, client: connectRpc<typeof handlers, Events>(channel.port2) }
  }
  afterEach(() => {
    for (const channel of open.splice(0)) channel.port1.close()
  })

  it('answers with values and bytes', async () => {
    const { client } = pair()
    expect(await client.call('add', 2, 3)).toBe(5)
    expect(await client.call('later', Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 2))
  })

  it('carries the code and params of a SottoError and hides everything else', async () => {
    const { client, bugs } = pair()
    await expect(client.call('full')).rejects.toMatchObject({ code: 'disk-full', params: { free: 3 } })
    await expect(client.call('bug')).rejects.toMatchObject({ code: 'internal', message: 'internal' })
    await expect(client.call('uncloneable')).rejects.toMatchObject({ code: 'internal' })
    expect(bugs).toEqual(['bug', 'uncloneable'])
  })

  it('refuses methods the handlers do not have themselves', async () => {
    const { client } = pair()
    await expect(client.call('toString' as 'never')).rejects.toMatchObject({ code: 'internal' })
  })

  it('delivers events in order and stops after disposal', async () => {
    const { client, server } = pair()
    const seen: number[] = []
    const dispose = client.on('ticked', ({ n }) => seen.push(n))
    server.emit('ticked', { n: 1 })
    server.emit('ticked', { n: 2 })
    await client.call('add', 0, 0)
    dispose()
    server.emit('ticked', { n: 3 })
    await client.call('add', 0, 0)
    expect(seen).toEqual([1, 2])
  })

  it('rejects pending and later calls once closed, and a value that cannot be cloned', async () => {
    const { client } = pair()
    const pending = client.call('never')
    await expect(client.call('later', (() => 1) as unknown as Uint8Array)).rejects.toThrow()
    client.close('locked')
    await expect(pending).rejects.toMatchObject({ code: 'locked' })
    await expect(client.call('add', 1, 1)).rejects.toMatchObject({ code: 'locked' })
  })
})

describe('a worker', () => {
  const url = new URL('./test-worker.ts', import.meta.url)

  it('starts with its start value, answers and emits', async () => {
    const worker = await startWorker<EchoMethods, EchoEvents>({ url, start: { greeting: 'hello' } })
    const heard: string[] = []
    worker.rpc.on('said', (text) => heard.push(text))
    expect(await worker.rpc.call('say', 'Bob')).toBe('hello Bob')
    expect(heard).toEqual(['hello Bob'])
    await worker.terminate()
    await expect(worker.rpc.call('say', 'x')).rejects.toBeInstanceOf(SottoError)
  })

  it('gets the environment without the variable that makes libraries talk', async () => {
    vi.stubEnv('DEBUG', '*')
    vi.stubEnv('SOTTO_TEST', 'kept')
    const worker = await startWorker<EchoMethods, EchoEvents>({ url, start: { greeting: 'hello' } })
    const seen = [await worker.rpc.call('variable', 'DEBUG'), await worker.rpc.call('variable', 'SOTTO_TEST')]
    await worker.terminate()
    vi.unstubAllEnvs()
    expect(seen).toEqual([null, 'kept'])
  })

  it('tells how far its start is, before it is ready', async () => {
    const heard: number[] = []
    const starting = (share: number): void => void heard.push(share)
    const worker = await startWorker<EchoMethods, EchoEvents>({ url, start: { greeting: 'hello' }, starting })
    expect(heard).toEqual([0, 0.5, 1])
    await worker.terminate()
  })

  it('says why it could not start', async () => {
    const started = startWorker<EchoMethods, EchoEvents>({ url, start: { greeting: '' } })
    await expect(started).rejects.toMatchObject({ code: 'history-corrupt' })
  })

  it('that could not start ends by itself, not in the middle of what it does', async () => {
    const ended = new Int32Array(new SharedArrayBuffer(4))
    const started = startWorker<EchoMethods, EchoEvents>({ url, start: { greeting: '', ended } })
    await expect(started).rejects.toMatchObject({ code: 'history-corrupt' })
    expect(Atomics.load(ended, 0)).toBe(1)
  })

  it('ends by itself when it is asked to, after what it still does, and that is no crash', async () => {
    const ended = new Int32Array(new SharedArrayBuffer(4))
    const worker = await startWorker<EchoMethods, EchoEvents>({ url, start: { greeting: 'x', ended } })
    const crashed = vi.fn()
    worker.onCrash(crashed)
    await worker.end()
    expect([Atomics.load(ended, 0), crashed.mock.calls]).toEqual([1, []])
    await expect(worker.rpc.call('say', 'x')).rejects.toBeInstanceOf(SottoError)
  })

  it('is stopped when it does not end', async () => {
    const worker = await startWorker<EchoMethods, EchoEvents>({ url, start: { greeting: 'for ever' } })
    await worker.end()
    await expect(worker.rpc.call('say', 'x')).rejects.toBeInstanceOf(SottoError)
  })

  it('reports a crash and rejects what was pending', async () => {
    const worker = await startWorker<EchoMethods, EchoEvents>({ url, start: { greeting: 'x' }, closedCode: 'locked' })
    const crashed = new Promise<void>((resolve) => worker.onCrash(resolve))
    await expect(worker.rpc.call('crash')).rejects.toMatchObject({ code: 'locked' })
    await crashed
  })

  it('is found from source and from a build', () => {
    expect(workerUrl('a-worker', 'file:///r/src/main/compose.ts').pathname).toBe('/r/src/main/workers/a-worker.ts')
    expect(workerUrl('a-worker', 'file:///r/out/main/chunks/b.js').pathname).toBe('/r/out/main/a-worker.js')
  })
})
