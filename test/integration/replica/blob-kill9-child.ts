/** The process that is killed: it stores one sealed file after the other, part by part, and says what was acknowledged. */
import { writeSync } from 'node:fs'
import { defaultReplicaLimits } from '#server/replica/limits.ts'
import { SqliteBlobStore } from '#server/replica/sqlite/sqlite-blob-store.ts'
import { systemClock } from '#server/home/system-ports.ts'
import { blobNumber, partBytes } from './numbered-blob.ts'

const [directory, first] = process.argv.slice(2)
if (directory === undefined || first === undefined) throw new Error('directory and number wanted')

const store = new SqliteBlobStore({ directory, clock: systemClock, limits: defaultReplicaLimits })
for (let number = Number(first); ; number += 1) {
  const { hash, bytes } = blobNumber(number)
  const [state] = await store.states('alice', [hash])
  for (let at = state?.next ?? 0; at < bytes.length; at += partBytes) {
    const part = { hash, size: bytes.length, at, bytes: bytes.subarray(at, at + partBytes) }
    const { kind } = await store.put('alice', part)
    writeSync(1, `${number} ${kind} ${at + part.bytes.length}\n`)
  }
}
