import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemRandom } from '#main/platform/system-random.ts'
import { AttachmentStore } from './attachment-store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-restore-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const storeAt = (name: string) => new AttachmentStore(path.join(folder, name), systemRandom)
async function* from(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 50_000) yield await Promise.resolve(bytes.subarray(at, at + 50_000))
}

it('makes the same file again, and nothing of anything else', async () => {
  const plain = systemRandom.bytes(200_000)
  const [one, two] = [storeAt('one'), storeAt('two')]
  const kept = await one.write(from(plain))
  const facts = await one.facts(kept)
  expect(facts?.size).toBe(plain.length)
  expect(await two.facts(kept)).toBeNull()
  const noncePrefix = facts?.noncePrefix ?? new Uint8Array()

  const other = Uint8Array.from(plain)
  other[150_000]! ^= 1
  await expect(two.restore({ ...kept, noncePrefix }, from(other))).rejects.toMatchObject({ code: 'attachment-forged' })
  expect(readdirSync(path.join(folder, 'two'))).toEqual([])

  await two.restore({ ...kept, noncePrefix }, from(plain))
  expect(await two.isIntact(kept.id)).toBe(true)
  const pieces: Uint8Array[] = []
  for await (const piece of two.read(kept)) pieces.push(piece)
  expect(Buffer.concat(pieces).equals(plain)).toBe(true)
})
