/** ZRTP of the echo contact: one identity, and the secrets of earlier calls. */
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { defaultPreferences } from '#protocol/zrtp/algorithms.ts'
import { keepForEver } from '#protocol/zrtp/confirm.ts'
import type { RetainedUpdate, ZrtpEvent } from '#protocol/zrtp/events.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import type { RetainedSecrets } from '#protocol/zrtp/secrets.ts'
import { ZrtpSession } from '#protocol/zrtp/session.ts'
import { ZrtpStream } from '#protocol/zrtp/stream.ts'

/**
 * Secrets by user and device: nobody can push another user's out. Either method may throw where the disk fails; a call goes on
 * without what is kept.
 */
export interface ZrtpMemory {
  /** Our number, 12 bytes. */
  readonly zid: Uint8Array
  /** The secrets are the caller's. */
  find(user: string, peerZid: Uint8Array): RetainedSecrets | null
  /** Nobody compares at this end, so a peer that lost its cache is simply remembered anew: it is the one to judge. */
  keep(user: string, peerZid: Uint8Array, update: Pick<RetainedUpdate, 'rs1' | 'rs2'>): void
}

/** The streams of one call: the first agrees on keys, further ones take theirs from it (RFC 6189 §4.4.3). */
export class CallZrtp {
  readonly #user: string
  readonly #memory: ZrtpMemory
  readonly #ports: { readonly clock: ClockPort; readonly random: RandomPort }
  readonly #session = new ZrtpSession()
  #hasFirst = false

  constructor(user: string, memory: ZrtpMemory, ports: { readonly clock: ClockPort; readonly random: RandomPort }) {
    this.#user = user
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
        if (event.kind === 'need-secrets') stream.provideSecrets(this.#find(event.peerZid))
        else if (event.kind === 'secure' && event.retained !== null) this.#keep(event.peerZid, event.retained)
        options.onEvent(event, isFirst)
      },
    })
    return stream
  }

  close(): void {
    this.#session.close()
  }

  #find(peerZid: Uint8Array): RetainedSecrets | null {
    try {
      return this.#memory.find(this.#user, peerZid)
    } catch {
      return null
    }
  }

  #keep(peerZid: Uint8Array, update: RetainedUpdate): void {
    try {
      this.#memory.keep(this.#user, peerZid, update)
    } catch {
      // The next call then begins anew: the caller hears that the secrets differ, and can compare.
    }
  }
}
