/** A way to PostgreSQL that can be cut: a socket in a folder of its own whose bytes go on to the server's. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

const name = '.s.PGSQL.5432'

export class CuttableWay {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'sotto-way-'))
  readonly #server: Server
  readonly #open = new Set<Socket>()
  #swallows = false

  private constructor(to: string) {
    this.#server = createServer((client) => {
      const server = connect(path.join(to, name))
      client.on('data', (bytes) => server.write(bytes))
      server.on('data', (bytes) => {
        if (this.#swallows) this.cut()
        else client.write(bytes)
      })
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#open.add(one)
        one.on('error', () => undefined)
        one.on('close', () => {
          this.#open.delete(one)
          other.destroy()
        })
      }
    })
  }

  /** To the server whose socket is in the folder `to`. */
  static async open(to: string): Promise<CuttableWay> {
    const way = new CuttableWay(to)
    await new Promise<void>((resolve) => way.#server.listen(path.join(way.folder, name), resolve))
    return way
  }

  /** Ends all connections. */
  cut(): void {
    for (const each of this.#open) each.destroy()
  }

  /** From now on (or no longer) everything reaches the server, and its first answer ends the connection instead of arriving. */
  swallowAnswers(swallows: boolean): void {
    this.#swallows = swallows
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.folder, { recursive: true, force: true })
  }
}
