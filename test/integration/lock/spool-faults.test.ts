import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemRandom } from '#main/platform/system-random.ts'
import { decodeSpoolKey } from '#main/spool/sealed-record.ts'
import { Spool } from '#main/spool/spool.ts'
import { SpoolStore } from '#main/spool/spool-store.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'

const child = fileURLToPath(new URL('./spool-child.ts', import.meta.url))
/** A file system of its own needs root, or a user namespace in which one is root. */
const namespace = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m']
const canMount =
  process.env.CI === 'true' ||
  spawnSync('unshare', [...namespace, 'sh', '-c', 'mount -t tmpfs tmpfs /tmp'], { stdio: 'ignore' }).status === 0

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-spool-faults-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the child and kills it after so many answers; what it printed. */
function killedAfter(answers: number): Promise<string> {
  const running = spawn(process.execPath, ['--no-warnings', child, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  running.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    if (printed.split('\n').length > answers) running.kill('SIGKILL')
  })
  return new Promise((resolve) => running.once('close', () => resolve(printed)))
}

it('holds every message whose sender has an answer, wherever the program is killed', async () => {
  const random = new SeededRandom('kill the spool')
  for (let round = 0; round < 12; round += 1) {
    const printed = await killedAfter(2 + ((random.bytes(1)[0] ?? 0) % 60))
    const [first = '', ...lines] = printed.split('\n')
    // A line that was cut short was said to nobody.
    const answered = lines.slice(0, -1).map((line) => line.split(' '))
    expect(answered.length).toBeGreaterThan(0)
    expect(answered.every(([status]) => status === '202')).toBe(true)
    const kept = new Set<string>()
    const spool = new Spool({ store: new SpoolStore(path.join(folder, 'spool')), random: systemRandom })
    const key = decodeSpoolKey(Uint8Array.from(Buffer.from(first.slice('key '.length), 'hex')))
    const { refused, left } = await spool.drain(key, (record) => {
      kept.add(record.kind === 'body' ? record.body.transportId : '')
      return Promise.resolve('done')
    })
    expect({ refused, left }).toEqual({ refused: 0, left: 0 })
    for (const [, name = ''] of answered) expect(kept, `round ${round}`).toContain(name)
  }
}, 120_000)

it.skipIf(!canMount)(
  canMount
    ? 'refuses for now on a full disk, and takes again with room'
    : 'a full disk – SKIPPED: run as root on Linux',
  () => {
    const script = `mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" --no-warnings "$3" "$1" full`
    const args = [...namespace, 'sh', '-c', script, 'sh', folder, process.execPath, child]
    const report = JSON.parse(execFileSync('unshare', args, { encoding: 'utf8', timeout: 60_000 })) as unknown
    expect(report).toEqual({
      ...{ before: 202, full: 500, again: 202, kept: ['before', 'while-full'] },
      report: { applied: 2, refused: 0, left: 0 },
    })
  },
  90_000,
)
