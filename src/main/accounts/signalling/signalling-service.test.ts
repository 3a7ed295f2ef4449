import { expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { noDatagrams } from '#test/fakes/datagram-network.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { ConnectorPort } from '#shared/ports/sockets.ts'
import type { SignallingAccount } from '../signalling-port.ts'
import { createSignalling } from './signalling-service.ts'

const silent: LogPort = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}

const account: SignallingAccount = {
  id: 'a' as AccountId,
  aor: 'sip:alice@example.org' as Aor,
  displayName: '',
  transport: 'ws',
  server: 'ws://127.0.0.1:1/',
  credentials: { username: 'alice', realm: null, ha1Md5: null, ha1Sha256: null, strongest: null, password: null },
  instanceId: 'urn:uuid:8a5c3b4e-7b1d-4e59-9c8e-2f1f0e1d2c3a',
  extraAuthorities: [],
  spkiPins: [],
}

it('keeps one user agent per account, however its changes come together', async () => {
  const attempts: AbortSignal[] = []
  const connector: ConnectorPort = {
    webSocket: (_url, _subprotocol, _tls, signal) => {
      if (signal !== undefined) attempts.push(signal)
      return new Promise(() => undefined)
    },
    stream: () => new Promise(() => undefined),
  }
  const none = {
    naptr: () => Promise.resolve([]),
    srv: () => Promise.resolve([]),
    addresses: () => Promise.resolve([]),
  }
  const ports = {
    connector,
    datagrams: noDatagrams,
    resolver: none,
    clock: new FakeClock(),
    random: new SeededRandom(1),
    log: silent,
  }
  const service = createSignalling(ports)
  await service.configure(account)
  await Promise.all([service.configure(account), service.configure(account)])
  const open = (): number => attempts.filter((signal) => !signal.aborted).length
  await new Promise((resolve) => setImmediate(resolve))
  expect(open()).toBe(1)
  void service.configure(account)
  await service.stop()
  await new Promise((resolve) => setImmediate(resolve))
  expect(open()).toBe(0)
})
