/** Cuts a TCP or TLS stream into SIP messages by Content-Length (RFC 3261 §18.3) and sees CRLF keep-alives (RFC 5626 §3.5.1). */
import { SipParseError } from './errors.ts'
import { defaultParseLimits, readPartial, type ParseLimits } from './parse.ts'

export type FramedInput =
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** Double CRLF: the far end wants a single CRLF back. */
  | { readonly kind: 'ping' }
  /** Single CRLF: the answer to our ping. */
  | { readonly kind: 'pong' }

const keptBuffer = 65_536
const blankLine = Buffer.from('\r\n\r\n')
const lengthLine = /\r\n(?:content-length|l)[ \t]*:((?:[^\r]|\r\n[ \t])*)(?=\r\n)/gi

/**
 * Accepts a stream in any split and returns whole messages. Every message is a copy of its own.
 * After a thrown SipParseError the stream cannot be resynchronised: close it.
 */
export class SipStreamFramer {
  readonly #limits: ParseLimits
  /** What the far end is: a client pings with double CRLF, a server answers with single ones. */
  readonly #farEnd: 'client' | 'server'
  #buffer = Buffer.alloc(0)
  #start = 0
  #end = 0
  /** Where to go on looking for the blank line; keeps byte-by-byte input linear. */
  #scanned = 0
  /** Length of the message whose head is complete, else 0. */
  #messageLength = 0
  #pendingCrlf = false
  #failure: SipParseError | null = null

  constructor(farEnd: 'client' | 'server', limits: ParseLimits = defaultParseLimits) {
    this.#farEnd = farEnd
    this.#limits = limits
  }

  /** True while a message has begun and is not complete. */
  get isPartial(): boolean {
    return this.#end > this.#start
  }

  /** Why the stream is beyond repair, once it is; messages before the fault still came out of `push`. */
  get failure(): SipParseError | null {
    return this.#failure
  }

  /**
   * @throws SipParseError when limits are passed or a length cannot be known: at once, or, where whole messages came
   * before the fault, at the next call (`failure` tells earlier).
   */
  push(bytes: Uint8Array): FramedInput[] {
    if (this.#failure !== null) throw this.#failure
    const inputs: FramedInput[] = []
    try {
      this.#append(bytes)
      while (this.#takeOne(inputs));
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error
      this.#failure = error
      this.#buffer = Buffer.alloc(0)
      if (inputs.length === 0) throw error
    }
    return inputs
  }

  #takeOne(inputs: FramedInput[]): boolean {
    if (this.#messageLength === 0) {
      this.#takeKeepAlives(inputs)
      this.#messageLength = this.#findLength()
    }
    const length = this.#messageLength
    if (length === 0 || this.#end - this.#start < length) return false
    inputs.push({ kind: 'message', bytes: Uint8Array.from(this.#buffer.subarray(this.#start, this.#start + length)) })
    this.#start += length
    this.#scanned = this.#start
    this.#messageLength = 0
    return true
  }

  #append(bytes: Uint8Array): void {
    const held = this.#end - this.#start
    // A large message must not pin its buffer for the life of the connection.
    if (held === 0 && this.#buffer.length > keptBuffer) this.#buffer = Buffer.alloc(0)
    if (held === 0) this.#start = this.#end = this.#scanned = 0
    const needed = held + bytes.length
    if (this.#end + bytes.length > this.#buffer.length) {
      // Compaction and doubling together keep the cost per byte constant.
      const target = needed * 2 <= this.#buffer.length ? this.#buffer : Buffer.allocUnsafe(Math.max(4096, needed * 2))
      this.#buffer.copy(target, 0, this.#start, this.#end)
      this.#scanned -= this.#start
      this.#buffer = target
      this.#start = 0
      this.#end = held
    }
    this.#buffer.set(bytes, this.#end)
    this.#end += bytes.length
  }

  #takeKeepAlives(inputs: FramedInput[]): void {
    while (this.#end - this.#start >= 2 && this.#buffer.readUInt16BE(this.#start) === 0x0d0a) {
      this.#start += 2
      if (this.#farEnd === 'server') inputs.push({ kind: 'pong' })
      else if (this.#pendingCrlf) inputs.push({ kind: 'ping' })
      this.#pendingCrlf = this.#farEnd === 'client' && !this.#pendingCrlf
    }
    if (this.#end > this.#start && this.#buffer[this.#start] !== 0x0d) this.#pendingCrlf = false
    this.#scanned = Math.max(this.#scanned, this.#start)
  }

  /** Whole length of the message at `#start` once its head is there, else 0. */
  #findLength(): number {
    const from = Math.max(this.#start, this.#scanned - 3)
    const at = this.#buffer.subarray(0, this.#end).indexOf(blankLine, from)
    this.#scanned = this.#end
    const headLength = (at < 0 ? this.#end : at) - this.#start
    if (headLength > this.#limits.head) throw this.#fail('sip-head-too-large', headLength)
    if (at < 0) return 0
    const head = this.#buffer.toString('latin1', this.#start, at + 2)
    const bodyLength = this.#bodyLength(head)
    const length = at + blankLine.length - this.#start + bodyLength
    if (length > this.#limits.message) throw this.#fail('sip-too-large', headLength)
    return length
  }

  #bodyLength(head: string): number {
    let length: string | null = null
    for (const match of head.matchAll(lengthLine)) {
      const value = (match[1] ?? '').trim()
      const contradicts = length !== null && Number(length) !== Number(value)
      if (!/^\d{1,10}$/.test(value) || contradicts) throw this.#fail('sip-content-length', head.length)
      length = value
    }
    if (length === null) throw this.#fail('sip-length-required', head.length)
    return Number(length)
  }

  #fail(
    code: 'sip-head-too-large' | 'sip-too-large' | 'sip-content-length' | 'sip-length-required',
    headLength: number,
  ) {
    const head = this.#buffer.toString('utf8', this.#start, this.#start + Math.min(headLength, this.#limits.head))
    return new SipParseError(code, undefined, readPartial(head))
  }
}
