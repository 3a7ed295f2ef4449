import { X509Certificate } from 'node:crypto'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadIdentity } from './certificate.ts'
import { ManualClock, temporaryDirectory } from '#test/fakes/home-server.ts'
import { systemRandom } from '../system-ports.ts'

const dayMs = 86_400_000
const names = ['sotto.home.arpa', 'localhost', '127.0.0.1', '::1']
let directory: ReturnType<typeof temporaryDirectory>
let clock: ManualClock

beforeEach(() => {
  directory = temporaryDirectory()
  clock = new ManualClock()
})
afterEach(() => directory.remove())

const load = (wanted = names) => loadIdentity(directory.path, wanted, { clock, random: systemRandom })

test('makes a P-256 certificate for its names, in files only the owner can read', async () => {
  const identity = await load()
  const certificate = new X509Certificate(identity.certificatePem)
  expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
  expect(certificate.checkHost('sotto.home.arpa')).toBe('sotto.home.arpa')
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect(certificate.checkIP('::1')).toBe('::1')
  expect(certificate.verify(certificate.publicKey)).toBe(true)
  expect(certificate.ca).toBe(false)
  for (const file of ['tls-key.pem', 'tls-certificate.pem']) {
    expect(statSync(join(directory.path, file)).mode & 0o777).toBe(0o600)
  }
})

test('keeps the certificate until 30 days before its end, then renews it under the same pin', async () => {
  const first = await load()
  clock.advance(366 * dayMs)
  expect((await load()).certificatePem).toBe(first.certificatePem)
  clock.advance(2 * dayMs)
  const renewed = await load()
  expect(renewed.certificatePem).not.toBe(first.certificatePem)
  expect(renewed.spkiSha256).toEqual(first.spkiSha256)
  expect(renewed.validTo).toBeGreaterThan(first.validTo + 300 * dayMs)
})

test('replaces an expired, not yet valid or damaged certificate under the same pin', async () => {
  const first = await load()
  clock.advance(3_000 * dayMs)
  const later = await load()
  expect(later.validTo).toBeGreaterThan(clock.now())
  clock = new ManualClock(0)
  expect((await load()).validTo).toBeLessThan(500 * dayMs)
  writeFileSync(join(directory.path, 'tls-certificate.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n')
  const repaired = await load()
  expect(new X509Certificate(repaired.certificatePem).subject).toBe('CN=sotto.home.arpa')
  expect([later.spkiSha256, repaired.spkiSha256]).toEqual([first.spkiSha256, first.spkiSha256])
})

test('makes another certificate when the computer has another address', async () => {
  const first = await load()
  const second = await load([...names, '192.168.7.9'])
  expect(new X509Certificate(second.certificatePem).checkIP('192.168.7.9')).toBe('192.168.7.9')
  expect(second.spkiSha256).toEqual(first.spkiSha256)
})
