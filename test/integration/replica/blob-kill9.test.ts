import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { defaultReplicaLimits } from '#server/replica/limits.ts'
import { SqliteBlobStore } from '#server/replica/sqlite/sqlite-blob-store.ts'
import { systemClock } from '#server/home/system-ports.ts'
import { blobNumber } from './numbered-blob.ts'

const child = fileURLToPath(new URL('blob-kill9-child.ts', import.meta.url))
const kills = 6

/** Bytes of each number that were acknowledged by a process that was killed once it had said so much. */
async function liveOnce(directory: string, first: number, acknowledged: Map<number, number>): Promise<void> {
  const running = spawn(process.execPath, [child, directory, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const most = randomInt(1, 40)
  let [said, lines] = ['', 0]
  running.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString()
    lines = said.split('\n').length - 1
    if (lines >= most) running.kill('SIGKILL')
  })
  await once(running, 'close')
  expect(lines).toBeGreaterThanOrEqual(most)
  for (const line of said.split('\n').slice(0, -1)) {
    const [number, kind, upTo] = line.split(' ')
    expect(['part', 'stored']).toContain(kind)
    acknowledged.set(Number(number), Number(upTo))
  }
}

it('loses no acknowledged part of a sealed file, and goes on with what was begun, when killed again and again', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'sotto-blob-kill-'))
  const acknowledged = new Map<number, number>()
  for (let round = 0; round < kills; round++) {
    const last = [...acknowledged.keys()].at(-1) ?? 0
    await liveOnce(directory, last, acknowledged)
    const store = new SqliteBlobStore({ directory, clock: systemClock, limits: defaultReplicaLimits })
    for (const [number, upTo] of acknowledged) {
      const { hash, bytes } = blobNumber(number)
      const [state] = await store.states('alice', [hash])
      expect(state!.next).toBeGreaterThanOrEqual(upTo)
      const isWhole = upTo === bytes.length
      if (isWhole) expect(state!.whole).toBe(true)
      const read = await store.read('alice', hash, { at: 0, most: bytes.length })
      if (isWhole) expect(Buffer.from(read!.bytes).equals(bytes)).toBe(true)
    }
    await store.close()
  }
  rmSync(directory, { recursive: true })
  expect(acknowledged.size).toBeGreaterThan(kills)
}, 240_000)
