/** Which of the servers that DNS names is next: one that did not answer is passed over until all were tried (RFC 3263 §4.3). */
import type { FlowTarget } from '#protocol/sip/user-agent/open-flow.ts'
import type { RegistrationFailure } from '#protocol/sip/user-agent/user-agent.ts'

export class ServerChoice {
  readonly #passed = new Set<string>()
  #known: readonly string[] = []
  #current: string | null = null

  /** The targets that are left, in their order; all of them again once each was tried. */
  remaining(targets: readonly FlowTarget[]): readonly FlowTarget[] {
    this.#known = targets.map(nameOf)
    if (!this.isOtherLeft) this.#passed.clear()
    return targets.filter((target) => !this.#passed.has(nameOf(target)))
  }

  /** A flow to this one is open. */
  chose(target: FlowTarget): void {
    this.#current = nameOf(target)
  }

  /** The flow to the present one could not be opened, broke, or brought no answer. */
  failed(target?: FlowTarget): void {
    const name = target === undefined ? this.#current : nameOf(target)
    if (name !== null) this.#passed.add(name)
  }

  succeeded(): void {
    this.#passed.clear()
  }

  get isOtherLeft(): boolean {
    return this.#known.some((name) => !this.#passed.has(name))
  }
}

/** Whether another server may do better: no answer, or 503 (RFC 3263 §4.3). */
export function isServersFault({ status, refusal }: RegistrationFailure): boolean {
  return refusal === null && (status === null || status === 408 || status === 503)
}

function nameOf(target: FlowTarget): string {
  return target.kind === 'web-socket' ? target.url : `${target.host} ${target.port}`
}
