import { spawn } from 'node:child_process'
import { root } from './root.mjs'
import { toolEnv } from './packages.mjs'

/** Runs a command in the project with our tools first; passes signals on; resolves to its exit code. */
export function run(command, args, extraEnv = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: toolEnv(extraEnv) })
    const pass = (signal) => child.kill(signal)
    process.on('SIGINT', pass)
    process.on('SIGTERM', pass)
    child.once('error', () => resolve(1))
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
