/** The process of a replica alone: started, used, stopped. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { digestSecrets } from '#main/home/digest-secrets.ts'
import type { ReplicaAddress, ReplicaClientPort } from '#main/replication/client-ports.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { parseInvitation } from '#shared/home/invitation.ts'
import type { Aor } from '#shared/model/ids.ts'
import { makeAuthority } from '#test/fakes/certificates.ts'
import { genesis } from '#test/fakes/drawn-chain.ts'
import { temporaryDirectory } from '#test/fakes/home-server.ts'
import { BatchWriter, codeOf, connectAs } from '#test/fakes/replica-client.ts'
import {
  launchReplica,
  listening,
  stopReplica,
  type LaunchedReplica,
  type ReplicaProgram,
} from '#test/fakes/replica-program.ts'
import { PostgresServer } from './postgres-server.ts'

const account = 'sip:bob@example.org' as Aor
let directory: ReturnType<typeof temporaryDirectory>
let running: ChildProcess[]
let clients: ReplicaClientPort[]

const launch = (...options: readonly string[]): LaunchedReplica => {
  const launched = launchReplica(options)
  running.push(launched.child)
  return launched
}
const start = (...options: readonly string[]): Promise<ReplicaProgram> =>
  listening(launch('--data', directory.path, '--port', '0', ...options))
const get = (
  { host, port }: ReplicaAddress,
  path: string,
  headers: Record<string, string> = {},
  trusted: object = { rejectUnauthorized: false },
) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request({ host, port, path, headers, ...trusted }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.on('error', reject).end()
  })
const as = (name: string, address: ReplicaAddress): ReplicaClientPort => {
  const client = connectAs(name, account, address)
  clients.push(client)
  return client
}
const secret = (password: string) => ({
  ...({ kind: 'digest', user: 'bob', domain: 'example.org' } as const),
  ...digestSecrets('bob', 'example.org', utf8(password)),
})

beforeEach(() => {
  directory = temporaryDirectory()
  running = []
  clients = []
})
afterEach(async () => {
  for (const client of clients) client.close()
  for (const child of running) if (child.exitCode === null && child.signalCode === null) await stopReplica(child)
  directory.remove()
})

test('lets in who was invited, counts, keeps over a restart, and ends in order', { timeout: 60_000 }, async () => {
  const { address, child, invitation: text } = await start('--invite')
  const invitation = parseInvitation(text)
  if (!invitation.ok) throw new Error(invitation.error)
  expect([invitation.value.port, Buffer.from(invitation.value.spkiSha256).toString('base64')]).toEqual([
    ...[address.port, address.spkiPins[0]],
  ])
  const a = as('A', address)
  expect(await a.open(genesis('A', account), { kind: 'invitation', token: invitation.value.code })).toBe('stored')
  expect(await a.push(new BatchWriter('A', account).write([utf8('x')]).bytes, false)).toEqual({ kind: 'taken' })
  expect(await get(address, '/healthz')).toEqual({ status: 200, text: 'ok\n' })
  const metrics = await get(address, '/metrics')
  expect(metrics.text).toContain('sotto_replica_answers_total{route="POST /replica/batches",status="200"} 1\n')
  expect(metrics.text).toContain('sotto_replica_stored_batches_total 1\n')
  expect(metrics.text).not.toContain('bob')
  expect((await get(address, '/metrics', { origin: 'https://evil.example' })).status).toBe(403)
  expect((await get(address, '/healthz', { host: 'evil.example' })).status).toBe(403)
  const others = launch('--data', directory.path)
  await once(others.child, 'exit')
  expect(others.child.exitCode).toBe(75)
  expect(await stopReplica(child)).toBe(0)
  const files = readdirSync(directory.path, { recursive: true, encoding: 'utf8' })
  const open = files.filter((name) => (statSync(join(directory.path, name)).mode & 0o077) !== 0)
  expect([files.length > 5, open]).toEqual([true, []])
  const again = await start()
  expect(again.address.spkiPins).toEqual(address.spkiPins)
  expect(await as('A', again.address).copy()).toMatchObject({ batches: 1 })
})

test('says what is wrong with its options', async () => {
  const { child, said } = launch('--port', '1')
  await once(child, 'exit')
  expect(child.exitCode).toBe(64)
  expect(said()).toContain('--data is needed')
})

test(
  'shows the certificate that it is given, and is trusted by its authority and by its pin',
  { timeout: 60_000 },
  async () => {
    const authority = await makeAuthority('Authority of the operator')
    const { certPem, keyPem, spkiSha256 } = await authority.issue({ dnsNames: ['replica.example.org'] })
    const [cert, key] = ['cert.pem', 'key.pem'].map((name) =>
      join(directory.path, '..', `${basename(directory.path)}-${name}`),
    )
    try {
      writeFileSync(cert!, certPem)
      writeFileSync(key!, keyPem, { mode: 0o600 })
      const { address } = await start('--name', 'replica.example.org', '--cert', cert!, '--key', key!)
      expect(address.spkiPins).toEqual([spkiSha256])
      const trusting = { ca: authority.certPem, servername: 'replica.example.org', rejectUnauthorized: true }
      const { port } = address
      const ask = (more: object) => get(address, '/healthz', { host: `replica.example.org:${port}` }, more)
      expect(await ask(trusting)).toEqual({ status: 200, text: 'ok\n' })
      await expect(ask({ ...trusting, servername: 'other.example.org' })).rejects.toMatchObject({
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      })
      expect(await as('A', address).links()).toBeNull()
    } finally {
      for (const path of [cert!, key!]) rmSync(path, { force: true })
    }
  },
)

test('checks passwords in a file', { timeout: 60_000 }, async () => {
  const path = join(directory.path, 'ha1')
  writeFileSync(path, `bob:example.org:${secret('right').ha1Sha256}\n`, { mode: 0o600 })
  const { address } = await start('--domain', 'example.org', '--digest', `file:${path}`)
  const a = as('A', address)
  expect(await codeOf(a.open(genesis('A', account), secret('wrong')))).toBe('wrong-password')
  expect(await a.open(genesis('A', account), secret('right'))).toBe('stored')
  const carol = 'sip:carol@example.org' as Aor
  const other = connectAs('A', carol, address)
  clients.push(other)
  expect(await codeOf(other.open(genesis('A', carol), secret('right')))).toBe('wrong-password')
})

describe('with PostgreSQL', () => {
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await PostgresServer.start()
  }, 60_000)
  afterAll(() => postgres.stop())

  test('keeps histories there, and checks passwords in Kamailio’s table', { timeout: 60_000 }, async () => {
    const [histories, kamailio] = [await postgres.schema(), await postgres.schema()]
    await postgres.sql(
      'CREATE TABLE subscriber (username text, domain text, password text, ha1 varchar(128))',
      kamailio,
    )
    await postgres.sql(
      `INSERT INTO subscriber VALUES ('bob', 'example.org', '', '${secret('right').ha1Sha256}')`,
      kamailio,
    )
    const { address } = await start(
      ...['--postgres', postgres.url(histories), '--domain', 'example.org', '--digest', postgres.url(kamailio)],
    )
    const a = as('A', address)
    expect(await codeOf(a.open(genesis('A', account), secret('wrong')))).toBe('wrong-password')
    expect(await a.open(genesis('A', account), secret('right'))).toBe('stored')
    await a.push(new BatchWriter('A', account).write([utf8('x')]).bytes, false)
    expect(await postgres.sql('SELECT account FROM account', histories)).toEqual([{ account }])
    expect(readdirSync(directory.path)).not.toContain('histories')
  })
})
