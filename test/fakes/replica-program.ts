/** `npm run replica` as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { ReplicaAddress } from '#main/replication/client-ports.ts'

const main = new URL('../../src/server/replica/main.ts', import.meta.url).pathname
const startsWithinMs = 20_000

export interface LaunchedReplica {
  readonly child: ChildProcess
  /** Everything it wrote. */
  readonly said: () => string
}

export interface ReplicaProgram extends LaunchedReplica {
  /** Where it is, and the pin of its key that it printed. */
  readonly address: ReplicaAddress
  /** Text that opens one account; empty if none was asked for. */
  readonly invitation: string
}

/** Starts one that may refuse. `options`: as on its command line. */
export function launchReplica(options: readonly string[]): LaunchedReplica {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...options])
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  return { child, said: () => said }
}

/** Waits until it listens, and reads where. @throws Error with what it wrote if it does not. */
export async function listening({ child, said }: LaunchedReplica): Promise<ReplicaProgram> {
  const late = AbortSignal.timeout(startsWithinMs)
  while (!said().includes('Ctrl+C')) {
    if (late.aborted || child.exitCode !== null) throw new Error(`no replica: ${said()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const port = Number(/port (\d+)/.exec(said())?.[1])
  const pin = /pin \(SHA-256 of the key\) (\S+)/.exec(said())?.[1] ?? ''
  const invitation = /sotto-invite:\S+/.exec(said())?.[0] ?? ''
  return { child, said, invitation, address: { host: '127.0.0.1', port, spkiPins: [pin] } }
}

/** Ends it in order; the exit code. */
export async function stopReplica(child: ChildProcess): Promise<number | null> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
  return child.exitCode
}
