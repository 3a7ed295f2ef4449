import { copyOf, wipe } from '#shared/bytes/bytes.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { withMandatory, type Preferences } from './algorithms.ts'
import type { ZrtpAlarm, ZrtpEvent, ZrtpFailure } from './events.ts'
import { encodeHello, zrtpVersion, type Hello } from './hello.ts'
import { hashChainOf, newHashChain, type HashChain } from './implicit.ts'
import type { KeyAgreementPort } from './key-agreement.ts'
import { encodeError, errorCodes, frame, type MessageType } from './message.ts'
import { encodePacket } from './packet.ts'
import { messageSchedule, Repetition, type Schedule } from './retransmission.ts'
import type { KnownSecrets } from './secrets.ts'
import type { ZrtpSession } from './session.ts'

export interface ZrtpStreamOptions {
  /** 12 bytes, the same for all streams of a call. */
  readonly zid: Uint8Array
  /** Of the RTP stream that we send. */
  readonly ssrc: number
  readonly preferences: Preferences
  readonly session: ZrtpSession
  /** `first` agrees on keys for the call; `further` takes them from the session (multistream mode). */
  readonly place: 'first' | 'further'
  /** Never sends a Commit. */
  readonly passive: boolean
  /** Of the Hello that an offer announced: all who answer it are sent the same one. Copied; a fresh one unless given. */
  readonly chain?: HashChain
  /** A secret that both users agreed on elsewhere (§4.3); null = none. */
  readonly auxSecret: Uint8Array | null
  /** Seconds for which the new secret may be kept: 0 for an owner without cache. */
  readonly cacheExpiration: number
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly keyAgreement: KeyAgreementPort
  /** Sends a packet; must not call back into the stream. */
  readonly send: (packet: Uint8Array) => void
  /** Called when the stream has come to rest, so it may call back. */
  readonly onEvent: (event: ZrtpEvent) => void
}

/** The other end, bound to the first Hello that was accepted. */
export interface Peer {
  readonly ssrc: number
  readonly hello: Hello
  /** The message as it came: it is hashed. */
  readonly helloBytes: Uint8Array
}

/** One state of a stream. What it cannot use it leaves aside: nothing throws. */
export interface Phase {
  readonly name: PhaseName
  receive(type: MessageType, message: Uint8Array, ssrc: number): void
  /** Looks again, because something outside has changed. */
  advance?(): void
  /** Wipes what only this state knew. */
  leave?(): void
}

export type PhaseName =
  | 'idle'
  | 'discovering'
  | 'committed'
  | 'awaiting-confirm1'
  | 'awaiting-conf2ack'
  | 'awaiting-dhpart2'
  | 'awaiting-confirm2'
  | 'secure'
  | 'ended'

/** How long an unauthenticated reason to give up waits for the handshake to prove it wrong. */
const suspicionMs = 3000
const clientId = 'Sotto'
/** A count that begins low: some receivers take a wrapped one for old packets. */
const sequenceStart = 0x0fff

const idle: Phase = { name: 'idle', receive: () => undefined }
const ended: Phase = { name: 'ended', receive: () => undefined }

/** What all states of a stream share: identity, the line to the peer, timers and events. */
export class StreamCore {
  readonly options: ZrtpStreamOptions
  readonly preferences: Preferences
  readonly chain: HashChain
  readonly hello: Uint8Array
  #peer: Peer | null = null
  #known: KnownSecrets | null = null
  #phase: Phase = idle
  #sequenceNumber: number
  #repetition: Repetition | null = null
  #deadline: Timer | null = null
  #suspicion: Timer | null = null
  #depth = 0
  readonly #events: ZrtpEvent[] = []
  readonly #alarms = new Set<ZrtpAlarm>()

  constructor(options: ZrtpStreamOptions) {
    this.options = options
    this.preferences = withMandatory(options.preferences)
    this.chain = options.chain === undefined ? newHashChain(options.random) : hashChainOf(copyOf(options.chain.h0))
    const [high = 0, low = 0] = options.random.bytes(2)
    this.#sequenceNumber = ((high << 8) | low) & sequenceStart
    this.hello = encodeHello(
      {
        version: zrtpVersion,
        clientId,
        h3: this.chain.h3,
        zid: options.zid,
        signatureCapable: false,
        mitm: false,
        passive: options.passive,
        ...this.preferences,
        keyAgreements: [...this.preferences.keyAgreements, 'Mult'],
      },
      this.chain.h2,
    )
  }

  get peer(): Peer | null {
    return this.#peer
  }

  set peer(peer: Peer | null) {
    this.#peer = peer
  }

  /** Null until the owner answered `need-secrets`. */
  get known(): KnownSecrets | null {
    return this.#known
  }

  set known(known: KnownSecrets | null) {
    this.#known = known
  }

  get phase(): Phase {
    return this.#phase
  }

  /** Leaves the state and its timers for the next one. */
  go(next: Phase): void {
    this.stopTimers()
    this.#phase.leave?.()
    this.#phase = next
  }

  send(message: Uint8Array): void {
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff
    this.options.send(encodePacket({ sequenceNumber: this.#sequenceNumber, ssrc: this.options.ssrc, message }))
  }

  sendAck(type: 'HelloACK' | 'Conf2ACK' | 'ErrorACK' | 'RelayACK'): void {
    this.send(frame(type))
  }

  /** Repeats on a schedule until the state changes. */
  repeat(schedule: () => Schedule, repeat: (count: number) => void, exhausted: () => void): void {
    this.#repetition?.stop()
    this.#repetition = new Repetition({
      clock: this.options.clock,
      schedule,
      repeat: (count) => this.run(() => repeat(count)),
      exhausted: () => this.run(exhausted),
    })
  }

  /** Sends a message now and on schedule T2 until the state changes; then the peer's silence is a failure. */
  sendRepeatedly(message: Uint8Array, silence: ZrtpFailure, alongside?: (count: number) => void): void {
    this.send(message)
    const again = (count: number): void => {
      this.send(message)
      alongside?.(count)
    }
    this.repeat(
      () => messageSchedule,
      again,
      () => this.fail(silence, errorCodes.timeout),
    )
  }

  /** Runs after `ms` unless the state changes or another deadline is set before. */
  deadline(ms: number, run: () => void): void {
    this.#deadline?.cancel()
    this.#deadline = this.options.clock.after(ms, () => this.run(run))
  }

  stopTimers(): void {
    this.#repetition?.stop()
    this.#deadline?.cancel()
    this.#repetition = null
    this.#deadline = null
  }

  emit(event: ZrtpEvent): void {
    this.#events.push(event)
  }

  /** Runs an input or a timer; its events go out when the outermost has come to rest. */
  run(step: () => void): void {
    this.#depth += 1
    step()
    this.#depth -= 1
    while (this.#depth === 0) {
      const event = this.#events.shift()
      if (event === undefined) return
      this.options.onEvent(event)
    }
  }

  /** Something unauthenticated says that it is over: true unless the handshake goes on. */
  suspect(reason: ZrtpFailure, code: number | null): void {
    this.#suspicion ??= this.options.clock.after(suspicionMs, () => this.run(() => this.fail(reason, code)))
  }

  /** A message that only the peer can have sent came: what forgers said does not count. */
  trust(): void {
    this.#suspicion?.cancel()
    this.#suspicion = null
  }

  /** Ends the handshake by name and tells the peer a code where there is one. */
  fail(reason: ZrtpFailure, code: number | null): void {
    if (this.#phase === ended) return
    this.end()
    this.emit({ kind: 'failed', reason })
    if (code === null) return
    const message = encodeError(code)
    this.send(message)
    this.repeat(
      () => messageSchedule,
      () => this.send(message),
      () => undefined,
    )
  }

  /** Wipes and stops without a word. */
  end(): void {
    this.trust()
    this.go(ended)
    wipe(this.chain.h0, this.chain.h1, this.chain.h2)
    this.forgetSecrets()
  }

  /** Wipes our copies of the cached secrets. */
  forgetSecrets(): void {
    if (this.#known !== null) wipe(...secretsOf(this.#known))
    this.#known = null
  }

  /** Tells once of each kind that something was left aside. */
  alarm(what: ZrtpAlarm): void {
    if (this.#alarms.has(what)) return
    this.#alarms.add(what)
    this.emit({ kind: 'alarm', what })
  }
}

function secretsOf({ retained, aux }: KnownSecrets): readonly Uint8Array[] {
  return [retained?.rs1, retained?.rs2, aux].filter((secret) => secret instanceof Uint8Array)
}
