import { describe, expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { noDatagrams } from '#test/fakes/datagram-network.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import type { ByteStream, ConnectorPort } from '#shared/ports/sockets.ts'
import { serializeSip } from '../serialize.ts'
import { openFlow } from './open-flow.ts'
import { farRequest } from '#test/fakes/sip-flow-server.ts'
import type { SipFlow } from './user-agent.ts'

interface Wired {
  readonly flow: SipFlow
  readonly clock: FakeClock
  readonly written: string[]
  readonly messages: string[]
  readonly isClosed: () => boolean
  readonly feed: (bytes: Uint8Array | string) => void
}

async function wire(): Promise<Wired> {
  const clock = new FakeClock()
  const written: string[] = []
  const messages: string[] = []
  let closed = false
  let onData: (bytes: Uint8Array) => void = () => undefined
  let onClose: () => void = () => undefined
  const stream: ByteStream = {
    remote: { host: '192.0.2.1', port: 5061 },
    local: { host: '192.0.2.7', port: 1 },
    secure: true,
    write: (bytes) => written.push(Buffer.from(bytes).toString()) > 0,
    bufferedBytes: 0,
    pause: () => undefined,
    resume: () => undefined,
    close: () => {
      closed = true
      onClose()
    },
    onData: (handler) => (onData = handler),
    onDrain: () => undefined,
    onClose: (handler) => (onClose = handler),
  }
  const connector: ConnectorPort = {
    stream: () => Promise.resolve({ ok: true, value: stream }),
    webSocket: () => Promise.resolve({ ok: false, error: { kind: 'refused' } }),
  }
  const opened = await openFlow(
    { kind: 'stream', host: 'x', port: 1 },
    {
      connector,
      datagrams: noDatagrams,
      resolver: { addresses: () => Promise.resolve([]) },
      clock,
      random: new SeededRandom(5),
    },
  )
  if (!opened.ok) throw new Error(opened.error.kind)
  opened.value.onMessage((bytes) => messages.push(Buffer.from(bytes).toString()))
  opened.value.onClose(() => undefined)
  return {
    flow: opened.value,
    clock,
    written,
    messages,
    isClosed: () => closed,
    feed: (bytes) => onData(typeof bytes === 'string' ? Buffer.from(bytes) : bytes),
  }
}

const message = serializeSip(farRequest('MESSAGE', { 'content-type': 'text/plain' }, { body: Buffer.from('grüße') }))

describe('a stream flow', () => {
  it('cuts messages out of any split', async () => {
    const { feed, messages } = await wire()
    const all = Buffer.concat([Buffer.from('\r\n'), message, message])
    for (const byte of all) feed(new Uint8Array([byte]))
    feed(all)
    expect(messages).toEqual(Array.from({ length: 4 }, () => Buffer.from(message).toString()))
  })

  it('pings between 24 and 30 seconds of silence', async () => {
    const { clock, written } = await wire()
    await clock.advance(23_999)
    expect(written).toEqual([])
    await clock.advance(6_001)
    expect(written).toEqual(['\r\n\r\n'])
  })

  it('ends when a server that answered pings goes silent', async () => {
    const { clock, feed, isClosed, written } = await wire()
    await clock.advance(30_000)
    feed('\r\n')
    await clock.advance(30_000)
    expect(written).toHaveLength(2)
    await clock.advance(9_999)
    expect(isClosed()).toBe(true)
  })

  it('lives on with a server that never promised pongs', async () => {
    const { clock, isClosed } = await wire()
    await clock.advance(300_000)
    expect(isClosed()).toBe(false)
  })

  it('ends when pongs were promised and none comes, also after a probe', async () => {
    const { clock, flow, isClosed } = await wire()
    flow.expectPongs()
    flow.probe()
    await clock.advance(10_000)
    expect(isClosed()).toBe(true)
  })

  it('ends where the stream cannot be cut any more', async () => {
    const { feed, isClosed, messages } = await wire()
    feed('OPTIONS sip:a@b SIP/2.0\r\nContent-Length: many\r\n\r\n')
    expect(isClosed()).toBe(true)
    expect(messages).toEqual([])
  })
})
