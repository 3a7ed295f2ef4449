import type { NetworkInterfaceInfo } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import type { DatagramAddress, DatagramSocket } from '#shared/ports/datagrams.ts'
import { createDatagrams } from './datagrams.ts'

const datagrams = createDatagrams()
const opened: DatagramSocket[] = []
afterEach(() => opened.splice(0).forEach((socket) => socket.close()))

async function open(host: string, port = 0): Promise<DatagramSocket> {
  const bound = await datagrams.bind({ host, port })
  if (!bound.ok) throw new Error(`${host}: ${bound.error.kind}`)
  opened.push(bound.value)
  return bound.value
}

function next(socket: DatagramSocket): Promise<{ bytes: Uint8Array; from: DatagramAddress }> {
  return new Promise((resolve) => socket.onDatagram((bytes, from) => resolve({ bytes, from })))
}

describe('datagrams', () => {
  it.each(['127.0.0.1', '::1'])('carries bytes over %s and says where they come from', async (host) => {
    const [a, b] = [await open(host), await open(host)]
    const arrival = next(b)
    a.send(Uint8Array.of(1, 2, 3), b.local)
    const { bytes, from } = await arrival
    expect([...bytes]).toEqual([1, 2, 3])
    expect(from).toEqual(a.local)
    expect(a.local.host).toBe(host)
    expect(a.local.port).toBeGreaterThan(0)
  })

  it('takes a mapped address as the IPv4 address it is', async () => {
    const [a, b] = [await open('::ffff:127.0.0.1'), await open('127.0.0.1')]
    const arrival = next(b)
    a.send(Uint8Array.of(7), { host: '::ffff:127.0.0.1', port: b.local.port })
    expect((await arrival).from).toEqual({ host: '127.0.0.1', port: a.local.port })
  })

  it('keeps the families apart, so that both may have the same port', async () => {
    const six = await open('::')
    const four = await open('0.0.0.0', six.local.port)
    expect(four.local.port).toBe(six.local.port)
  })

  it('refuses a port that is taken, an address of another computer, and a name', async () => {
    const { port } = (await open('127.0.0.1')).local
    for (const at of [
      { host: '127.0.0.1', port },
      { host: '192.0.2.1', port: 0 },
      { host: 'localhost', port: 0 },
    ]) {
      expect((await datagrams.bind(at)).ok).toBe(false)
    }
  })

  it('loses what cannot be sent and goes on', async () => {
    const [a, b] = [await open('127.0.0.1'), await open('127.0.0.1')]
    const arrival = next(b)
    const hopeless = [
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port: 70_000 },
      { host: '127.0.0.1', port: 1.5 },
      { host: '::1', port: b.local.port },
      { host: 'localhost', port: b.local.port },
      { host: '', port: b.local.port },
    ]
    for (const to of hopeless) a.send(Uint8Array.of(1), to)
    a.send(new Uint8Array(70_000), b.local)
    a.send(Uint8Array.of(2), b.local)
    expect([...(await arrival).bytes]).toEqual([2])
    a.close()
    a.close()
    a.send(Uint8Array.of(3), b.local)
  })

  it('knows the addresses others can reach: no loopback, no link-local, each once', () => {
    const entry = (address: string, internal = false): NetworkInterfaceInfo =>
      ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo
    const port = createDatagrams(() => ({
      lo: [entry('127.0.0.1', true), entry('::1', true)],
      eth0: [entry('192.0.2.5'), entry('2001:db8::5'), entry('fe80::5'), entry('169.254.3.4')],
      eth1: [entry('192.0.2.5'), entry('fd00::1')],
    }))
    expect(port.localAddresses()).toEqual(['192.0.2.5', '2001:db8::5', 'fd00::1'])
    for (const address of datagrams.localAddresses()) expect(address).not.toMatch(/^(127\.|169\.254\.|fe80|::1$)/)
  })
})
