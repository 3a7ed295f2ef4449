/** ZRTP of one branch as its media use it: streams of protocol/zrtp behind what a section needs. */
import { wipe } from '#shared/bytes/bytes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import type { MasterKey } from '#protocol/srtp/session.ts'
import { defaultPreferences } from '#protocol/zrtp/algorithms.ts'
import type { Secured, SrtpKeys, ZrtpEvent, ZrtpFailure } from '#protocol/zrtp/events.ts'
import type { HashChain } from '#protocol/zrtp/implicit.ts'
import type { KeyAgreementPort } from '#protocol/zrtp/key-agreement.ts'
import { ZrtpSession } from '#protocol/zrtp/session.ts'
import { ZrtpStream } from '#protocol/zrtp/stream.ts'
import type { ZrtpPeerSecrets } from '../media-port.ts'

export interface ZrtpHandlers {
  readonly send: (packet: Uint8Array) => void
  readonly onPeer: (peerZid: Uint8Array) => void
  /** Each as soon as packets of that direction may come or go under it (RFC 6189 §4.6). */
  readonly onSendKey: (key: MasterKey) => void
  readonly onReceiveKey: (key: MasterKey) => void
  readonly onSecure: (facts: Secured) => void
  /** The other side never said Hello; a late one still counts. */
  readonly onAbsent: () => void
  readonly onFailed: (why: 'attack' | 'other') => void
}

export interface ZrtpPorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly keyAgreement: KeyAgreementPort
}

/** Reasons that only somebody on the path, or a broken program, brings about. */
const attacks: ReadonlySet<ZrtpFailure> = new Set([
  'hello-hash-mismatch',
  'hello-altered',
  'commit-altered',
  'dhpart-altered',
  'hash-chain-broken',
  'bad-public-value',
  'commitment-mismatch',
  'confirm-forged',
  'nonce-reused',
])

const keepForEver = 0xffff_ffff

/** One per branch: the first channel agrees on keys, later ones take theirs from it (RFC 6189 §4.4.3). */
export class ZrtpCall {
  readonly #zid: Uint8Array
  readonly #ports: ZrtpPorts
  readonly #session = new ZrtpSession()
  readonly #channels: ZrtpChannel[] = []

  constructor(zid: Uint8Array, ports: ZrtpPorts) {
    this.#zid = zid
    this.#ports = ports
  }

  /** A channel for the stream that we send under `ssrc`; `chain` is that of the Hello we announce for it. */
  channel(ssrc: number, chain: HashChain, handlers: ZrtpHandlers): ZrtpChannel {
    const stream = new ZrtpStream({
      ...this.#ports,
      zid: this.#zid,
      ssrc,
      chain,
      preferences: defaultPreferences,
      session: this.#session,
      place: this.#channels.length === 0 ? 'first' : 'further',
      passive: false,
      auxSecret: null,
      cacheExpiration: keepForEver,
      send: handlers.send,
      onEvent: (event) => hear(event, handlers),
    })
    const channel = new ZrtpChannel(stream)
    this.#channels.push(channel)
    return channel
  }

  stop(): void {
    for (const channel of this.#channels) channel.stop()
    this.#session.close()
  }
}

/** ZRTP of one section. */
export class ZrtpChannel {
  readonly #stream: ZrtpStream

  constructor(stream: ZrtpStream) {
    this.#stream = stream
  }

  /** Value of `a=zrtp-hash` for our descriptions. */
  get helloHash(): string {
    return this.#stream.helloHash
  }

  /** Begins; `announced` is the other side's `a=zrtp-hash`, where it gave one. */
  start(announced: string | null): void {
    if (announced !== null) this.#stream.announcePeer([announced])
    this.#stream.start()
  }

  receive(packet: Uint8Array): void {
    this.#stream.receive(packet)
  }

  /** Whether a packet says that it is this channel's: by its SSRC, or the Hello that was announced. */
  recognises(packet: Uint8Array): boolean {
    return this.#stream.recognises(packet)
  }

  /** As {@link recognises}, and whether it is the first Hello where none was announced. */
  mayRecognise(packet: Uint8Array): boolean {
    return this.#stream.mayRecognise(packet)
  }

  /** SRTP of the other side bore its tag. */
  authenticated(): void {
    this.#stream.srtpAuthenticated()
  }

  provide(secrets: ZrtpPeerSecrets | null): void {
    const rs1 = secrets?.rs1 ?? null
    this.#stream.provideSecrets(
      rs1 === null ? null : { rs1, rs2: secrets?.rs2 ?? null, sasVerified: secrets?.verified ?? false },
    )
  }

  stop(): void {
    this.#stream.stop()
  }
}

function hear(event: ZrtpEvent, handlers: ZrtpHandlers): void {
  switch (event.kind) {
    case 'need-secrets':
      handlers.onPeer(event.peerZid)
      return
    case 'keys':
      if (event.direction === 'send') handlers.onSendKey(masterKeyOf(event.keys))
      else handlers.onReceiveKey(masterKeyOf(event.keys))
      wipe(event.keys.key, event.keys.salt)
      return
    case 'secure':
      handlers.onSecure(event)
      return
    case 'discovery-timed-out':
      handlers.onAbsent()
      return
    case 'failed':
      handlers.onFailed(attacks.has(event.reason) ? 'attack' : 'other')
      return
    case 'peer-found':
    case 'error-received':
    case 'alarm':
      return
  }
}

function masterKeyOf({ profile, key, salt }: SrtpKeys): MasterKey {
  return { profile: profiles[profile], key, salt }
}
