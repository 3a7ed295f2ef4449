/** What a call learns and tells of ZRTP devices: retained secrets, comparisons, and which keys worked. */
import { SottoError } from '#shared/errors.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { CallId } from '#shared/model/calls.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { MediaEvent, MediaKeys, MediaPort } from '#main/media/media-port.ts'
import type { CallTrustPort } from './ports.ts'
import { Turns } from '#shared/turns.ts'

interface Ports {
  readonly call: CallId
  readonly account: Aor
  readonly peer: Aor
  readonly trust: CallTrustPort
  readonly media: MediaPort
  readonly log: LogPort
}

export class CallTrust {
  readonly #ports: Ports
  /** A verdict counts only for a pair that is kept: what is written is written in order. */
  readonly #writes = new Turns()
  /** The ZID that said Hello and the name its device was given; nothing is proven by it yet. */
  #claimed: { readonly peerZid: Uint8Array; readonly name: string } | null = null

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Hands the secrets kept for a device to its ZRTP, which waits for them: none where they cannot be read. */
  async provide(peerZid: Uint8Array): Promise<void> {
    const { call, account, peer, trust, media } = this.#ports
    const secrets = await trust.secrets(account, peer, peerZid).catch((error: unknown) => this.#failed(error))
    this.#claimed = secrets === null ? null : { peerZid, name: secrets.name }
    await media.zrtpSecrets(call, peerZid, secrets).catch((error: unknown) => this.#failed(error))
  }

  /** Keeps new secrets; never rejects. */
  async keep(secrets: Extract<MediaEvent, { kind: 'zrtp-retain' }>): Promise<void> {
    const { account, peer, trust } = this.#ports
    await this.#writes.run(() => trust.keep(account, peer, secrets)).catch((error: unknown) => this.#failed(error))
  }

  /** Remembers what worked, for the next offer; never rejects. */
  async learn(lesson: Parameters<CallTrustPort['rememberKeys']>[2] | null): Promise<void> {
    const { account, peer, trust } = this.#ports
    if (lesson === null) return
    const remember = (): Promise<void> => trust.rememberKeys(account, peer, lesson)
    await this.#writes.run(remember).catch((error: unknown) => this.#failed(error))
  }

  /** Name of the device that holds these keys, once its retained secret proved that it is the one of that name. */
  nameOf({ peerZid, warnings }: MediaKeys): string {
    const isIt = peerZid !== null && this.#claimed !== null && Buffer.compare(peerZid, this.#claimed.peerZid) === 0
    return isIt && !warnings.includes('secrets-differ') ? (this.#claimed?.name ?? '') : ''
  }

  /** The user compared. What a mismatch held back is kept first: the verdict is about a kept pair. */
  async compared(peerZid: Uint8Array, verified: boolean, name: string): Promise<void> {
    const { call, account, peer, trust, media } = this.#ports
    await media.compared(call, verified)
    await this.#writes.run(() => trust.setVerified(account, peer, { peerZid, verified, name }))
  }

  #failed(error: unknown): null {
    this.#ports.log.warn('call.trust-failed', { error: error instanceof SottoError ? error.code : typeof error })
    return null
  }
}
