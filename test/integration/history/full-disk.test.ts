import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, describe, it } from 'vitest'
import type { FullDiskReport } from './full-disk-child.ts'

/** A file system of its own needs root, or a user namespace in which one is root. */
const namespace = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m']
const canMount =
  process.env.CI === 'true' ||
  spawnSync('unshare', [...namespace, 'sh', '-c', 'mount -t tmpfs tmpfs /tmp'], { stdio: 'ignore' }).status === 0
const title = canMount ? 'a disk that is really full' : 'a disk that is really full – SKIPPED: run as root on Linux'

describe.skipIf(!canMount)(title, () => {
  const disk = mkdtempSync(path.join(tmpdir(), 'sotto-disk-'))
  afterAll(() => rmSync(disk, { recursive: true, force: true }))

  it('refuses what cannot be stored, on either way, and takes it once when there is space again', () => {
    const child = fileURLToPath(new URL('./full-disk-child.ts', import.meta.url))
    // The mount is seen by the child alone and goes with it.
    const script = `mount -t tmpfs -o size=8m tmpfs "$1" && TMPDIR="$1" exec "$2" --no-warnings "$3"`
    const args = [...namespace, 'sh', '-c', script, 'sh', disk, process.execPath, child]
    const report = JSON.parse(execFileSync('unshare', args, { encoding: 'utf8', timeout: 60_000 })) as FullDiskReport
    const [sip, msrp] = ['sip-message while the disk is full', 'msrp while the disk is full']
    expect(report).toMatchObject({ errno: 'ENOSPC', freeBytes: 0 })
    expect(report).toMatchObject({ sendFailure: 'disk-full', sipStatus: 500, msrpStatus: 408 })
    expect(report).toMatchObject({ heldWhileFull: ['before'] })
    // The second of each is the sender's repetition.
    expect(report).toMatchObject({ sipAgain: [200, 200], msrpAgain: [200, 200] })
    expect(report.heldAfterwards).toEqual(['before', sip, msrp, 'while full'])
    expect(report).toMatchObject({ heldAfterReopening: report.heldAfterwards, intact: true, integrityCheck: 'ok' })
  }, 90_000)
})
