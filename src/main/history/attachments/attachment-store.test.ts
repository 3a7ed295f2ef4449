import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ProtocolError } from '#shared/errors.ts'
import { concatBytes } from '#shared/bytes/bytes.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import { sizeClass } from '#shared/replication/size-classes.ts'
import { AttachmentStore, type StoredAttachment } from './attachment-store.ts'
import { chunkBytes, headerBytes, layoutOf, sealedChunkBytes, tagBytes } from './sealed-format.ts'

const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }
let folder: string
let store: AttachmentStore
const file = (id: string) => path.join(folder, id)

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-attachments-'))
  folder = path.join(folder, 'attachments')
  store = new AttachmentStore(folder, random)
})
afterEach(() => rmSync(path.dirname(folder), { recursive: true, force: true }))

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
}
async function readAll(
  of: Pick<StoredAttachment, 'id' | 'key'>,
  range?: { start: number; end: number },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of store.read(of, range)) parts.push(part)
  return concatBytes(...parts)
}

describe('attachments', () => {
  const sizes = [0, 1, 248, 249, chunkBytes - 9, chunkBytes - 8, chunkBytes - 7, chunkBytes, 2 * chunkBytes - 8]
  it.each([...sizes, 2 * chunkBytes, 3 * chunkBytes + 17])(
    'of %i bytes come back as they were, and are named by their ciphertext',
    async (size) => {
      const bytes = random.bytes(size)
      const stored = await store.write(pieces(bytes, 40_001))
      expect(stored.size).toBe(size)
      expect(await readAll(stored)).toEqual(bytes)
      expect(await store.isIntact(stored.id)).toBe(true)
      expect(statSync(file(stored.id)).mode & 0o777).toBe(0o600)
      expect(layoutOf(statSync(file(stored.id)).size)?.paddedBytes).toBe(sizeClass(size + 8))
      expect(readdirSync(folder)).toEqual([stored.id])
    },
  )

  it('can be read in part', async () => {
    const bytes = random.bytes(2 * chunkBytes + 100)
    const stored = await store.write(pieces(bytes, chunkBytes))
    const ranges = [
      [0, 1],
      [chunkBytes - 1, chunkBytes + 1],
      [5, 2 * chunkBytes + 50],
      [2 * chunkBytes, 9e9],
      [7, 7],
      [9e9, 9e9],
    ] as const
    for (const [start, end] of ranges) expect(await readAll(stored, { start, end })).toEqual(bytes.slice(start, end))
  })

  it('have keys of their own: equal content, different bytes', async () => {
    const bytes = random.bytes(100)
    const [a, b] = [await store.write(pieces(bytes, 100)), await store.write(pieces(bytes, 100))]
    expect(a.id).not.toBe(b.id)
    await expect(readAll({ id: a.id, key: b.key })).rejects.toThrow(ProtocolError)
    expect(readFileSync(file(a.id)).includes(Buffer.from(bytes.subarray(0, 16)))).toBe(false)
  })

  it('refuse every truncation', async () => {
    const stored = await store.write(pieces(random.bytes(2 * chunkBytes + 5), 9999))
    const whole = readFileSync(file(stored.id))
    const boundary = headerBytes + sealedChunkBytes
    const lengths = [
      ...Array(80).keys(),
      boundary - 1,
      boundary,
      boundary + tagBytes,
      boundary * 2 - headerBytes,
      whole.length - 1,
    ]
    for (const length of lengths) {
      writeFileSync(file(stored.id), whole)
      truncateSync(file(stored.id), length)
      await expect(readAll(stored), `cut to ${length}`).rejects.toThrow(ProtocolError)
      await expect(readAll(stored, { start: 0, end: 1 }), `cut to ${length}`).rejects.toThrow(ProtocolError)
    }
  })

  it('refuse every flipped bit of a small one, and an appended byte', async () => {
    const stored = await store.write(pieces(random.bytes(40), 40))
    const whole = readFileSync(file(stored.id))
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      writeFileSync(file(stored.id), flipped)
      await expect(readAll(stored), `bit ${bit}`).rejects.toThrow(ProtocolError)
    }
    writeFileSync(file(stored.id), Buffer.concat([whole, Buffer.of(0)]))
    await expect(readAll(stored)).rejects.toThrow(ProtocolError)
    expect(await store.isIntact(stored.id)).toBe(false)
  })

  it('refuse chunks in another order or from another attachment', async () => {
    const stored = await store.write(pieces(random.bytes(3 * chunkBytes), chunkBytes))
    const whole = readFileSync(file(stored.id))
    const chunk = (n: number) =>
      whole.subarray(headerBytes + n * sealedChunkBytes, headerBytes + (n + 1) * sealedChunkBytes)
    const header = whole.subarray(0, headerBytes)
    for (const order of [
      [1, 0, 2],
      [0, 0, 2],
      [0, 1],
      [0, 2],
      [0, 1, 2, 2],
    ]) {
      writeFileSync(file(stored.id), Buffer.concat([header, ...order.map(chunk)]))
      await expect(readAll(stored), order.join()).rejects.toThrow(ProtocolError)
    }
  })

  it('leave nothing behind when the source fails', async () => {
    const failing = async function* () {
      yield random.bytes(200_000)
      throw await Promise.resolve(new Error('peer hung up'))
    }
    await expect(store.write(failing())).rejects.toThrow('peer hung up')
    expect(readdirSync(folder)).toEqual([])
  })

  it('are swept when nothing names them', async () => {
    const kept = await store.write(pieces(random.bytes(10), 10))
    const orphan = await store.write(pieces(random.bytes(10), 10))
    writeFileSync(file('abc.part'), 'half')
    expect(await store.sweep(new Set([kept.id]))).toBe(2)
    await expect(readAll(orphan)).rejects.toMatchObject({ code: 'not-found' })
    expect(await store.totalBytes()).toBe(statSync(file(kept.id)).size)
  })

  it('are none before the first one', async () => {
    expect(await store.totalBytes()).toBe(0)
    expect(await store.sweep(new Set())).toBe(0)
  })

  it('never leave their folder', async () => {
    for (const id of ['../keys.json', '', 'a/b', '/etc/passwd'] as AttachmentId[]) {
      await expect(readAll({ id, key: random.bytes(32) })).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })
})
