/** A PostgreSQL of the tests' own: Debian's program, a new cluster in a temporary folder, reached by a socket in it; never the system's. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { DiskState } from '#test/fakes/power-cut.ts'

const programs = '/usr/lib/postgresql/15/bin'
const user = 'sotto'
/** Debian's `nobody`: PostgreSQL refuses to run as root. */
const nobody = { uid: 65534, gid: 65534 } as const
const asRoot = process.getuid?.() === 0
const asOrdinaryUser = asRoot ? [`--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, '--clear-groups'] : []
const ready = 'database system is ready to accept connections'
/** Servers that were killed leave backends behind that hold the shared memory a little longer. */
const startTries = 50
const run = promisify(execFile)

export class PostgresServer {
  /** Cluster and socket are in here. */
  readonly directory: string
  readonly #settings: readonly string[]
  #process: ChildProcess | null = null

  private constructor(directory: string, settings: readonly string[]) {
    this.directory = directory
    this.#settings = settings
  }

  /** Makes a cluster and starts it. `settings`: lines of `postgresql.conf`, such as `wal_buffers=1MB`. */
  static start(settings: readonly string[] = []): Promise<PostgresServer> {
    const options = ['-U', user, '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C']
    return PostgresServer.#make(settings, (data) => ['initdb', '-D', data, ...options])
  }

  /** Another one, made of a base backup of this one, as an operator would. */
  startFromBackup(): Promise<PostgresServer> {
    const options = ['-h', this.directory, '-U', user, '-X', 'stream', '-c', 'fast', '--no-sync']
    return PostgresServer.#make(this.#settings, (data) => ['pg_basebackup', '-D', data, ...options])
  }

  static async #make(settings: readonly string[], fill: (data: string) => readonly string[]): Promise<PostgresServer> {
    if (!existsSync(`${programs}/postgres`)) {
      throw new Error(`these tests need PostgreSQL 15 in ${programs}: apt-get install postgresql-15`)
    }
    const server = new PostgresServer(PostgresServer.#folder(), settings)
    const { directory } = server
    const [program = '', ...options] = fill(server.data)
    await run('setpriv', [...asOrdinaryUser, `${programs}/${program}`, ...options], { cwd: directory })
    await server.restart()
    return server
  }

  /** One that finds these files on its disk. */
  static async startOn(files: DiskState): Promise<PostgresServer> {
    const server = new PostgresServer(PostgresServer.#folder(), [])
    for (const [name, content] of files) {
      const file = path.join(server.data, name)
      mkdirSync(content === null ? file : path.dirname(file), { recursive: true, mode: 0o700 })
      if (content !== null) writeFileSync(file, content, { mode: 0o600 })
    }
    if (asRoot) await run('chown', ['-R', `${nobody.uid}:${nobody.gid}`, server.data])
    await server.restart()
    return server
  }

  static #folder(): string {
    const directory = mkdtempSync(path.join(tmpdir(), 'sotto-pg-'))
    mkdirSync(path.join(directory, 'data'), { mode: 0o700 })
    if (asRoot) for (const one of ['', 'data']) chownSync(path.join(directory, one), nobody.uid, nobody.gid)
    return directory
  }

  get data(): string {
    return path.join(this.directory, 'data')
  }

  /** Where a schema of this server is reached, or through a socket in another folder. */
  url(schema = 'public', folder = this.directory): string {
    const host = encodeURIComponent(folder)
    return `postgresql://${user}@localhost/postgres?host=${host}&options=${encodeURIComponent(`-c search_path=${schema}`)}`
  }

  /** Makes an empty schema. */
  async schema(): Promise<string> {
    const name = `t${randomBytes(6).toString('hex')}`
    await this.sql(`CREATE SCHEMA ${name}`)
    return name
  }

  /** Runs a statement as the cluster's owner, over a connection of its own. */
  async sql<Row extends object = Record<string, unknown>>(text: string, schema?: string): Promise<readonly Row[]> {
    const client = new Client({ connectionString: this.url(schema) })
    await client.connect()
    try {
      return (await client.query<Row>(text)).rows
    } finally {
      await client.end()
    }
  }

  /** What `pg_dump` writes of a schema. */
  async dump(schema: string): Promise<string> {
    const options = ['-h', this.directory, '-U', user, '-n', schema, 'postgres']
    const { stdout } = await run(`${programs}/pg_dump`, options, { maxBuffer: 67_108_864 })
    return stdout
  }

  /** Puts a schema back as it was dumped. */
  async restore(schema: string, dumped: string): Promise<void> {
    await this.sql(`DROP SCHEMA ${schema} CASCADE`)
    const restoring = run(`${programs}/psql`, [
      '-h',
      this.directory,
      '-U',
      user,
      '-q',
      '-v',
      'ON_ERROR_STOP=1',
      'postgres',
    ])
    restoring.child.stdin?.end(dumped)
    await restoring
  }

  /** Contents of all files but the write-ahead log, brought up to date. */
  async dataFiles(): Promise<readonly Uint8Array[]> {
    await this.sql('CHECKPOINT')
    const files = readdirSync(this.data, { recursive: true, withFileTypes: true })
    const read = files.filter((file) => file.isFile() && !file.parentPath.includes('pg_wal'))
    return read.map((file) => readFileSync(path.join(file.parentPath, file.name)))
  }

  /** Starts it, after a crash too; resolves when it takes connections. */
  async restart(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    for (let left = startTries; this.#process === null; left--) {
      this.#process = await this.#try(environment)
      if (this.#process === null && left === 0) throw new Error('PostgreSQL does not start')
      if (this.#process === null) await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Ends it at once, as if its memory were gone: `kill -9`. */
  crash(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Ends it with all who serve connections; after a crash some of those may still answer for a moment. */
  halt(): Promise<void> {
    return this.#end('SIGQUIT')
  }

  /** Ends it as an operator does; its folder stays. */
  shutDown(): Promise<void> {
    return this.#end('SIGINT')
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.#end('SIGINT')
    rmSync(this.directory, { recursive: true, force: true })
  }

  async #try(environment: Readonly<Record<string, string>>): Promise<ChildProcess | null> {
    const settings = [`unix_socket_directories=${this.directory}`, 'listen_addresses=', ...this.#settings]
    const server = [`${programs}/postgres`, '-D', this.data, ...settings.flatMap((each) => ['-c', each])]
    // It ends when the tests are killed.
    const child = spawn('setpriv', [...asOrdinaryUser, '--pdeathsig=INT', ...server], {
      ...{ cwd: this.directory, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } },
    })
    const isReady = new Promise<boolean>((resolve) => {
      let said = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4000)
        if (said.includes(ready)) resolve(true)
      })
      child.once('exit', () => resolve(false))
    })
    return (await isReady) ? child : null
  }

  async #end(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    const child = this.#process
    this.#process = null
    if (child?.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
}
