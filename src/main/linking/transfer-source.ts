import { packPage, threadDeflate, type DeflatePort } from './page-packing.ts'
import { endTransfer, openAsSource } from './transfer-channel.ts'
import type { SealedChannel } from './sealed-channel.ts'
import { decodeToSource, encodeTransfer, shareScale, type ToSource } from './transfer-messages.ts'
import type { HistorySourcePort, HistoryTransfer } from './transfer-port.ts'
import { runSessions, type TransferPorts } from './transfer-sessions.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { Wakeup } from './wakeup.ts'

/** Pages on their way that the sink has not confirmed. */
const window = 3

export interface HistorySourcePorts extends TransferPorts {
  readonly history: HistorySourcePort
  readonly packing?: Pick<DeflatePort, 'deflate'>
}

/** What the sink asked for last, and how far the answer is. */
interface Answering {
  readonly want: Uint8Array
  after: string | null
  isWhole: boolean
  pages: number
  bytes: number
  /** Shares of pages on their way, by token. */
  readonly open: Map<string, number>
}

/** The old device's end of a transfer: gives its whole history, however often either end or the server starts anew. */
export class HistorySource {
  readonly #ports: HistorySourcePorts
  readonly #transfer: HistoryTransfer
  readonly #stopping = new AbortController()

  constructor(ports: HistorySourcePorts, transfer: HistoryTransfer) {
    this.#ports = ports
    this.#transfer = transfer
  }

  /** Resolves when the sink has everything. @throws SottoError `cancelled` after `stop`, `link-cancelled`, `link-expired`, `link-tampered`. */
  async run(): Promise<void> {
    await runSessions(this.#ports, this.#stopping.signal, async () => {
      const channel = await openAsSource(this.#ports, this.#transfer)
      const session = new SourceSession(this.#ports, this.#transfer, channel)
      return { channel, run: () => session.run() }
    })
    await endTransfer(this.#ports, this.#transfer, { side: 'source', ending: 'done' })
  }

  /** Gives nothing more in this run; the sink waits for the next one. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Gives nothing more for good, and tells the sink so where the server can be reached. */
  async abandon(): Promise<void> {
    this.stop()
    await endTransfer(this.#ports, this.#transfer, { side: 'source', ending: 'cancelled' })
  }
}

class SourceSession {
  readonly #ports: HistorySourcePorts
  readonly #transfer: HistoryTransfer
  readonly #channel: SealedChannel
  readonly #wakeup = new Wakeup()
  #answering: Answering | null = null
  #isDone = false

  constructor(ports: HistorySourcePorts, transfer: HistoryTransfer, channel: SealedChannel) {
    this.#ports = ports
    this.#transfer = transfer
    this.#channel = channel
  }

  async run(): Promise<void> {
    await Promise.all([this.#listen(), this.#give()])
  }

  async #listen(): Promise<void> {
    try {
      while (!this.#isDone) this.#hear(readMessage(await this.#channel.receive()))
    } finally {
      this.#wakeup.end()
    }
  }

  #hear(message: ToSource): void {
    if (message.kind === 'want') {
      const { want, after } = message
      this.#answering = { want, after, isWhole: false, pages: 0, bytes: 0, open: new Map() }
    } else if (this.#answering !== null && equalBytes(message.want, this.#answering.want)) {
      if (message.kind === 'got') this.#confirmed(this.#answering, message.token)
      else this.#isDone = true
    }
    this.#wakeup.wake()
  }

  #confirmed(answering: Answering, token: string): void {
    const share = answering.open.get(token)
    if (share === undefined) return
    answering.open.delete(token)
    const { pages, bytes } = answering
    this.#ports.progress?.({ share, pages: pages - answering.open.size, bytes })
  }

  async #give(): Promise<void> {
    while (!this.#wakeup.isEnded) {
      const answering = this.#answering
      if (answering === null || answering.isWhole || answering.open.size >= window) await this.#wakeup.wait()
      else await this.#givePage(answering)
    }
  }

  async #givePage(answering: Answering): Promise<void> {
    const { after, want } = answering
    const page = await this.#ports.history.transferPiece(this.#transfer.account, after)
    const packed = await packPage(page.bytes, this.#ports.packing ?? threadDeflate)
    // The sink began anew meanwhile: nobody waits for this page.
    if (this.#answering !== answering) return
    answering.open.set(page.token, page.share)
    answering.after = page.token
    answering.pages++
    answering.bytes += page.bytes.length
    const share = Math.round(Math.min(1, Math.max(0, page.share)) * shareScale)
    await this.#channel.send(encodeTransfer({ kind: 'page', want, after, token: page.token, share, ...packed }))
    if (!page.isLast) return
    answering.isWhole = true
    await this.#channel.send(encodeTransfer({ kind: 'end', want, pages: answering.pages, bytes: answering.bytes }))
  }
}

function readMessage(bytes: Uint8Array): ToSource {
  try {
    return decodeToSource(bytes)
  } catch (cause) {
    throw cause instanceof ProtocolError ? new SottoError('link-tampered', {}, cause) : cause
  }
}
