import fastify from 'fastify'
import { expect, it } from 'vitest'
import { ReplicaMetrics } from '../metrics.ts'
import type { ReplicaService } from '../service.ts'
import { addOperation } from './operation.ts'

const elsewhere = '192.0.2.7'

async function asked(metricsToken: string | null, remoteAddress: string, authorization?: string): Promise<number> {
  const app = fastify()
  const service = { ports: { hosts: () => new Set(['replica.example.org']) }, room: { taken: 0 }, news: { size: 0 } }
  addOperation(app, service as unknown as ReplicaService, { metrics: new ReplicaMetrics(), metricsToken })
  const headers = { host: 'replica.example.org', ...(authorization === undefined ? {} : { authorization }) }
  const { statusCode, body } = await app.inject({ method: 'GET', url: '/metrics', remoteAddress, headers })
  expect(body.includes('sotto_replica_listeners')).toBe(statusCode === 200)
  await app.close()
  return statusCode
}

it('counts are read from this computer', async () => {
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) expect(await asked(null, address)).toBe(200)
})

it('counts are read from another one by who shows what is in the file, and by nobody where there is none', async () => {
  expect(await asked('token-of-the-file', elsewhere, 'Bearer token-of-the-file')).toBe(200)
  const wrong = [undefined, 'Bearer', 'Bearer ', 'Bearer token-of-the-fil', 'Basic token-of-the-file', 'Bearer null']
  for (const authorization of wrong) {
    expect(await asked('token-of-the-file', elsewhere, authorization)).toBe(403)
    expect(await asked(null, elsewhere, authorization)).toBe(403)
  }
})
