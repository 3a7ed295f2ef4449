import { describe, expect, it } from 'vitest'
import { SottoError } from '#shared/errors.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { ProfileKeysPort, Session } from './ports.ts'
import { Program } from './program.ts'

const quiet: LogPort = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
}

function fakeKeys(over: Partial<ProfileKeysPort> = {}): ProfileKeysPort {
  const key = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array(32).fill(7))
  return {
    state: () => Promise.resolve('present'),
    rungs: () => Promise.resolve({ keychain: 'none', passphrase: 'set', paperSecret: 'none' }),
    keychainAvailable: () => Promise.resolve(false),
    create: key,
    open: key,
    lock: () => undefined,
    ...over,
  }
}

interface FakeSession extends Session {
  closed: 'no' | 'lock' | 'end'
  busy: boolean
  lose: () => void
  busyChanged: () => void
}

function fakeSession(): FakeSession {
  return {
    closed: 'no',
    busy: false,
    lose: () => undefined,
    busyChanged: () => undefined,
    isBusy() {
      return this.busy
    },
    onBusyChange(handler) {
      this.busyChanged = handler
      return () => undefined
    },
    onLost(handler) {
      this.lose = handler
    },
    hasAccounts: () => true,
    onAccountsChange: () => () => undefined,
    close(why) {
      this.closed = why
      return Promise.resolve()
    },
  }
}

function program(keys: ProfileKeysPort, opened: Uint8Array[] = []): Program<ReturnType<typeof fakeSession>> {
  return new Program({
    keys,
    openSession: (key) => {
      opened.push(Uint8Array.from(key))
      return Promise.resolve(fakeSession())
    },
    facts: { version: '0', profile: 'test', host: 'chromium', sandboxed: true },
    log: quiet,
  })
}

describe('Program', () => {
  it('leads a new profile to onboarding and then to ready', async () => {
    const app = program(fakeKeys({ state: () => Promise.resolve('absent') }))
    await app.start()
    expect(app.view().phase).toBe('onboarding')
    await expect(app.createProfile({ keychain: false, passphrase: null })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    await app.createProfile({ keychain: false, passphrase: new Uint8Array(12) })
    expect(app.view()).toMatchObject({ phase: 'ready', hasAccounts: true })
  })

  it('opens by the keychain without asking', async () => {
    const app = program(
      fakeKeys({
        keychainAvailable: () => Promise.resolve(true),
        rungs: () => Promise.resolve({ keychain: 'set', passphrase: 'set', paperSecret: 'none' }),
      }),
    )
    await app.start()
    expect(app.view().phase).toBe('ready')
  })

  it('asks when the keychain fails, and never starts over', async () => {
    const opened: Uint8Array[] = []
    const app = program(
      fakeKeys({
        keychainAvailable: () => Promise.resolve(true),
        rungs: () => Promise.resolve({ keychain: 'set', passphrase: 'set', paperSecret: 'none' }),
        open: (rung) =>
          rung === 'keychain' ? Promise.reject(new SottoError('keychain-failed')) : Promise.resolve(new Uint8Array(32)),
      }),
      opened,
    )
    await app.start()
    expect(app.view().phase).toBe('locked')
    expect(opened).toEqual([])
    await expect(app.createProfile({ keychain: false, passphrase: new Uint8Array(12) })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    await app.unlock('passphrase', new Uint8Array(3))
    expect(app.view().phase).toBe('ready')
  })

  it('tells how far an older history is brought up to date, in whole percents', async () => {
    const seen: (number | null)[] = []
    const app = new Program({
      keys: fakeKeys(),
      openSession: (_, upgrading) => {
        for (const share of [0, 0.001, 0.5, 0.509, 1]) upgrading(share)
        return Promise.resolve(fakeSession())
      },
      facts: { version: '0', profile: 'test', host: 'chromium', sandboxed: true },
      log: quiet,
    })
    await app.start()
    app.onChange(({ upgrade }) => seen.push(upgrade))
    await app.unlock('passphrase', new Uint8Array(3))
    expect(seen).toEqual([0, 50, 100, null])
    expect(app.view()).toMatchObject({ phase: 'ready', upgrade: null })
  })

  it('refuses everything behind the lock, and two unlocks open once', async () => {
    const opened: Uint8Array[] = []
    const app = program(fakeKeys(), opened)
    await app.start()
    expect(() => app.session()).toThrow(expect.objectContaining({ code: 'locked' }))
    await Promise.all([app.unlock('passphrase', new Uint8Array(3)), app.unlock('passphrase', new Uint8Array(3))])
    expect(opened).toHaveLength(1)
    const session = app.session()
    await app.stop()
    expect(session.closed).toBe('end')
    expect(() => app.session()).toThrow()
  })

  it('wipes the database key after opening, also when opening fails', async () => {
    const key = new Uint8Array(32).fill(9)
    const app = new Program({
      keys: fakeKeys({ open: () => Promise.resolve(key) }),
      openSession: () => Promise.reject(new SottoError('history-corrupt')),
      facts: { version: '0', profile: 'test', host: 'chromium', sandboxed: true },
      log: quiet,
    })
    await app.start()
    await expect(app.unlock('passphrase', new Uint8Array(3))).rejects.toMatchObject({ code: 'history-corrupt' })
    expect(key.every((byte) => byte === 0)).toBe(true)
    expect(app.view().phase).toBe('locked')
  })

  it('locks when the history is lost, and opens again after the old session has closed', async () => {
    const opened: Uint8Array[] = []
    const app = program(fakeKeys(), opened)
    const phases: string[] = []
    app.onChange(({ phase }) => phases.push(phase))
    await app.start()
    await app.unlock('passphrase', new Uint8Array(3))
    const lost = app.session()
    lost.lose()
    expect(app.view().phase).toBe('locked')
    expect(() => app.session()).toThrow(expect.objectContaining({ code: 'locked' }))
    await app.unlock('passphrase', new Uint8Array(3))
    expect(lost.closed).toBe('lock')
    expect(opened).toHaveLength(2)
    lost.lose()
    expect(app.session().closed).toBe('no')
    expect(phases).toEqual(['locked', 'ready', 'locked', 'ready'])
  })

  it('erases everything: the session ends first, and set-up begins', async () => {
    let there: 'present' | 'absent' = 'present'
    const app = program(fakeKeys({ state: () => Promise.resolve(there) }))
    await app.start()
    await app.unlock('passphrase', null)
    const session = app.session()
    const phases: string[] = []
    app.onChange(({ phase }) => phases.push(phase))
    await app.erase(() => {
      expect(session.closed).toBe('end')
      expect(() => app.session()).toThrow(SottoError)
      there = 'absent'
      return Promise.resolve()
    })
    expect(phases).toEqual(['starting', 'onboarding'])
  })

  it('is locked when erasing failed before anything was gone', async () => {
    const app = program(fakeKeys())
    await app.start()
    await app.unlock('passphrase', null)
    await expect(app.erase(() => Promise.reject(new SottoError('disk-full')))).rejects.toMatchObject({
      code: 'disk-full',
    })
    expect(app.view().phase).toBe('locked')
    await app.unlock('passphrase', null)
    expect(app.view().phase).toBe('ready')
  })

  /** A profile whose erase the disk refuses `refusals` times after its mark. */
  function halfErased(refusals: number) {
    let [left, begun] = [refusals, false]
    const opened: unknown[] = []
    const finishErasing = (): Promise<void> => {
      if (!begun) return Promise.resolve()
      if (left-- > 0) return Promise.reject(new SottoError('disk-failed'))
      begun = false
      return Promise.resolve()
    }
    const app = new Program({
      keys: fakeKeys({ state: () => Promise.resolve(opened.length > 0 ? 'absent' : 'present') }),
      openSession: (key) => {
        opened.push(key)
        return Promise.resolve(fakeSession())
      },
      facts: { version: '0', profile: 'test', host: 'chromium', sandboxed: true },
      finishErasing,
      log: quiet,
    })
    const erase = (): Promise<void> =>
      app.erase(() => {
        begun = true
        return finishErasing()
      })
    return { app, erase, opened }
  }

  it('finishes an erase that the disk refused once, without a word', async () => {
    const { app, erase } = halfErased(1)
    await app.start()
    await app.unlock('passphrase', null)
    await erase()
    expect(app.view()).toMatchObject({ phase: 'onboarding', eraseFailure: null })
  })

  it('says why an erase is not finished, opens nothing meanwhile, and goes on when asked', async () => {
    const { app, erase, opened } = halfErased(3)
    await app.start()
    await app.unlock('passphrase', null)
    await expect(erase()).rejects.toMatchObject({ code: 'disk-failed' })
    expect(app.view()).toMatchObject({ phase: 'erasing', eraseFailure: 'disk-failed' })
    await expect(app.unlock('passphrase', null)).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(opened).toHaveLength(1)
    await expect(app.finishErasing()).rejects.toMatchObject({ code: 'disk-failed' })
    expect(app.view()).toMatchObject({ phase: 'erasing', eraseFailure: 'disk-failed' })
    await app.finishErasing()
    expect(app.view()).toMatchObject({ phase: 'onboarding', eraseFailure: null })
    await app.finishErasing()
    expect(app.view().phase).toBe('onboarding')
  })

  it('says at a start that an earlier erase still cannot be finished', async () => {
    const keys = fakeKeys({ state: () => Promise.reject(new Error('nobody looks before it is finished')) })
    const app = new Program({
      keys,
      openSession: () => Promise.reject(new Error('nothing is opened')),
      facts: { version: '0', profile: 'test', host: 'chromium', sandboxed: true },
      finishErasing: () => Promise.reject(new SottoError('disk-full')),
      log: quiet,
    })
    await app.start()
    expect(app.view()).toMatchObject({ phase: 'erasing', eraseFailure: 'disk-full' })
  })

  it('locks and forgets the keys, and tells why', async () => {
    let forgotten = 0
    const cleaned: string[] = []
    const app = new Program({
      keys: fakeKeys({ lock: () => (forgotten += 1) }),
      openSession: () => Promise.resolve(fakeSession()),
      facts: { version: '0', profile: 'test', host: 'chromium', sandboxed: true },
      hooks: {
        afterLock: (reason) => {
          cleaned.push(`${reason} ${forgotten}`)
          return Promise.resolve()
        },
      },
      log: quiet,
    })
    await app.start()
    expect(await app.lock('user', 'keep')).toBe(true)
    expect(forgotten).toBe(0)
    await app.unlock('passphrase', new Uint8Array(3))
    const session = app.session()
    expect(await app.lock('idle', 'keep')).toBe(true)
    expect(session.closed).toBe('lock')
    expect(cleaned).toEqual(['idle 1'])
    expect(app.view()).toMatchObject({ phase: 'locked', lockedBy: 'idle' })
  })

  it('locks what is just being opened', async () => {
    let opened = (): void => undefined
    const isOpen = new Promise<void>((resolve) => (opened = resolve))
    const app = program(fakeKeys({ open: () => isOpen.then(() => new Uint8Array(32)) }))
    await app.start()
    const unlocking = app.unlock('passphrase', new Uint8Array(3))
    const locking = app.lock('suspend', 'end')
    opened()
    await unlocking
    expect(await locking).toBe(true)
    expect(app.view()).toMatchObject({ phase: 'locked', lockedBy: 'suspend' })
  })

  it('lets people finish their call before it locks, unless they are to be cut off', async () => {
    const app = program(fakeKeys())
    await app.start()
    await app.unlock('passphrase', new Uint8Array(3))
    const session = app.session()
    session.busy = true
    expect(await app.lock('user', 'keep')).toBe(false)
    expect(app.view()).toMatchObject({ phase: 'ready', lockPending: true })
    app.stayOpen()
    session.busy = false
    session.busyChanged()
    expect(app.view()).toMatchObject({ phase: 'ready', lockPending: false })
    session.busy = true
    expect(await app.lock('screen', 'keep')).toBe(false)
    session.busy = false
    session.busyChanged()
    await expect.poll(() => session.closed).toBe('lock')
    expect(app.view()).toMatchObject({ phase: 'locked', lockedBy: 'screen', lockPending: false })
    await app.unlock('passphrase', new Uint8Array(3))
    const next = app.session()
    next.busy = true
    expect(await app.lock('suspend', 'end')).toBe(true)
    expect(next.closed).toBe('lock')
  })
})
