import type { ContinuationFlag } from './chunk.ts'
import type { Header, RequestHead } from './head.ts'
import { addRange, coversAll, rangesEnd, type Ranges } from './range-set.ts'
import { SparseBytes } from './sparse-bytes.ts'

/** A message put together again from its chunks. */
export interface AssembledMessage {
  readonly messageId: string
  readonly contentType: string
  /** Headers of its first chunk other than MSRP's own (Content-Disposition and the like). */
  readonly headers: readonly Header[]
  readonly body: Uint8Array
  /** Size of the message; `body` is empty when it went to a sink. */
  readonly totalBytes: number
  readonly streamed: boolean
}

/** Takes the bytes of a message too large to hold; offsets count from 0 and may come in any order, also twice. */
export interface MessageSink {
  write(offset: number, bytes: Uint8Array): void
  close(outcome: 'complete' | 'aborted'): void
}

/** What a finished chunk led to; `refused` carries the MSRP status for the sender. */
export type Assembly =
  | { readonly kind: 'more' }
  | { readonly kind: 'message'; readonly message: AssembledMessage }
  | { readonly kind: 'aborted'; readonly messageId: string }
  | { readonly kind: 'refused'; readonly status: 400 | 413 }

export interface AssemblerLimits {
  /** Largest message held in memory, bytes. */
  readonly maxMessageBytes: number
  /** All incomplete messages together, bytes. */
  readonly maxBufferedBytes: number
  readonly maxOpenMessages: number
  readonly maxGaps: number
}

export const defaultAssemblerLimits: AssemblerLimits = {
  maxMessageBytes: 4_194_304,
  maxBufferedBytes: 16_777_216,
  maxOpenMessages: 32,
  maxGaps: 256,
}

interface Open {
  readonly messageId: string
  readonly contentType: string
  readonly headers: readonly Header[]
  readonly sink: MessageSink | null
  readonly held: SparseBytes
  ranges: Ranges
  /** Known once the chunk flagged `$` arrived. */
  totalBytes: number | null
  touchedAtMs: number
}

interface Current {
  readonly open: Open
  offset: number
  status: 400 | 413 | null
}

/**
 * Chunks of one session → messages: out of order, interleaved, overlapping, with bounded memory. Feed it each SEND as
 * `begin`, `write`…, `end`. The chunk flagged `$` defines the size of its message (RFC 4975 §7.3.1), whatever Byte-Range says.
 */
export class MessageAssembler {
  readonly #limits: AssemblerLimits
  readonly #openSink: (head: RequestHead) => MessageSink | null
  readonly #open = new Map<string, Open>()
  #current: Current | null = null
  #buffered = 0

  /** `openSink` may take over a message at its first chunk; it returns null for those to be held in memory. */
  constructor(
    limits: AssemblerLimits = defaultAssemblerLimits,
    openSink: (head: RequestHead) => MessageSink | null = () => null,
  ) {
    this.#limits = limits
    this.#openSink = openSink
  }

  /** Whether chunks of this message are held. */
  has(messageId: string): boolean {
    return this.#open.has(messageId)
  }

  /** Starts a chunk; returns the status to refuse it with, or null. */
  begin(head: RequestHead, nowMs: number): 400 | 413 | null {
    this.#current = null
    const { messageId } = head
    if (messageId === null) return 400
    const open = this.#open.get(messageId) ?? this.#create(head, messageId)
    if (typeof open === 'number') return open
    open.touchedAtMs = nowMs
    const offset = (head.byteRange?.start ?? 1) - 1
    const announced = head.byteRange?.total ?? 0
    const tooLarge = open.sink === null && Math.max(offset, announced) > this.#limits.maxMessageBytes
    if (tooLarge) this.#drop(open, 'aborted')
    else this.#current = { open, offset, status: null }
    return tooLarge ? 413 : null
  }

  /** Takes body bytes of the current chunk; ignored when it was refused. */
  write(bytes: Uint8Array): void {
    const current = this.#current
    if (current?.status !== null || bytes.length === 0) return
    const end = current.offset + bytes.length
    current.status = this.#store(current.open, current.offset, bytes, end)
    current.offset = end
  }

  #store(open: Open, offset: number, bytes: Uint8Array, end: number): 400 | 413 | null {
    if (!Number.isSafeInteger(end) || (open.totalBytes !== null && end > open.totalBytes)) return 400
    if (open.sink !== null) {
      const ranges = addRange(open.ranges, offset, end, this.#limits.maxGaps)
      if (ranges === null) return 413
      open.ranges = ranges
      open.sink.write(offset, bytes)
      return null
    }
    const limits = this.#limits
    if (end > limits.maxMessageBytes || this.#buffered + bytes.length > limits.maxBufferedBytes) return 413
    const before = open.held.size
    const stored = open.held.write(offset, bytes)
    this.#buffered += open.held.size - before
    return stored ? null : 413
  }

  /** Ends the current chunk. */
  end(flag: ContinuationFlag): Assembly {
    const current = this.#current
    this.#current = null
    if (current === null) return { kind: 'refused', status: 400 }
    const { open, offset, status } = current
    if (status !== null) return this.#refuse(open, status)
    if (flag === '#') {
      this.#drop(open, 'aborted')
      return { kind: 'aborted', messageId: open.messageId }
    }
    if (flag === '$') {
      const known = open.sink === null ? open.held.end : rangesEnd(open.ranges)
      if (known > offset || (open.totalBytes !== null && open.totalBytes !== offset)) return this.#refuse(open, 400)
      open.totalBytes = offset
    }
    return this.#finish(open)
  }

  #refuse(open: Open, status: 400 | 413): Assembly {
    this.#drop(open, 'aborted')
    return { kind: 'refused', status }
  }

  #finish(open: Open): Assembly {
    const { totalBytes, sink, messageId, contentType, headers } = open
    if (totalBytes === null) return { kind: 'more' }
    const whole = sink === null ? open.held.covers(totalBytes) : coversAll(open.ranges, totalBytes)
    if (!whole) return { kind: 'more' }
    const held = open.held.size
    const body = sink === null ? open.held.take(totalBytes) : new Uint8Array(0)
    this.#buffered -= held
    this.#open.delete(messageId)
    sink?.close('complete')
    return { kind: 'message', message: { messageId, contentType, headers, body, totalBytes, streamed: sink !== null } }
  }

  /** Forgets messages without progress for `maxIdleMs`; returns how many. */
  dropIdle(nowMs: number, maxIdleMs: number): number {
    const idle = [...this.#open.values()].filter((open) => nowMs - open.touchedAtMs > maxIdleMs)
    for (const open of idle) this.#drop(open, 'aborted')
    return idle.length
  }

  /** Gives up every incomplete message. */
  clear(): void {
    for (const open of [...this.#open.values()]) this.#drop(open, 'aborted')
  }

  /** Bytes held for incomplete messages. */
  get bufferedBytes(): number {
    return this.#buffered
  }

  #create(head: RequestHead, messageId: string): Open | 400 | 413 {
    if (head.contentType === null) return 400
    if (this.#open.size >= this.#limits.maxOpenMessages) return 413
    const open: Open = {
      messageId,
      contentType: head.contentType,
      headers: head.headers,
      sink: this.#openSink(head),
      held: new SparseBytes(this.#limits.maxGaps),
      ranges: [],
      totalBytes: null,
      touchedAtMs: 0,
    }
    this.#open.set(messageId, open)
    return open
  }

  #drop(open: Open, outcome: 'aborted'): void {
    if (this.#open.get(open.messageId) !== open) return
    this.#open.delete(open.messageId)
    this.#buffered -= open.held.size
    open.sink?.close(outcome)
  }
}
