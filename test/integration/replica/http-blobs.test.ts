/** Sealed files over the replica's interface: what is refused, and what is counted. */
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AttachmentId } from '#shared/model/ids.ts'
import { blobsRequest, encodeBody, maxBlobBytes } from '#shared/replication/api.ts'
import { ReplicaWorld, type RawConnection } from '#test/fakes/replica-server.ts'

let world: ReplicaWorld
let raw: RawConnection

beforeEach(async () => {
  world = await ReplicaWorld.start({ limits: { accountBlobBytes: 3_000_000 } })
  await world.holds('0: A')
  raw = await world.raw()
})
afterEach(async () => {
  raw.close()
  await world.end()
})

const bytes = Uint8Array.from(randomBytes(2_500_000))
const id = createHash('sha256').update(bytes).digest('base64url') as AttachmentId
const part = (at: number) => ({ at, size: bytes.length, bytes: bytes.subarray(at, at + 1_048_576) })
const target = (query: string, name: string = id): string => `/replica/blobs/${name}${query}`

async function pushAll(from = 0): Promise<void> {
  const a = world.as('A')
  for (let at = from; ;) {
    const answer = await a.pushBlob(id, part(at))
    if (answer.kind !== 'part') break
    at = answer.next
  }
}

describe('sealed files at a replica', () => {
  it('come part by part, go on anywhere, are read, counted and erased', async () => {
    const a = world.as('A')
    expect(await a.whichBlobs([id])).toEqual([{ whole: false, next: 0 }])
    expect(await a.pushBlob(id, part(0))).toEqual({ kind: 'part', next: 1_048_576 })
    expect(await a.readBlob(id, 0)).toBeNull()
    await pushAll(1_048_576)
    expect(await a.pushBlob(id, part(0))).toEqual({ kind: 'whole' })
    const read = await a.readBlob(id, 2_000_000)
    expect(read?.size).toBe(bytes.length)
    expect(Buffer.from(read!.bytes).equals(bytes.subarray(2_000_000))).toBe(true)
    expect((await a.copy()).bytes).toBe(bytes.length)
    const text = world.metrics.text({ requestsAtWork: 0, listeners: 0, listedErasures: 0, hasErasureList: true })
    expect(text).toContain('sotto_replica_stored_blobs_total 1\n')
    expect(text).toContain(`sotto_replica_stored_blob_bytes_total ${bytes.length}\n`)
    expect(text).not.toContain(id)
    await a.eraseBlobs([id])
    expect(await a.copy()).toMatchObject({ bytes: 0 })
  })

  it('are refused with words where there is no room, or they are something else', async () => {
    const a = world.as('A')
    await pushAll()
    const other = Uint8Array.from(randomBytes(600_000))
    const name = createHash('sha256').update(other).digest('base64url') as AttachmentId
    expect(await a.pushBlob(name, { at: 0, size: other.length, bytes: other })).toEqual({ kind: 'full' })
    const forged = { at: 0, size: 10, bytes: new Uint8Array(10) }
    expect(await a.pushBlob(name, forged)).toEqual({ kind: 'refused' })
    expect(await a.pushBlob(name, { ...forged, size: maxBlobBytes + 1 })).toEqual({ kind: 'refused' })
    expect(await a.whichBlobs([id, name])).toEqual([
      { whole: true, next: bytes.length },
      { whole: false, next: 0 },
    ])
  })

  it.each([
    ['PUT', target('?at=0&of=2'), 3],
    ['PUT', target('?at=0&of=2'), 0],
    ['PUT', target('?at=0&at=1&of=9'), 3],
    ['PUT', target('?at=-1&of=9'), 3],
    ['PUT', target('?at=0&of=9', 'AAAA'), 3],
    ['PUT', target('?at=0&of=9', '..%2F..%2Faccess.db'), 3],
    ['GET', target('?at=x'), 0],
    ['POST', '/replica/blobs/which', 5],
    ['POST', '/replica/blobs/erase', 0],
  ])('%s %s with %i bytes is malformed', async (method, to, size) => {
    expect(await raw.outcome({ method, target: to, body: new Uint8Array(size) })).toBe('malformed')
  })

  it('take no part that is larger than one may be', async () => {
    const body = new Uint8Array(1_048_577)
    expect(await raw.outcome({ method: 'PUT', target: target(`?at=0&of=${body.length}`), body })).toBe('too-large')
  })

  it('are for the devices of their account alone', async () => {
    await pushAll()
    const body = encodeBody(blobsRequest, { blobs: [new Uint8Array(32)] })
    const asks = [
      { method: 'GET', target: target('?at=0') },
      { method: 'PUT', target: target('?at=0&of=1'), body: new Uint8Array(1) },
      { method: 'POST', target: '/replica/blobs/which', body },
      { method: 'POST', target: '/replica/blobs/erase', body },
    ]
    for (const ask of asks) {
      expect(await raw.outcome({ ...ask, by: 'Z' })).toBe('bad-signature')
      expect(await raw.outcome({ ...ask, by: 'paper' })).toBe('not-for-paper')
    }
  })
})
