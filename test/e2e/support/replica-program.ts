/** `npm run replica` as a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from '@playwright/test'

const main = new URL('../../../src/server/replica/main.ts', import.meta.url).pathname
const patient = { timeout: 30_000 }

export interface ReplicaProgram {
  /** Text that opens one account. */
  readonly invitation: string
  /** Host and port, as a person types them. */
  readonly address: string
  /** Everything it wrote. */
  readonly said: () => string
  /** Resolves with the exit code. */
  stop(): Promise<number | null>
}

/** Starts one with an invitation. `options`: as on its command line. */
export async function startReplica(data: string, ...options: readonly string[]): Promise<ReplicaProgram> {
  const all = ['--data', data, '--port', '0', '--invite', ...options]
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...all])
  const exited = once(child, 'exit')
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  await expect.poll(() => said, patient).toContain('Ctrl+C')
  return {
    invitation: /sotto-invite:\S+/.exec(said)?.[0] ?? '',
    address: `127.0.0.1:${/port (\d+)/.exec(said)?.[1]}`,
    said: () => said,
    stop: async () => {
      child.kill('SIGTERM')
      await exited
      return child.exitCode
    },
  }
}
