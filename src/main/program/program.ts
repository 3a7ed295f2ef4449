import { SottoError } from '#shared/errors.ts'
import type { AppPhase, AppView } from '#shared/model/views.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { OpenSession, ProfileKeysPort, ProgramFacts, Session } from './ports.ts'

export interface ProgramPorts<S extends Session> {
  readonly keys: ProfileKeysPort
  readonly openSession: OpenSession<S>
  readonly facts: ProgramFacts
  readonly log: LogPort
}

type Rung = 'keychain' | 'passphrase' | 'paper-secret'

/**
 * The phases of the program: starting → onboarding (no keys yet) | locked (keys, not open) → ready, and back to
 * locked when the history is lost. A failing rung leads
 * to the next one, never to a fresh empty history.
 */
export class Program<S extends Session> {
  readonly #ports: ProgramPorts<S>
  readonly #listeners = new Set<(view: AppView) => void>()
  #phase: AppPhase = 'starting'
  #keychain: AppView['keychain'] = 'unavailable'
  #session: S | null = null
  #opening: Promise<void> = Promise.resolve()

  constructor(ports: ProgramPorts<S>) {
    this.#ports = ports
  }

  /** Finds out what there is; opens by the keychain without asking where that rung exists. */
  async start(): Promise<void> {
    const { keys, log } = this.#ports
    this.#keychain = (await keys.keychainAvailable()) ? 'available' : 'unavailable'
    if ((await keys.state()) === 'absent') {
      this.#enter('onboarding')
      return
    }
    const rungs = await keys.rungs()
    if (rungs.keychain && this.#keychain === 'available') {
      try {
        await this.unlock('keychain', null)
        return
      } catch (error) {
        log.warn('program.keychain-rung-failed', { code: error instanceof SottoError ? error.code : 'internal' })
      }
    }
    this.#enter('locked')
  }

  view(): AppView {
    return {
      phase: this.#phase,
      ...this.#ports.facts,
      keychain: this.#keychain,
      hasAccounts: this.#session?.hasAccounts() ?? false,
    }
  }

  /** The running session. @throws SottoError `locked` outside phase `ready`. */
  session(): S {
    if (this.#session === null) throw new SottoError('locked')
    return this.#session
  }

  /** @throws SottoError `passphrase-too-weak`, `keychain-failed`, `invalid-argument` when no rung was chosen. */
  createProfile(rungs: { readonly keychain: boolean; readonly passphrase: Uint8Array | null }): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#phase !== 'onboarding') throw new SottoError('invalid-argument')
      if (!rungs.keychain && rungs.passphrase === null) throw new SottoError('invalid-argument')
      await this.#open(await this.#ports.keys.create(rungs))
    })
  }

  unlock(rung: Rung, secret: Uint8Array | null): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#session !== null) return
      await this.#open(await this.#ports.keys.open(rung, secret))
    })
  }

  /**
   * Ends the session, lets `erase` take everything away, and begins anew with whatever is left.
   * @throws what `erase` throws; the program is then locked or, if the keys went, in set-up.
   */
  async erase(erase: () => Promise<void>): Promise<void> {
    await this.#inTurn(async () => {
      const session = this.#session
      this.#session = null
      this.#enter('starting')
      await session?.close()
      await erase()
    }).finally(() => this.start())
  }

  async stop(): Promise<void> {
    await this.#opening.catch(() => undefined)
    const session = this.#session
    this.#session = null
    await session?.close()
  }

  onChange(handler: (view: AppView) => void): () => void {
    this.#listeners.add(handler)
    return () => this.#listeners.delete(handler)
  }

  /** Something the view shows has changed. */
  announce(): void {
    const view = this.view()
    for (const listener of this.#listeners) listener(view)
  }

  async #open(databaseKey: Uint8Array): Promise<void> {
    try {
      this.#session = await this.#ports.openSession(databaseKey)
    } finally {
      databaseKey.fill(0)
    }
    const session = this.#session
    session.onAccountsChange(() => this.announce())
    this.#enter('ready')
    session.onLost(() => this.#handleLost(session))
  }

  /** Without a history nothing is safe to answer, receive or send: the user opens it again. */
  #handleLost(session: S): void {
    if (this.#session !== session) return
    this.#session = null
    this.#ports.log.error('program.history-lost')
    this.#enter('locked')
    // The next unlock waits for it: two sessions at once would sign in beside each other.
    this.#inTurn(() => session.close()).catch(() => undefined)
  }

  #enter(phase: AppPhase): void {
    this.#phase = phase
    this.announce()
  }

  /** Two windows, or two impatient clicks, must not open the history twice. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#opening.catch(() => undefined).then(run)
    this.#opening = turn
    return turn
  }
}
