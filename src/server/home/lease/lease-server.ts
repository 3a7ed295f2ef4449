import { rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { sameSecret } from '../accounts/sign-up-token.ts'
import { controlHello } from '#shared/home/api.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'

const helloMs = 5_000
const maxHelloLength = 1_000

/**
 * Counts the running profiles: each holds a connection to the control socket. When the last one ends, and nobody came
 * within the grace period, `onIdle` is called once.
 */
export class LeaseServer {
  readonly #path: string
  readonly #secret: string
  readonly #clock: ClockPort
  readonly #graceMs: number
  readonly #maxConnections: number
  readonly #onIdle: () => void
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  readonly #leases = new Set<Socket>()
  #idleTimer: Timer | null = null
  #stopped = false

  constructor(ports: {
    readonly path: string
    readonly secret: string
    readonly clock: ClockPort
    readonly graceMs: number
    readonly maxConnections: number
    readonly onIdle: () => void
  }) {
    this.#path = ports.path
    this.#secret = ports.secret
    this.#clock = ports.clock
    this.#graceMs = ports.graceMs
    this.#maxConnections = ports.maxConnections
    this.#onIdle = ports.onIdle
    this.#server = createServer((socket) => this.#accept(socket))
  }

  /** Listens, and waits `firstGraceMs` for the first profile. The caller holds the directory's lock. */
  async start(firstGraceMs: number): Promise<void> {
    // What stands there is left over from a killed process: the lock is ours.
    if (process.platform !== 'win32') rmSync(this.#path, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#path, () => {
        this.#server.removeListener('error', reject)
        resolve()
      })
    })
    this.#watch(firstGraceMs)
  }

  get leases(): number {
    return this.#leases.size
  }

  stop(): void {
    this.#stopped = true
    this.#idleTimer?.cancel()
    this.#server.close()
    for (const socket of this.#connections) socket.destroy()
  }

  #accept(socket: Socket): void {
    socket.on('error', () => undefined)
    if (this.#stopped || this.#connections.size >= this.#maxConnections) return void socket.destroy()
    this.#connections.add(socket)
    socket.once('close', () => this.#handleClose(socket))
    socket.setTimeout(helloMs, () => socket.destroy())
    let line = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      // Nothing is expected after the first line.
      if (this.#leases.has(socket)) return
      line += text
      if (line.length > maxHelloLength) return void socket.destroy()
      if (line.includes('\n')) this.#handleHello(socket, line.slice(0, line.indexOf('\n')))
    })
  }

  #handleHello(socket: Socket, line: string): void {
    const hello = controlHello.safeParse(parseJson(line))
    if (!hello.success || !sameSecret(hello.data.secret, this.#secret)) return void socket.destroy()
    socket.setTimeout(0)
    this.#leases.add(socket)
    this.#idleTimer?.cancel()
    socket.write('{"lease":"granted"}\n')
  }

  #handleClose(socket: Socket): void {
    this.#connections.delete(socket)
    if (this.#leases.delete(socket) && this.#leases.size === 0) this.#watch(this.#graceMs)
  }

  #watch(graceMs: number): void {
    this.#idleTimer?.cancel()
    if (this.#stopped) return
    this.#idleTimer = this.#clock.after(graceMs, () => {
      if (this.#leases.size === 0 && !this.#stopped) this.#onIdle()
    })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
