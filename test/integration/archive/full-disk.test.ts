import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import type { FullExportReport } from './full-disk-child.ts'

const namespace = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m']
const canMount =
  process.env.CI === 'true' ||
  spawnSync('unshare', [...namespace, 'sh', '-c', 'mount -t tmpfs tmpfs /tmp'], { stdio: 'ignore' }).status === 0
const title = canMount
  ? 'an export to a disk that is full'
  : 'an export to a disk that is full – SKIPPED: run as root on Linux'

describe.skipIf(!canMount)(title, () => {
  const disk = mkdtempSync(path.join(tmpdir(), 'sotto-export-disk-'))
  afterAll(() => rmSync(disk, { recursive: true, force: true }))

  it('says so, leaves nothing behind, and works when there is space', () => {
    const child = fileURLToPath(new URL('./full-disk-child.ts', import.meta.url))
    const script = 'mount -t tmpfs -o size=16m tmpfs "$1" && exec "$2" --no-warnings "$3" "$1"'
    const args = [...namespace, 'sh', '-c', script, 'sh', disk, process.execPath, child]
    const report = JSON.parse(execFileSync('unshare', args, { encoding: 'utf8', timeout: 110_000 })) as FullExportReport
    expect(report).toEqual({ failures: Array<string>(8).fill('disk-full'), left: [], afterwards: 600 })
  }, 120_000)
})
