/** Which real peers this machine has; in CI a missing one is a failure, elsewhere a loudly named skip. */
import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'

const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/usr/bin', '/sbin']

/** Path of a program, or null; a name with a slash is a file, say a header, that must be there. */
export function findProgram(name: string): string | null {
  if (name.includes('/')) return existsSync(name) ? name : null
  for (const folder of folders) {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      continue
    }
  }
  return null
}

/** A suite that needs the named programs. */
export function describeWithPeers(title: string, programs: readonly string[], body: () => void): void {
  const missing = programs.filter((program) => findProgram(program) === null)
  if (missing.length === 0) {
    describe(title, body)
    return
  }
  const reason = `${title} — SKIPPED: not installed: ${missing.join(', ')}`
  if (process.env.CI === 'true') {
    describe(title, () => {
      it('has its peers', () => {
        throw new Error(`in CI these must be installed: ${missing.join(', ')}`)
      })
    })
  } else {
    console.warn(reason)
    describe.skip(reason, body)
  }
}

/** Loopback TCP ports nobody listens on right now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** A new empty folder for one peer. */
export function makeRunFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `sotto-${name}-`))
}

export interface RunningPeer {
  readonly process: ChildProcess
  readonly folder: string
  /** Everything it wrote so far. */
  output(): string
  /** Ends the process by its id and removes its folder. */
  stop(): Promise<void>
}

/** Starts a program in a folder of its own and collects what it says. */
export function startPeer(
  program: string,
  args: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): RunningPeer {
  const path = findProgram(program)
  if (path === null) throw new Error(`${program} is not installed`)
  const child = spawn(path, args, { cwd: folder, env: { ...process.env, ...environment }, stdio: 'pipe' })
  let text = ''
  const collect = (chunk: Buffer): void => {
    text = (text + chunk.toString('utf8')).slice(-2_000_000)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    process: child,
    folder,
    output: () => text,
    stop: async () => {
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 3000)
      await ended
      clearTimeout(force)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Waits until `condition` holds, looking every 20 ms. */
export async function waitUntil(condition: () => boolean, what: string, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`timed out: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
