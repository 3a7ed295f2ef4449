import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import * as tls from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority, type IssuedCertificate } from '#test/fakes/certificates.ts'
import { channelOf } from './tls-channel.ts'

let issued: IssuedCertificate

beforeAll(async () => {
  const authority = await makeAuthority('test')
  issued = await authority.issue({ dnsNames: ['localhost'] })
})

/** What both ends of one connection say. */
async function bothEnds(version: tls.SecureVersion): Promise<readonly (Uint8Array | null)[]> {
  const server = tls.createServer({ cert: issued.certPem, key: issued.keyPem, minVersion: 'TLSv1.2' })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const accepted = once(server, 'secureConnection') as Promise<[tls.TLSSocket]>
  // No check of the certificate: what is looked at is the channel alone.
  const client = tls.connect({ ...{ port, host: '127.0.0.1' }, maxVersion: version, rejectUnauthorized: false })
  await once(client, 'secureConnect')
  const [far] = await accepted
  const ends = [channelOf(client), channelOf(far)]
  for (const socket of [client, far]) socket.destroy()
  server.close()
  return ends
}

describe('the binding of a channel', () => {
  it('is the same at both ends, and another one on every connection', async () => {
    const [near, far] = await bothEnds('TLSv1.3')
    expect(near).toHaveLength(32)
    expect(far).toEqual(near)
    expect((await bothEnds('TLSv1.3'))[0]).not.toEqual(near)
  })

  it('is empty before TLS 1.3', async () => {
    expect(await bothEnds('TLSv1.2')).toEqual([new Uint8Array(), new Uint8Array()])
  })

  it('is none without TLS', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [far] = await accepted
    expect(channelOf(far)).toBeNull()
    client.destroy()
    far.destroy()
    server.close()
  })
})
