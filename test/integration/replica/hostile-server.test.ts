/** What the client makes of servers that are not there, not the right one, or lie. */
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { afterEach, beforeAll, expect, test } from 'vitest'
import type { ReplicaAddress, ReplicaClientPort } from '#main/replication/client-ports.ts'
import { replicaConnector } from '#main/replication/transport/replica-client.ts'
import { concatBytes, utf8 } from '#shared/bytes/bytes.ts'
import {
  challengeAnswer,
  encodeBody,
  headsAnswer,
  linksAnswer,
  problemAnswer,
  type ReplicaProblem,
} from '#shared/replication/api.ts'
import { encodePage } from '#shared/replication/page.ts'
import { makeAuthority, type IssuedCertificate } from '#test/fakes/certificates.ts'
import { account } from '#test/fakes/drawn-chain.ts'
import { clientPorts, codeOf, requestSigner } from '#test/fakes/replica-client.ts'

let certificate: IssuedCertificate
let server: Server | null = null
const clients: ReplicaClientPort[] = []
beforeAll(async () => {
  certificate = await (await makeAuthority('nobody')).issue({ dnsNames: [], ipAddresses: ['127.0.0.1'] })
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  for (const socket of sockets) socket.destroy()
  server?.close()
})

const sockets = new Set<TLSSocket>()
/** Answers requests to these paths with these bytes, and those for a challenge rightly. */
const lying = async (answer: (path: string) => Uint8Array | 'end' | 'nothing'): Promise<ReplicaAddress> => {
  const { keyPem: key, certPem: cert, spkiSha256 } = certificate
  server = createServer({ key, cert }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      const path = /^[A-Z]+ (\S+) HTTP/.exec(bytes.toString('latin1'))?.[1]
      if (path === undefined) return
      const challenge = encodeBody(challengeAnswer, { challenge: new Uint8Array(56) })
      const said = path === '/replica/challenge' ? ok(challenge) : answer(path)
      if (said === 'end') socket.end()
      else if (said !== 'nothing') socket.write(said)
    })
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, spkiPins: [spkiSha256] }
}
const ok = (body: Uint8Array, status = 200): Uint8Array =>
  concatBytes(utf8(`HTTP/1.1 ${status} OK\r\ncontent-length: ${body.length}\r\n\r\n`), body)
const client = (address: ReplicaAddress): ReplicaClientPort => {
  const made = replicaConnector(clientPorts())(account, address, requestSigner('A'))
  clients.push(made)
  return made
}

test('a server that is not there, or has another key', async () => {
  const address = await lying(() => 'nothing')
  expect(await codeOf(client({ ...address, spkiPins: ['A'.repeat(43) + '='] }).heads())).toBe('certificate-untrusted')
  expect(await codeOf(client({ ...address, spkiPins: [] }).heads())).toBe('certificate-untrusted')
  server?.close()
  for (const socket of sockets) socket.destroy()
  await expect.poll(() => codeOf(client(address).heads())).toBe('server-unreachable')
})

test.each<[string, Uint8Array | 'end']>([
  ['no HTTP', utf8('hello\r\n\r\n')],
  ['no CBOR', ok(utf8('hello'))],
  ['another shape', ok(encodeBody(linksAnswer, { links: [], end: true }))],
  ['CBOR that is not canonical', ok(Uint8Array.of(0xb8, 0x01, 0x65, ...utf8('heads'), 0x80))],
  ['too much', utf8('HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n')],
  ['more than it says', concatBytes(ok(encodeBody(headsAnswer, { heads: [] })), utf8('x'))],
  ['an empty success', ok(new Uint8Array())],
])('a server that says %s', async (_name, said) => {
  const address = await lying(() => said)
  expect(await codeOf(client(address).heads())).toBe('server-refused')
})

test('a server that hangs up at every request is asked three times', async () => {
  let asked = 0
  const address = await lying(() => {
    asked += 1
    return 'end'
  })
  expect(await codeOf(client(address).heads())).toBe('server-unreachable')
  expect(asked).toBe(3)
})

test('a page that is cut off, and a list without an end', async () => {
  const page = encodePage({ batches: [Uint8Array.of(1, 2, 3)], end: true })
  let asked = 0
  const address = await lying((path) => {
    asked += 1
    if (path === '/replica/page') return ok(page.subarray(0, page.length - 4))
    return ok(encodeBody(linksAnswer, { links: path.endsWith('from=0') ? [Uint8Array.of(1)] : [], end: false }))
  })
  const made = client(address)
  expect(await codeOf(made.page([]))).toBe('server-refused')
  asked = 0
  expect(await codeOf(made.links())).toBe('server-refused')
  expect(asked).toBe(2)
})

test.each<[ReplicaProblem, string]>([
  ['revoked', 'device-removed'],
  ['forked', 'devices-forked'],
  ['bad-signature', 'device-unknown'],
  ['quota', 'replica-full'],
  ['internal', 'server-refused'],
  ['busy', 'replica-busy'],
  ['stale-challenge', 'server-refused'],
])('a server that names the problem %s', async (problem, code) => {
  const address = await lying(() => ok(encodeBody(problemAnswer, { problem }), 400))
  expect(await codeOf(client(address).heads())).toBe(code)
})

test('what waits is cancelled when the client is closed', async () => {
  let asked = (): void => undefined
  const reached = new Promise<void>((resolve) => (asked = resolve))
  const address = await lying(() => {
    asked()
    return 'nothing'
  })
  const made = client(address)
  const waiting = codeOf(made.heads())
  await reached
  made.close()
  expect(await waiting).toBe('cancelled')
  expect(await codeOf(made.heads())).toBe('cancelled')
})
