import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { lockDirectory } from './lock.ts'
import { temporaryDirectory } from '#test/fakes/home-server.ts'

test('one holder per directory, also between processes, and a killed holder leaves no lock', async () => {
  const directory = temporaryDirectory()
  const script = `
    import { lockDirectory } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)}
    const lock = lockDirectory(${JSON.stringify(directory.path)})
    console.log(lock === null ? 'busy' : 'held')
    if (lock !== null) setInterval(() => lock, 1000)`
  const start = async () => {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: 'pipe' })
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    return { child, said: said.toString().trim() }
  }
  try {
    // Both at once: exactly one wins.
    const racers = await Promise.all([start(), start()])
    expect(racers.map(({ said }) => said).sort()).toEqual(['busy', 'held'])
    expect(lockDirectory(directory.path)).toBeNull()
    const holder = racers.find(({ said }) => said === 'held')!.child
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    const lock = lockDirectory(directory.path)
    expect(lock).not.toBeNull()
    expect(lockDirectory(directory.path)).toBeNull()
    lock?.release()
    const again = lockDirectory(directory.path)
    expect(again).not.toBeNull()
    again?.release()
  } finally {
    directory.remove()
  }
})
