import net from 'node:net'
import { decodeMessage, type DbusMessage, encodeMessage, lengthOfMessage, messageTypes } from './message.ts'
import { DbusError } from './wire.ts'

export interface DbusCall {
  readonly destination: string
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly signature?: string
  readonly body?: readonly unknown[]
}

/** An answer to a call of ours on another's behalf; null = no such method. */
export type ExportedObject = (call: DbusMessage) => { signature?: string; body?: readonly unknown[] } | null

interface Pending {
  readonly resolve: (body: readonly unknown[]) => void
  readonly reject: (error: DbusError) => void
}

const callTimeoutMs = 10_000
const busName = 'org.freedesktop.DBus'
const busPath = '/org/freedesktop/DBus'

/** Socket path of a bus address; null for transports we do not speak. */
export function socketPathOf(address: string): string | null {
  for (const choice of address.split(';')) {
    const [, transport, settings = ''] = /^(\w+):(.*)$/.exec(choice) ?? []
    if (transport !== 'unix') continue
    const values = new Map(settings.split(',').map((pair) => pair.split('=', 2) as [string, string]))
    const file = values.get('path')
    if (file !== undefined) return decodeURIComponent(file)
    const abstract = values.get('abstract')
    if (abstract !== undefined) return `\0${decodeURIComponent(abstract)}`
  }
  return null
}

/** Address of the person's session bus; null if there is none. */
export function sessionBusAddress(env: Readonly<Record<string, string | undefined>> = process.env): string | null {
  const { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: runtime } = env
  if (address !== undefined && address !== '') return address
  return runtime === undefined ? null : `unix:path=${runtime}/bus`
}

/** Address of the system's bus (D-Bus Specification, "System message bus"). */
export function systemBusAddress(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { DBUS_SYSTEM_BUS_ADDRESS: address } = env
  return address === undefined || address === '' ? 'unix:path=/run/dbus/system_bus_socket' : address
}

/** A client of one message bus: calls, signals and exported objects. */
export class DbusConnection {
  readonly #socket: net.Socket
  readonly #pending = new Map<number, Pending>()
  readonly #objects = new Map<string, ExportedObject>()
  readonly #signalHandlers = new Set<(signal: DbusMessage) => void>()
  #held: Buffer = Buffer.alloc(0)
  #serial = 0
  /** Our name on the bus. */
  name = ''
  onClosed: () => void = () => undefined

  private constructor(socket: net.Socket) {
    this.#socket = socket
  }

  /** Connects and signs in as this user. @throws DbusError or the socket's error. */
  static async connect(address: string): Promise<DbusConnection> {
    const path = socketPathOf(address)
    if (path === null) throw new DbusError('unsupported bus address')
    const socket = net.connect(path)
    // The bus must not keep the program alive.
    socket.unref()
    const connection = new DbusConnection(socket)
    await connection.#authenticate()
    const [name] = await connection.call({ destination: busName, path: busPath, interface: busName, member: 'Hello' })
    connection.name = String(name)
    return connection
  }

  async #authenticate(): Promise<void> {
    const user = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex')
    const line = new Promise<string>((resolve, reject) => {
      this.#socket.once('error', reject)
      this.#socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1')))
      this.#socket.setTimeout(callTimeoutMs, () => reject(new DbusError('the bus does not answer')))
    })
    this.#socket.write(`\0AUTH EXTERNAL ${user}\r\n`)
    if (!(await line).startsWith('OK ')) throw new DbusError('the bus refused us')
    this.#socket.setTimeout(0)
    this.#socket.write('BEGIN\r\n')
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    this.#socket.on('error', () => this.close())
    this.#socket.on('close', () => this.#handleClosed())
  }

  /** @throws DbusError with the error's name if the other side refuses. */
  call(call: DbusCall): Promise<readonly unknown[]> {
    const serial = ++this.#serial
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(serial)
        reject(new DbusError(`${call.member}: no answer`))
      }, callTimeoutMs)
      timer.unref()
      const settle =
        <T>(end: (value: T) => void): ((value: T) => void) =>
        (value) => {
          clearTimeout(timer)
          end(value)
        }
      this.#pending.set(serial, { resolve: settle(resolve), reject: settle(reject) })
      this.#send({ type: messageTypes.call, serial, body: [], ...call })
    })
  }

  /** Hears the signals that match `rule` (D-Bus match rule). */
  async subscribe(rule: string, handler: (signal: DbusMessage) => void): Promise<void> {
    this.#signalHandlers.add(handler)
    const match = { destination: busName, path: busPath, interface: busName, member: 'AddMatch' }
    await this.call({ ...match, signature: 's', body: [rule] })
  }

  /** Whether someone owns `name` on the bus. */
  async hasOwner(name: string): Promise<boolean> {
    const query = { destination: busName, path: busPath, interface: busName, member: 'NameHasOwner' }
    const [owned] = await this.call({ ...query, signature: 's', body: [name] })
    return owned === true
  }

  /** Whether someone owns `name`, or the bus can start them. */
  async canReach(name: string): Promise<boolean> {
    if (await this.hasOwner(name)) return true
    const query = { destination: busName, path: busPath, interface: busName, member: 'ListActivatableNames' }
    const [names] = await this.call(query)
    return (names as string[]).includes(name)
  }

  /** Answers calls to `path`. */
  exportObject(path: string, object: ExportedObject): void {
    this.#objects.set(path, object)
  }

  unexportObject(path: string): void {
    this.#objects.delete(path)
  }

  emitSignal(signal: { path: string; interface: string; member: string; signature?: string; body?: unknown[] }): void {
    this.#send({ type: messageTypes.signal, serial: ++this.#serial, body: [], ...signal })
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(message: DbusMessage): void {
    this.#socket.write(encodeMessage(message))
  }

  #receive(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    try {
      for (;;) {
        const length = lengthOfMessage(this.#held)
        if (length === null || this.#held.length < length) return
        const message = decodeMessage(this.#held.subarray(0, length))
        this.#held = this.#held.subarray(length)
        this.#dispatch(message)
      }
    } catch {
      // Out of step with the bus: nothing it says can be trusted any more.
      this.close()
    }
  }

  #dispatch(message: DbusMessage): void {
    if (message.type === messageTypes.call) this.#answer(message)
    else if (message.type === messageTypes.signal) for (const handler of this.#signalHandlers) handler(message)
    else this.#settle(message)
  }

  #settle(message: DbusMessage): void {
    const serial = message.replySerial ?? 0
    const pending = this.#pending.get(serial)
    this.#pending.delete(serial)
    if (message.type === messageTypes.reply) pending?.resolve(message.body)
    else pending?.reject(new DbusError(message.errorName ?? 'error'))
  }

  #answer(call: DbusMessage): void {
    const answer = this.#objects.get(call.path ?? '')?.(call) ?? null
    if (call.noReply === true) return
    const common = { serial: ++this.#serial, replySerial: call.serial, body: [] }
    const to = call.sender === undefined ? {} : { destination: call.sender }
    if (answer !== null) this.#send({ ...common, ...to, type: messageTypes.reply, ...answer })
    else
      this.#send({ ...common, ...to, type: messageTypes.error, errorName: 'org.freedesktop.DBus.Error.UnknownMethod' })
  }

  #handleClosed(): void {
    for (const { reject } of this.#pending.values()) reject(new DbusError('connection closed'))
    this.#pending.clear()
    this.onClosed()
  }
}
