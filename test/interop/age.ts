/** Debian's `age`, which asks for passphrases on a terminal: `script` gives it one. */
import { spawn } from 'node:child_process'

export interface Ran {
  readonly code: number | null
  readonly output: string
}

function run(command: string, args: readonly string[], input: string): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (piece: Buffer) => (output += piece.toString('utf8')))
    child.stderr.on('data', (piece: Buffer) => (output += piece.toString('utf8')))
    child.once('error', reject)
    child.once('exit', (code) => resolve({ code, output }))
    // Who needs no input may have ended before it came.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

/** `age` with nothing to ask. */
export function age(...args: readonly string[]): Promise<Ran> {
  return run('age', args, '')
}

/** `age` at a terminal on which somebody types each of `lines`. */
export function ageAtTerminal(args: readonly string[], lines: readonly string[]): Promise<Ran> {
  const command = ['age', ...args].map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(' ')
  return run('script', ['-qec', command, '/dev/null'], lines.map((line) => `${line}\n`).join(''))
}

/** `tar` as anybody has it. */
export function tar(...args: readonly string[]): Promise<Ran> {
  return run('tar', args, '')
}
