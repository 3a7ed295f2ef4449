import { SottoError, type ErrorCode } from '#shared/errors.ts'
import type { AppPhase, AppView, LockReason, RungStates } from '#shared/model/views.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { LockHooks, OpenSession, ProfileKeysPort, ProgramFacts, Session } from './ports.ts'

export interface ProgramPorts<S extends Session> {
  readonly keys: ProfileKeysPort
  readonly openSession: OpenSession<S>
  readonly facts: ProgramFacts
  readonly hooks?: LockHooks
  /** Finishes an erase that was interrupted, if there is one. @throws SottoError why it cannot. */
  readonly finishErasing?: () => Promise<void>
  readonly log: LogPort
}

const noRungs: RungStates = { keychain: 'none', passphrase: 'none', paperSecret: 'none' }

type Rung = 'keychain' | 'passphrase' | 'paper-secret'

/**
 * The phases of the program: starting → (erasing, until that is done) → onboarding (no keys yet) | locked (keys, not open) →
 * ready, and back to locked by the user, a pause, the computer, or when the history is lost. A failing rung leads to the next one, never to a
 * fresh empty history.
 */
export class Program<S extends Session> {
  readonly #ports: ProgramPorts<S>
  readonly #listeners = new Set<(view: AppView) => void>()
  #phase: AppPhase = 'starting'
  #keychain: AppView['keychain'] = 'unavailable'
  #rungs: RungStates = noRungs
  #keychainFailure: ErrorCode | null = null
  #lockedBy: LockReason = 'start'
  #eraseFailure: ErrorCode | null = null
  /** Percent of an older history that is brought up to date while it is opened. */
  #upgrade: number | null = null
  /** Why to lock when the call that runs is over. */
  #lockLater: LockReason | null = null
  #session: S | null = null
  #opening: Promise<void> = Promise.resolve()

  constructor(ports: ProgramPorts<S>) {
    this.#ports = ports
  }

  /** Finds out what there is; opens by the keychain without asking where that rung exists. */
  async start(): Promise<void> {
    const { keys } = this.#ports
    if (!(await this.#isErased())) return
    this.#keychain = (await keys.keychainAvailable()) ? 'available' : 'unavailable'
    if ((await keys.state()) === 'absent') {
      this.#enter('onboarding')
      return
    }
    await this.#lookAtRungs()
    if (await this.#openByKeychain()) return
    this.#enter('locked')
  }

  view(): AppView {
    return {
      phase: this.#phase,
      ...this.#ports.facts,
      keychain: this.#keychain,
      rungs: this.#rungs,
      lockedBy: this.#lockedBy,
      keychainFailure: this.#keychainFailure,
      lockPending: this.#lockLater !== null,
      eraseFailure: this.#eraseFailure,
      upgrade: this.#upgrade,
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
      if (this.#phase === 'erasing') throw new SottoError('invalid-argument')
      const { keys } = this.#ports
      await this.#open(await keys.open(rung, secret)).catch((error: unknown) => {
        keys.lock()
        throw error
      })
    })
  }

  /**
   * Ends the session, lets `erase` take everything away, and begins anew with whatever is left. What `erase` began and could not
   * finish is tried once more.
   * @throws what `erase` throws; the program is then locked, or in phase `erasing` until it is finished.
   */
  async erase(erase: () => Promise<void>): Promise<void> {
    try {
      await this.#inTurn(async () => {
        const session = this.#session
        this.#session = null
        this.#enter('starting')
        await session?.close('end')
        await erase()
      })
    } catch (error) {
      await this.start()
      if (this.#isNew()) return
      throw error
    }
    await this.start()
  }

  /** Tries again to finish an erase. @throws SottoError why it still cannot be finished. */
  async finishErasing(): Promise<void> {
    if (this.#phase !== 'erasing') return
    this.#enter('starting')
    await this.start()
    if (this.#eraseFailure !== null) throw new SottoError(this.#eraseFailure)
  }

  /**
   * Locks: the session ends, keys leave the memory. While people talk only `calls: end` does so at once, else it waits
   * until they are done. Resolves with whether it is locked.
   */
  async lock(reason: LockReason, calls: 'keep' | 'end'): Promise<boolean> {
    // A history that is being opened must not come up behind a lid that was closed meanwhile.
    if (this.#phase !== 'ready') await this.#opening.catch(() => undefined)
    if (this.#phase !== 'ready') return this.#phase === 'locked'
    if (calls === 'keep' && this.#session?.isBusy() === true) {
      this.#lockLater = reason
      this.announce()
      return false
    }
    await this.#inTurn(() => this.#close(this.#leave(reason), reason))
    return true
  }

  /** Takes back a lock that waits for a call. */
  stayOpen(): void {
    if (this.#lockLater === null) return
    this.#lockLater = null
    this.announce()
  }

  /** The ways to unlock have changed. */
  async rungsChanged(): Promise<void> {
    await this.#lookAtRungs()
    this.announce()
  }

  async stop(): Promise<void> {
    await this.#opening.catch(() => undefined)
    const session = this.#session
    this.#session = null
    await session?.close('end')
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

  /** Whether nothing is left that an erase began to take away; why not is said in phase `erasing`. */
  async #isErased(): Promise<boolean> {
    this.#eraseFailure = null
    try {
      await this.#ports.finishErasing?.()
      return true
    } catch (error) {
      if (!(error instanceof SottoError)) throw error
      this.#ports.log.warn('program.erase-unfinished', { code: error.code })
      this.#eraseFailure = error.code
      this.#enter('erasing')
      return false
    }
  }

  #isNew(): boolean {
    return this.#phase === 'onboarding'
  }

  async #openByKeychain(): Promise<boolean> {
    if (this.#rungs.keychain !== 'set') return false
    try {
      if (this.#keychain !== 'available') throw new SottoError('keychain-unavailable')
      await this.unlock('keychain', null)
      return true
    } catch (error) {
      this.#keychainFailure = error instanceof SottoError ? error.code : 'internal'
      this.#ports.log.warn('program.keychain-rung-failed', { code: this.#keychainFailure })
      return false
    }
  }

  async #lookAtRungs(): Promise<void> {
    this.#rungs = await this.#ports.keys.rungs().catch(() => noRungs)
  }

  async #open(databaseKey: Uint8Array): Promise<void> {
    try {
      this.#session = await this.#ports.openSession(databaseKey, (share) => this.#tellUpgrade(share))
    } finally {
      this.#upgrade = null
      databaseKey.fill(0)
    }
    const session = this.#session
    session.onAccountsChange(() => this.announce())
    session.onBusyChange(() => this.#lockIfDue())
    this.#keychainFailure = null
    this.#lockLater = null
    await this.#lookAtRungs()
    this.#enter('ready')
    session.onLost(() => this.#handleLost(session))
  }

  /** Whole percents: the screen is told of no less. */
  #tellUpgrade(share: number): void {
    const percent = Math.min(100, Math.floor(share * 100))
    if (percent === this.#upgrade) return
    this.#upgrade = percent
    this.announce()
  }

  #lockIfDue(): void {
    const reason = this.#lockLater
    if (reason === null || this.#session?.isBusy() === true) return
    this.#lockLater = null
    this.lock(reason, 'keep').catch(() => this.#ports.log.error('program.lock-failed'))
  }

  /** Without a history nothing is safe to answer, receive or send: the user opens it again. */
  #handleLost(session: S): void {
    if (this.#session !== session) return
    this.#ports.log.error('program.history-lost')
    // The next unlock waits for it: two sessions at once would sign in beside each other.
    this.#leave('lost')
    this.#inTurn(() => this.#close(session, 'lost')).catch(() => undefined)
  }

  /** From here on nothing reaches the session any more. */
  #leave(reason: LockReason): S | null {
    const session = this.#session
    if (session === null) return null
    this.#session = null
    this.#lockLater = null
    this.#lockedBy = reason
    this.#enter('locked')
    return session
  }

  async #close(session: S | null, reason: LockReason): Promise<void> {
    if (session === null) return
    await session.close('lock').catch(() => this.#ports.log.error('program.close-failed'))
    this.#ports.keys.lock()
    await this.#ports.hooks?.afterLock(reason)
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
