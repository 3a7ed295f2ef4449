import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { createServer as createHttpsServer } from 'node:https'
import { WebSocketServer } from 'ws'
import { afterEach, describe, expect, it } from 'vitest'
import type { SocketFailure, TlsIdentity } from '#shared/ports/sockets.ts'
import { makeAuthority, type IssuedCertificate } from '#test/fakes/certificates.ts'
import { systemClock } from '../system-clock.ts'
import { createConnector } from './connector.ts'

const connector = createConnector({ clock: systemClock, connectTimeoutMs: 2000 })
const closers: (() => void)[] = []
afterEach(() => closers.splice(0).forEach((close) => close()))

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

async function tlsPort(certificate: IssuedCertificate): Promise<number> {
  return listen(
    createTlsServer({ key: certificate.keyPem, cert: certificate.certPem }, (socket) => {
      socket.on('error', () => socket.destroy())
      socket.pipe(socket)
      closers.push(() => socket.destroy())
    }),
  )
}

async function failureFor(certificate: IssuedCertificate, identity: TlsIdentity): Promise<SocketFailure | null> {
  const port = await tlsPort(certificate)
  const result = await connector.stream({ host: '127.0.0.1', port, tls: identity })
  if (result.ok) result.value.close()
  return result.ok ? null : result.error
}

const authority = await makeAuthority('test authority')
const identity: TlsIdentity = { serverName: 'sotto.test', extraAuthorities: [authority.certPem] }

describe('the TLS identity of an account (RFC 5922)', () => {
  it('takes the domain in a DNS name of a certificate of a known authority, and carries bytes both ways', async () => {
    const port = await tlsPort(await authority.issue({ dnsNames: ['sotto.test'] }))
    const opened = await connector.stream({ host: '127.0.0.1', port, tls: identity })
    if (!opened.ok) throw new Error(opened.error.kind)
    const echoed = new Promise<string>((resolve) =>
      opened.value.onData((bytes) => resolve(Buffer.from(bytes).toString())),
    )
    opened.value.write(Buffer.from('hello'))
    expect(await echoed).toBe('hello')
    expect(opened.value.secure).toBe(true)
    opened.value.close()
  })

  it('takes the domain in a SIP URI of the certificate', async () => {
    const certificate = await authority.issue({ dnsNames: ['host.example'], sipUris: ['sip:sotto.test'] })
    expect(await failureFor(certificate, identity)).toBeNull()
  })

  it.each([
    ['untrusted', {}, { serverName: 'sotto.test' }],
    ['expired', { from: -20, to: -10 }, identity],
    ['not-yet-valid', { from: 10, to: 20 }, identity],
    ['wrong-name', { dnsNames: ['other.test'] }, identity],
    ['wrong-name', { dnsNames: ['sotto.test'], sipUris: ['sip:other.test'] }, identity],
    ['wrong-name', { dnsNames: ['*.test'] }, identity],
    ['wrong-name', { commonName: 'sotto.test', dnsNames: [] }, identity],
  ] as const)('refuses as %s: %j', async (reason, request, tls) => {
    const failure = await failureFor(await authority.issue({ dnsNames: ['sotto.test'], ...request }), tls)
    expect(failure).toMatchObject({ kind: 'certificate', problem: { reason, expectedName: 'sotto.test' } })
  })

  it('gives the dialog what it needs, and takes the same certificate once its key is pinned', async () => {
    const certificate = await authority.issue({ dnsNames: ['other.test'], from: -20, to: -10 })
    const failure = await failureFor(certificate, { serverName: 'sotto.test' })
    if (failure?.kind !== 'certificate') throw new Error('no certificate problem')
    expect(failure.problem.spkiSha256).toBe(certificate.spkiSha256)
    expect(failure.problem.validTo).toBeLessThan(Date.now())
    const pinned = { serverName: 'sotto.test', spkiPins: [failure.problem.spkiSha256] }
    expect(await failureFor(certificate, pinned)).toBeNull()
  })

  it('refuses a certificate of a known authority when another key is pinned', async () => {
    const certificate = await authority.issue({ dnsNames: ['sotto.test'] })
    const failure = await failureFor(certificate, { ...identity, spkiPins: ['AAAA'] })
    expect(failure).toMatchObject({ kind: 'certificate', problem: { reason: 'untrusted' } })
  })

  it('sends nothing to a server it refuses', async () => {
    const certificate = await authority.issue({ dnsNames: ['other.test'] })
    let received = 0
    const server = createTlsServer({ key: certificate.keyPem, cert: certificate.certPem }, (socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('data', (bytes: Buffer) => (received += bytes.length))
    })
    const port = await listen(server)
    const refused = await connector.webSocket(`wss://127.0.0.1:${port}/`, 'sip', identity)
    expect(refused.ok).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(received).toBe(0)
  })
})

describe('connections', () => {
  it('names why there is none', async () => {
    const silent = await listen(createTcpServer((socket) => void socket.on('error', () => socket.destroy())))
    const quick = createConnector({ clock: systemClock, connectTimeoutMs: 100 })
    const timedOut = await quick.stream({ host: '127.0.0.1', port: silent, tls: identity })
    expect(timedOut).toEqual({ ok: false, error: { kind: 'timed-out' } })
    const closed = await listen(createTcpServer((socket) => void socket.destroy()))
    expect((await connector.stream({ host: '127.0.0.1', port: closed, tls: identity })).ok).toBe(false)
    const server = createTcpServer()
    const free = await listen(server)
    server.close()
    expect(await connector.stream({ host: '127.0.0.1', port: free })).toEqual({ ok: false, error: { kind: 'refused' } })
  })

  it('can be given up', async () => {
    const silent = await listen(createTcpServer((socket) => void socket.on('error', () => socket.destroy())))
    const abort = new AbortController()
    const opening = connector.stream({ host: '127.0.0.1', port: silent, tls: identity }, abort.signal)
    abort.abort()
    expect((await opening).ok).toBe(false)
  })

  it('tells that the far end closed', async () => {
    const port = await listen(createTcpServer((socket) => void socket.end('bye')))
    const opened = await connector.stream({ host: '127.0.0.1', port })
    if (!opened.ok) throw new Error(opened.error.kind)
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      opened.value.onData((bytes) => seen.push(Buffer.from(bytes).toString()))
      opened.value.onClose(() => resolve())
    })
    expect(seen.join('')).toBe('bye')
  })
})

describe('WebSockets', () => {
  async function webSocketPort(certificate: IssuedCertificate, subprotocol: string): Promise<number> {
    const server = createHttpsServer({ key: certificate.keyPem, cert: certificate.certPem })
    const sockets = new WebSocketServer({ server, handleProtocols: () => subprotocol })
    sockets.on('connection', (socket) => {
      socket.send('first')
      socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }))
      closers.push(() => socket.terminate())
    })
    return listen(server)
  }

  it('speaks the subprotocol over a checked certificate and keeps the first message', async () => {
    const port = await webSocketPort(await authority.issue({ dnsNames: ['*.sotto.test'] }), 'sip')
    const wild = { ...identity, serverName: 'edge.sotto.test' }
    const opened = await connector.webSocket(`wss://127.0.0.1:${port}/ws`, 'sip', wild)
    if (!opened.ok) throw new Error(opened.error.kind)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const seen: (string | Uint8Array)[] = []
    const all = new Promise<void>((resolve) => {
      opened.value.onMessage((message) => seen.push(message) === 3 && resolve())
    })
    opened.value.send('text')
    opened.value.send(new Uint8Array([1, 2, 3]))
    await all
    expect(seen.slice(0, 2)).toEqual(['first', 'text'])
    expect(new Uint8Array(seen[2] as Uint8Array)).toEqual(new Uint8Array([1, 2, 3]))
    opened.value.close()
  })

  it('refuses a server that agrees to another subprotocol', async () => {
    const port = await webSocketPort(await authority.issue({ dnsNames: ['sotto.test'] }), 'chat')
    expect((await connector.webSocket(`wss://127.0.0.1:${port}/`, 'sip', identity)).ok).toBe(false)
  })

  it('gives up on a server that never answers the handshake', async () => {
    const silent = await listen(createTcpServer((socket) => void socket.on('error', () => socket.destroy())))
    const quick = createConnector({ clock: systemClock, connectTimeoutMs: 100 })
    const opened = await quick.webSocket(`ws://127.0.0.1:${silent}/`, 'sip')
    expect(opened).toEqual({ ok: false, error: { kind: 'timed-out' } })
  })

  it('takes nothing but ws and wss', async () => {
    expect((await connector.webSocket('https://127.0.0.1/', 'sip')).ok).toBe(false)
    expect((await connector.webSocket('nonsense', 'sip')).ok).toBe(false)
  })
})
