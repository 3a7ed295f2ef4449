/** A SIP server over WebSocket that one program signs in to; it can send that program any bytes. */
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import type { SipMessage, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import { parseSip } from '#protocol/sip/parse.ts'
import { serializeSip } from '#protocol/sip/serialize.ts'

const patienceMs = 20_000

export class RawSipServer {
  readonly #server: WebSocketServer
  readonly #seen: SipMessage[] = []
  readonly #waiting = new Set<() => void>()
  #client: WebSocket | null = null

  /** `answer` says what a request gets. */
  static async start(answer: (request: SipRequest) => SipResponse): Promise<RawSipServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'sip' })
    await new Promise((resolve) => server.once('listening', resolve))
    return new RawSipServer(server, answer)
  }

  private constructor(server: WebSocketServer, answer: (request: SipRequest) => SipResponse) {
    this.#server = server
    server.on('connection', (client) => {
      this.#client = client
      client.on('message', (data: Buffer) => this.#receive(data, answer))
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  send(text: string): void {
    this.#client?.send(text)
  }

  responses(status: number): readonly SipResponse[] {
    const found = this.#seen.filter((message) => message.kind === 'response' && message.status === status)
    // What answers REGISTER and the like goes the other way.
    return found as readonly SipResponse[]
  }

  /** The first response of that status. */
  response(status: number): Promise<SipResponse> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ${status}`)), patienceMs)
      const look = (): void => {
        const [found] = this.responses(status)
        if (found === undefined) return
        clearTimeout(late)
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }

  async stop(): Promise<void> {
    for (const client of this.#server.clients) client.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #receive(data: Buffer, answer: (request: SipRequest) => SipResponse): void {
    // Keep-alives are no messages.
    if (data.toString('latin1').trim() === '') return
    const message = parseSip(Uint8Array.from(data))
    this.#seen.push(message)
    if (message.kind === 'request' && message.method !== 'ACK')
      this.send(Buffer.from(serializeSip(answer(message))).toString('latin1'))
    for (const look of [...this.#waiting]) look()
  }
}
