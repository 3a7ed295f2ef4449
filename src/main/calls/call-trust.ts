/** What a call learns and tells of ZRTP devices: retained secrets, comparisons, and which keys worked. */
import { wipe } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { CallId } from '#shared/model/calls.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { MediaEvent, MediaKeys, MediaPort, ZrtpPeerSecrets } from '#main/media/media-port.ts'
import type { CallTrustPort } from './ports.ts'
import { Turns } from '#shared/turns.ts'

type PeerFound = Extract<MediaEvent, { kind: 'zrtp-peer' }>

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
  /** ZIDs that said Hello, by branch, and the names their devices were given; nothing is proven by them yet. */
  readonly #claimed = new Map<string, { readonly peerZid: Uint8Array; readonly name: string }>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Hands the secrets kept for a device to its ZRTP, which waits for them: none where they cannot be read. */
  async provide({ peerZid, branch }: Pick<PeerFound, 'peerZid' | 'branch'>): Promise<void> {
    const { call, account, peer, trust, media } = this.#ports
    const secrets = await trust.secrets(account, peer, peerZid).catch((error: unknown) => this.#failed(error))
    if (secrets === null) this.#claimed.delete(branch ?? '')
    else this.#claimed.set(branch ?? '', { peerZid, name: secrets.name })
    const question = branch === undefined ? [] : ([branch] as const)
    await media.zrtpSecrets(call, peerZid, secrets, ...question).catch((error: unknown) => this.#failed(error))
    wipeSecrets(secrets)
  }

  /** Keeps new secrets, and overwrites them here; never rejects. */
  async keep(secrets: Extract<MediaEvent, { kind: 'zrtp-retain' }>): Promise<void> {
    const { account, peer, trust } = this.#ports
    await this.#writes.run(() => trust.keep(account, peer, secrets)).catch((error: unknown) => this.#failed(error))
    wipeSecrets(secrets)
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
    if (peerZid === null || warnings.includes('secrets-differ')) return ''
    const claims = [...this.#claimed.values()]
    return claims.find((claim) => Buffer.compare(peerZid, claim.peerZid) === 0)?.name ?? ''
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

/** Copies of this thread: what was handed on is gone here. */
export function wipeSecrets(secrets: Pick<ZrtpPeerSecrets, 'rs1' | 'rs2'> | null): void {
  for (const secret of [secrets?.rs1, secrets?.rs2]) if (secret != null) wipe(secret)
}
