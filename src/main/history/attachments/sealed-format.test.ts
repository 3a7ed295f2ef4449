import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { toHex } from '#shared/bytes/bytes.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { AttachmentStore } from './attachment-store.ts'
import { layoutOf, paddingOf, sizeBytes, sizeIn } from './sealed-format.ts'

const vector = JSON.parse(
  readFileSync(new URL('../../../../test/vectors/replication/blob.json', import.meta.url), 'utf8'),
) as Readonly<Record<'key' | 'noncePrefix' | 'plain' | 'file' | 'name', string>>
const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

it('seals the file of the vector, byte for byte', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sotto-sealed-'))
  const [id, key] = [vector.name as AttachmentId, fromHex(vector.key)]
  const source = async function* () {
    yield await Promise.resolve(fromHex(vector.plain))
  }
  const store = new AttachmentStore(folder, systemRandom)
  await store.restore({ id, key, noncePrefix: fromHex(vector.noncePrefix) }, source())
  expect(toHex(readFileSync(path.join(folder, id)))).toBe(vector.file)
  expect(await store.facts({ id, key })).toMatchObject({ size: vector.plain.length / 2 })
  rmSync(folder, { recursive: true })
})

it.each([0, 1, 247, 248, 249, 65_528, 65_529, 5_000_000, 5_000_000_000, 2 ** 40])(
  'pads %i bytes to a size class, from which the size is told again',
  (size) => {
    const { zeros, end } = paddingOf(size)
    const padded = size + zeros + sizeBytes
    expect(end).toHaveLength(sizeBytes)
    expect(sizeIn(end, padded)).toBe(size)
    expect(() => sizeIn(end, padded * 2)).toThrow('attachment-malformed')
    const chunks = Math.ceil(padded / 65_536)
    expect(layoutOf(24 + padded + chunks * 16)).toEqual({ chunks, paddedBytes: padded })
    expect(layoutOf(24 + padded + chunks * 16 + 1)).toBeNull()
  },
)
