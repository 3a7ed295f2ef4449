/** Exports to a small disk until it is full, and prints what became of it, as JSON. Its temporary folder has to be a file system of its own. */
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { SottoError } from '#shared/errors.ts'
import { alice, aliceAccount, EntryMaker } from '../history/history-fixture.ts'
import { ArchiveProfile } from './archive-fixture.ts'

export interface FullExportReport {
  readonly failures: readonly string[]
  readonly left: readonly string[]
  readonly afterwards: number
}

const [disk = ''] = process.argv.slice(2)
if (statfsSync(disk).blocks * statfsSync(disk).bsize > 64 * 1024 * 1024) throw new Error('not a small disk')
const profile = new ArchiveProfile()
const make = new EntryMaker()
const entries = Array.from({ length: 600 }, (_, i) => make.incoming(`${i} ${'x'.repeat(5000)}`))
await profile.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries })
const protection = {
  kind: 'recipients',
  recipients: [await identityToRecipient(await generateX25519Identity())],
} as const
profile.target = path.join(disk, 'export.age')
const filler = path.join(disk, 'filler')
const failures: string[] = []
const left: string[] = []
for (const freeBytes of [0, 4096, 300_000, 1_500_000]) {
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(filler, new Uint8Array(Math.max(0, bavail * bsize - freeBytes)))
  for (const run of [
    () => profile.archive.exportSealed({ scope: { kind: 'all' }, protection }),
    () => profile.archive.exportReadable({ scope: { kind: 'all' }, format: 'html' }),
  ]) {
    failures.push(
      await run().then(
        () => 'written',
        (error: unknown) => (error instanceof SottoError ? error.code : String(error)),
      ),
    )
    left.push(...readdirSync(disk).filter((name) => name !== 'filler'))
  }
  rmSync(filler)
}
const { messages } = await profile.archive.exportSealed({ scope: { kind: 'all' }, protection })
await profile.remove()
process.stdout.write(JSON.stringify({ failures, left, afterwards: messages } satisfies FullExportReport))
