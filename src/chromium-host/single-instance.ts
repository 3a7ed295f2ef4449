import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, rmdirSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

/** What a second start tells the first. */
export interface SecondInstance {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly additionalData: unknown
}

const maxMessageChars = 256 * 1024
/** A Unix socket's address holds at most 107 bytes; macOS 103. */
const maxSocketPath = 100

/** Where the lock of a profile listens: inside the profile, or in a folder of ours where its path is too long. */
export function lockAddress(userData: string, platform: NodeJS.Platform = process.platform): string {
  const digest = createHash('sha256').update(userData).digest('hex').slice(0, 24)
  if (platform === 'win32') return `\\\\.\\pipe\\sotto-${digest}`
  const inside = path.join(userData, 'instance.sock')
  if (Buffer.byteLength(inside) <= maxSocketPath) return inside
  return path.join(privateFolder(path.join(os.tmpdir(), `sotto-${process.getuid?.() ?? 0}`)), `${digest}.sock`)
}

/**
 * A folder only its owner can enter.
 * @throws Error when somebody else made it first: they could pose as the first instance.
 */
export function privateFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  if (!found.isDirectory() || found.uid !== process.getuid?.())
    throw new Error(`${folder} belongs to somebody else: move it away, or use a shorter data folder`)
  chmodSync(folder, 0o700)
  return folder
}

/** Runs in a process of its own, so that the answer is there when the (synchronous) call returns. */
const teller = `
const socket = require('node:net').connect(process.argv[1])
const end = (code) => process.exit(code)
setTimeout(end, 5000, 4)
socket.on('error', () => end(3))
socket.on('data', () => end(0))
socket.on('connect', () => socket.write(process.argv[2] + '\\n'))`

/** Whether a first instance took our message. */
function tellFirst(address: string, message: SecondInstance): boolean {
  const run = spawnSync(process.execPath, ['-e', teller, address, JSON.stringify(message)], {
    stdio: 'ignore',
    timeout: 8000,
    env: {},
  })
  // 4: something holds the socket but does not answer: still not ours to take.
  return run.status !== 3
}

function parseSecondInstance(line: string): SecondInstance | null {
  try {
    const { argv, cwd, additionalData } = JSON.parse(line) as Record<string, unknown>
    if (!Array.isArray(argv) || !argv.every((arg) => typeof arg === 'string') || typeof cwd !== 'string') return null
    return { argv, cwd, additionalData }
  } catch {
    return null
  }
}

function serve(socket: net.Socket, onSecond: (second: SecondInstance) => void): void {
  let held = ''
  socket.setEncoding('utf8')
  socket.setTimeout(5000, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', (text: string) => {
    held += text
    const end = held.indexOf('\n')
    if (end < 0) {
      if (held.length > maxMessageChars) socket.destroy()
      return
    }
    const second = parseSecondInstance(held.slice(0, end))
    socket.end('ok\n')
    if (second !== null) onSecond(second)
  })
}

/** Binds at once: Node reports a taken address later, but whether it listens is known when `listen` returns. */
function tryListen(address: string, onSecond: (second: SecondInstance) => void): net.Server | null {
  const server = net.createServer((socket) => serve(socket, onSecond))
  server.on('error', () => undefined)
  server.listen(address)
  if (!server.listening) return null
  server.unref()
  if (process.platform !== 'win32') chmodSync(address, 0o600)
  return server
}

/** One process at a time clears away a dead instance's socket. */
function takeOver(address: string, onSecond: (second: SecondInstance) => void): net.Server | null {
  const guard = `${address}.takeover`
  try {
    mkdirSync(guard)
  } catch {
    return null
  }
  try {
    rmSync(address, { force: true })
    return tryListen(address, onSecond)
  } finally {
    rmdirSync(guard)
  }
}

/** Holds the lock of one profile; `acquire` tells an instance that holds it already. */
export class SingleInstanceLock {
  #server: net.Server | null = null
  readonly #onSecond: (second: SecondInstance) => void

  constructor(onSecond: (second: SecondInstance) => void) {
    this.#onSecond = onSecond
  }

  get held(): boolean {
    return this.#server !== null
  }

  acquire(userData: string, additionalData: unknown): boolean {
    if (this.#server !== null) return true
    mkdirSync(userData, { recursive: true, mode: 0o700 })
    const address = lockAddress(userData)
    this.#server = tryListen(address, this.#onSecond)
    if (this.#server !== null) return true
    if (tellFirst(address, { argv: process.argv, cwd: process.cwd(), additionalData })) return false
    this.#server = takeOver(address, this.#onSecond)
    return this.#server !== null
  }

  release(): void {
    this.#server?.close()
    this.#server = null
  }
}
