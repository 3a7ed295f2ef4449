/** A media gateway that writes down what it is asked and answers as it is told. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import { err, ok } from '#shared/result.ts'
import type {
  MediaAnswer,
  MediaEvent,
  MediaKeys,
  MediaOutcome,
  MediaPlan,
  MediaPort,
  MediaRefusal,
} from '#main/media/media-port.ts'

type Request<M extends 'offer' | 'takeAnswer' | 'answer' | 'reoffer'> = Parameters<MediaPort[M]>[0]

/** Keys as the gateway tells of them. */
export const keys = (method: MediaKeys['method'], more: Partial<MediaKeys> = {}): MediaKeys => ({
  method,
  ...{ cipher: 'AES', keyAgreement: '', hash: '', sas: null, remembered: false },
  ...{ peerZid: method === 'zrtp' ? new Uint8Array(12).fill(7) : null, peerClient: '', warnings: [] },
  ...more,
})

export class FakeMedia implements MediaPort {
  readonly plans: MediaPlan[] = []
  /** What the next request of a kind is refused with. */
  /** What the renderer is told when an offer of ours is taken back. */
  takenBack: string | null = null
  readonly refusals = new Map<'offer' | 'takeAnswer' | 'answer' | 'reoffer', MediaRefusal>()
  /** What the next request of a kind throws. */
  readonly failures = new Set<keyof MediaPort>()
  readonly secrets: unknown[] = []
  /** Branches that were given secrets. */
  readonly secretsOf: (string | undefined)[] = []
  answered: MediaAnswer = {
    networkSdp: 'network answer',
    rendererSdp: 'renderer answer',
    video: false,
    heldByPeer: false,
  }
  inspected: { readonly video: boolean } | null = { video: false }
  /** Holds {@link inspect} until resolved. */
  inspecting: Promise<void> = Promise.resolve()
  /** What happens while the user's verdict is taken. */
  onCompared: (call: CallId) => void = () => undefined
  readonly #log: string[]
  readonly #handlers = new Set<(event: MediaEvent) => void>()

  constructor(log: string[]) {
    this.#log = log
  }

  raise(event: MediaEvent): void {
    for (const handler of this.#handlers) handler(event)
  }

  async inspect(): Promise<{ readonly video: boolean } | null> {
    await this.inspecting
    this.#maybeFail('inspect')
    return this.inspected
  }

  async offer({ plan }: Request<'offer'>): Promise<MediaOutcome<{ networkSdp: string }>> {
    this.plans.push(plan)
    this.#log.push(`media.offer ${plan.offer}`)
    return this.#outcome('offer', { networkSdp: `network offer ${plan.offer}` })
  }

  async takeAnswer({ branch, sdp, rendererSdp }: Request<'takeAnswer'>): Promise<MediaOutcome<MediaAnswer>> {
    const leg = rendererSdp === undefined ? '' : ` on ${rendererSdp}`
    this.#log.push(`media.takeAnswer ${branch ?? ''} ${sdp}${leg}`)
    return this.#outcome('takeAnswer', this.answered)
  }

  async answer({ plan, sdp, rendererSdp }: Request<'answer'>): Promise<MediaOutcome<MediaAnswer>> {
    this.plans.push(plan)
    this.#log.push(`media.answer ${sdp} ${rendererSdp ?? '-'}`)
    return this.#outcome('answer', this.answered)
  }

  async reoffer({
    held,
    video,
    restart,
    rendererSdp,
    newKeys = false,
  }: Request<'reoffer'>): Promise<MediaOutcome<{ networkSdp: string }>> {
    const changes = [...(restart ? ['restart'] : []), ...(newKeys ? ['new-keys'] : [])]
    const words = [held ? 'held' : 'free', video ? 'video' : 'sound', ...changes]
    this.#log.push(`media.reoffer ${words.join(' ')} ${rendererSdp ?? '-'}`)
    return this.#outcome('reoffer', { networkSdp: `offer ${words.join(' ')}` })
  }

  takeBack({ held, video }: Parameters<MediaPort['takeBack']>[0]): Promise<{ rendererSdp: string | null }> {
    this.#log.push(`media.takeBack ${held ? 'held' : 'free'} ${video ? 'video' : 'sound'}`)
    return Promise.resolve({ rendererSdp: this.takenBack })
  }

  zrtpSecrets(_call: CallId, _zid: Uint8Array, secrets: unknown, branch?: string): Promise<void> {
    this.#maybeFail('zrtpSecrets')
    this.secretsOf.push(branch)
    this.secrets.push(secrets)
    return Promise.resolve()
  }

  compared(call: CallId, equal: boolean): Promise<void> {
    this.#log.push(`media.compared ${equal}`)
    this.onCompared(call)
    return Promise.resolve()
  }

  sendDigit(_call: CallId, digit: string): Promise<void> {
    this.#log.push(`media.digit ${digit}`)
    return Promise.resolve()
  }

  network(): Promise<CallNetworkView | null> {
    return Promise.resolve(null)
  }

  networkChanged(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#log.push('media.close')
    return this.failures.has('close') ? Promise.reject(new Error('close')) : Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  onEvent(handler: (event: MediaEvent) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  async #outcome<T>(kind: 'offer' | 'takeAnswer' | 'answer' | 'reoffer', value: T): Promise<MediaOutcome<T>> {
    await Promise.resolve()
    this.#maybeFail(kind)
    const refusal = this.refusals.get(kind)
    this.refusals.delete(kind)
    return refusal === undefined ? ok(value) : err(refusal)
  }

  #maybeFail(kind: keyof MediaPort): void {
    if (this.failures.has(kind)) throw new Error(kind)
  }
}
