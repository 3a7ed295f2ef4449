import { spawn } from 'node:child_process'

/** A started server process as the control sees it. */
export interface ServerProcess {
  /** Exit code, or null while it runs; 127 stands for "could not be started". */
  exitCode(): number | null
}

/** Starts the home server; given by compose, which knows the program's own executable. */
export type SpawnServer = (args: readonly string[]) => ServerProcess

/** Exit code of a server that found its data directory taken by another. */
export const exitCodeLocked = 75
const exitCodeNotStarted = 127

/**
 * Makes a {@link SpawnServer} for a command such as `[process.execPath, 'out/main/home-server.js']`. The process is
 * detached, because it outlives the profile that started it, and has no inherited handles.
 */
export function detachedSpawn(command: readonly [string, ...string[]], environment: NodeJS.ProcessEnv): SpawnServer {
  return (args) => {
    const [file, ...before] = command
    const child = spawn(file, [...before, ...args], {
      detached: true,
      stdio: 'ignore',
      env: environment,
      windowsHide: true,
    })
    let failed = false
    child.once('error', () => (failed = true))
    child.unref()
    return { exitCode: () => (failed ? exitCodeNotStarted : child.exitCode) }
  }
}
