/** ZRTP of the echo contact: one identity and the secrets of earlier calls, in memory as long as the server runs. */
import { toHex, wipe } from '#shared/bytes/bytes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { defaultPreferences } from '#protocol/zrtp/algorithms.ts'
import { keepForEver } from '#protocol/zrtp/confirm.ts'
import type { RetainedUpdate, ZrtpEvent } from '#protocol/zrtp/events.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import type { RetainedSecrets } from '#protocol/zrtp/secrets.ts'
import { ZrtpSession } from '#protocol/zrtp/session.ts'
import { ZrtpStream } from '#protocol/zrtp/stream.ts'

const maxPeers = 1_000
const zidBytes = 12

export class ZrtpMemory {
  readonly zid: Uint8Array
  readonly #secrets = new Map<string, RetainedSecrets>()

  constructor(random: RandomPort) {
    this.zid = random.bytes(zidBytes)
  }

  find(peerZid: Uint8Array): RetainedSecrets | null {
    return this.#secrets.get(toHex(peerZid)) ?? null
  }

  /** Nobody compares at this end, so a peer that lost its cache is simply remembered anew: it is the one to judge. */
  keep(peerZid: Uint8Array, { rs1, rs2 }: RetainedUpdate): void {
    const name = toHex(peerZid)
    const oldest = this.#secrets.size >= maxPeers ? this.#secrets.keys().next().value : undefined
    if (oldest !== undefined) this.#forget(oldest)
    this.#forget(name)
    this.#secrets.set(name, { rs1, rs2, sasVerified: false })
  }

  clear(): void {
    for (const name of [...this.#secrets.keys()]) this.#forget(name)
  }

  #forget(name: string): void {
    const known = this.#secrets.get(name)
    if (known !== undefined) wipe(known.rs1, ...(known.rs2 === null ? [] : [known.rs2]))
    this.#secrets.delete(name)
  }
}

/** The streams of one call: the first agrees on keys, further ones take theirs from it (RFC 6189 §4.4.3). */
export class CallZrtp {
  readonly #memory: ZrtpMemory
  readonly #ports: { readonly clock: ClockPort; readonly random: RandomPort }
  readonly #session = new ZrtpSession()
  #hasFirst = false

  constructor(memory: ZrtpMemory, ports: { readonly clock: ClockPort; readonly random: RandomPort }) {
    this.#memory = memory
    this.#ports = { clock: ports.clock, random: ports.random }
  }

  /** `isFirst` streams are the ones without which there are no keys. */
  open(options: {
    readonly ssrc: number
    readonly send: (packet: Uint8Array) => void
    readonly onEvent: (event: ZrtpEvent, isFirst: boolean) => void
  }): ZrtpStream {
    const isFirst = !this.#hasFirst
    this.#hasFirst = true
    const stream: ZrtpStream = new ZrtpStream({
      ...this.#ports,
      ...{ zid: this.#memory.zid, ssrc: options.ssrc, preferences: defaultPreferences, session: this.#session },
      ...{ place: isFirst ? 'first' : 'further', passive: false, auxSecret: null, cacheExpiration: keepForEver },
      keyAgreement: nodeKeyAgreement,
      send: options.send,
      onEvent: (event) => {
        if (event.kind === 'need-secrets') stream.provideSecrets(this.#memory.find(event.peerZid))
        else if (event.kind === 'secure' && event.retained !== null) this.#memory.keep(event.peerZid, event.retained)
        options.onEvent(event, isFirst)
      },
    })
    return stream
  }

  close(): void {
    this.#session.close()
  }
}
