/**
 * Takes messages as a locked program does and prints the number of each once its sender has the answer, until it is killed;
 * or, where its folder is a small file system, fills it and prints what became of them.
 */
import { appendFileSync, rmSync, statfsSync } from 'node:fs'
import path from 'node:path'
import { systemClock } from '#main/platform/system-clock.ts'
import { decodeSpoolKey, encodeSpoolKey } from '#main/spool/sealed-record.ts'
import { bodyOf, LockedProgram } from '#test/fakes/locked-program.ts'

const [folder = '', mode = 'run'] = process.argv.slice(2)
const program = new LockedProgram(path.join(folder, 'spool'), systemClock)

async function statusOf(text: string): Promise<number | undefined> {
  const receipt = program.deliver(bodyOf(text))
  await program.locked.release()
  return program.line.answers.get(receipt)
}

function fill(): void {
  const { blocks, bsize } = statfsSync(folder)
  if (blocks * bsize > 64 * 1024 * 1024) throw new Error('this is no small disk')
  for (let size = 65_536; size >= 1;) {
    try {
      appendFileSync(path.join(folder, 'filler'), Buffer.alloc(size, 1))
    } catch {
      size = Math.floor(size / 2)
    }
  }
}

if (mode === 'full') {
  const before = await statusOf('before')
  fill()
  const full = await statusOf('while-full')
  rmSync(path.join(folder, 'filler'))
  const again = await statusOf('while-full')
  const kept: string[] = []
  const key = decodeSpoolKey(encodeSpoolKey(program.key))
  const report = await program.spool.drain(key, (record) => {
    kept.push(record.kind === 'body' ? record.body.transportId : '')
    return Promise.resolve('done')
  })
  process.stdout.write(JSON.stringify({ before, full, again, kept, report }))
} else {
  process.stdout.write(`key ${Buffer.from(encodeSpoolKey(program.key)).toString('hex')}\n`)
  program.line.onAnswer = (receipt, status) => process.stdout.write(`${status} m${receipt}\n`)
  for (let number = 1; ; number += 1) {
    program.deliver(bodyOf(`m${number}`))
    if (number % 8 === 0) await program.locked.release()
  }
}
