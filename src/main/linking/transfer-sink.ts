import { threadDeflate, unpackPage, type DeflatePort } from './page-packing.ts'
import { endTransfer, openAsSink } from './transfer-channel.ts'
import type { SealedChannel } from './sealed-channel.ts'
import { decodeToSink, encodeTransfer, shareScale, wantBytes } from './transfer-messages.ts'
import type { PageMessage, ToSink, ToSource } from './transfer-messages.ts'
import type { HistorySinkPort, HistoryTransfer } from './transfer-port.ts'
import { runSessions, type TransferPorts } from './transfer-sessions.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'

export interface HistorySinkPorts extends TransferPorts {
  readonly history: HistorySinkPort
  readonly packing?: Pick<DeflatePort, 'inflate'>
  /** Everything is durable: forget this transfer, durably too, before the source is told to. */
  readonly whole?: () => Promise<void>
}

/** The new device's end of a transfer: takes a whole history, and goes on after what is durable however often anything starts anew. */
export class HistorySink {
  readonly #ports: HistorySinkPorts
  readonly #transfer: HistoryTransfer
  readonly #stopping = new AbortController()

  constructor(ports: HistorySinkPorts, transfer: HistoryTransfer) {
    this.#ports = ports
    this.#transfer = transfer
  }

  /** Resolves when everything is durable here. @throws SottoError `cancelled` after `stop`, `link-cancelled`, `link-expired`, `link-tampered`, and those of the history. */
  run(): Promise<void> {
    return runSessions(this.#ports, this.#stopping.signal, async () => {
      const channel = await openAsSink(this.#ports, this.#transfer)
      const session = new SinkSession(this.#ports, this.#transfer, channel)
      return { channel, run: () => session.run() }
    })
  }

  /** Takes nothing more in this run. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Takes nothing more for good, and tells the source so where the server can be reached; what came stays. */
  async abandon(): Promise<void> {
    this.stop()
    await endTransfer(this.#ports, this.#transfer, { side: 'sink', ending: 'cancelled' })
  }
}

class SinkSession {
  readonly #ports: HistorySinkPorts
  readonly #transfer: HistoryTransfer
  readonly #channel: SealedChannel
  readonly #want: Uint8Array
  /** Token of the last page that is durable. */
  #after: string | null = null
  #pages = 0
  #bytes = 0

  constructor(ports: HistorySinkPorts, transfer: HistoryTransfer, channel: SealedChannel) {
    this.#ports = ports
    this.#transfer = transfer
    this.#channel = channel
    this.#want = ports.random.bytes(wantBytes)
  }

  async run(): Promise<void> {
    const { history } = this.#ports
    this.#after = await history.takenPiece(this.#transfer.account)
    await this.#say({ kind: 'want', want: this.#want, after: this.#after })
    for (let coming = this.#channel.receive(); ;) {
      const message = readMessage(await coming)
      // The next one travels while this one is stored.
      const next = this.#channel.receive()
      next.catch(() => undefined)
      coming = next
      if (await this.#hear(message)) return
    }
  }

  /** True once that was all. */
  async #hear(message: ToSink): Promise<boolean> {
    if (!equalBytes(message.want, this.#want)) return false
    if (message.kind === 'page') {
      await this.#take(message)
      return false
    }
    if (message.pages !== this.#pages || message.bytes !== this.#bytes) throw new SottoError('link-tampered')
    await this.#ports.whole?.()
    // Everything is here: a source that does not hear so forgets the transfer by itself.
    await this.#say({ kind: 'done', want: this.#want }).catch(() => undefined)
    return true
  }

  async #take(page: PageMessage): Promise<void> {
    const { history, progress, packing = threadDeflate } = this.#ports
    const { token, after, share } = page
    // A page left out would be missed by nobody else.
    if (after !== this.#after) throw new SottoError('link-tampered')
    const bytes = await unpackPage(page, packing)
    await history.takePiece(this.#transfer.account, { token, bytes })
    this.#after = token
    this.#pages++
    this.#bytes += bytes.length
    progress?.({ share: share / shareScale, pages: this.#pages, bytes: this.#bytes })
    await this.#say({ kind: 'got', want: this.#want, token })
  }

  #say(message: ToSource): Promise<void> {
    return this.#channel.send(encodeTransfer(message))
  }
}

function readMessage(bytes: Uint8Array): ToSink {
  try {
    return decodeToSink(bytes)
  } catch (cause) {
    throw cause instanceof ProtocolError ? new SottoError('link-tampered', {}, cause) : cause
  }
}
