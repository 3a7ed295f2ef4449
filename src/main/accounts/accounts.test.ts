import { describe, expect, it } from 'vitest'
import { SottoError } from '#shared/errors.ts'
import type { AccountId, Aor, DeviceId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { Accounts } from './accounts.ts'
import type { LocalSignUpPort } from './ports.ts'
import type { Credentials, SignallingAccount, SignallingEvent, SignallingPort } from './signalling-port.ts'

type Behaviour = (account: SignallingAccount, emit: (event: SignallingEvent) => void) => void

/** Signalling that answers `configure` as told; everything else is unused by accounts. */
class ScriptedSignalling implements Partial<SignallingPort> {
  readonly configured: SignallingAccount[] = []
  readonly removed: AccountId[] = []
  readonly #handlers = new Set<(event: SignallingEvent) => void>()
  behaviour: Behaviour = (account, emit) =>
    emit({ kind: 'connection', accountId: account.id, connection: { kind: 'registered' } })

  configure(account: SignallingAccount): Promise<void> {
    this.configured.push(account)
    this.behaviour(account, (event) => this.emit(event))
    return Promise.resolve()
  }
  remove(id: AccountId): Promise<void> {
    this.removed.push(id)
    return Promise.resolve()
  }
  reconnect(): Promise<void> {
    return Promise.resolve()
  }
  onEvent(handler: (event: SignallingEvent) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }
  emit(event: SignallingEvent): void {
    for (const handler of this.#handlers) handler(event)
  }
}

class ManualClock implements ClockPort {
  readonly timers: (() => void)[] = []
  now = (): number => 0
  monotonic = (): number => 0
  after(_delayMs: number, run: () => void): { cancel(): void } {
    this.timers.push(run)
    return { cancel: () => void this.timers.splice(this.timers.indexOf(run), 1) }
  }
}

const alice = 'sip:alice@example.org' as Aor
const password = (): Uint8Array => new TextEncoder().encode('correct horse')

function setUp(home: Partial<LocalSignUpPort> = {}): {
  accounts: Accounts
  signalling: ScriptedSignalling
  settings: Map<string, string>
  clock: ManualClock
  registered: string[]
  erased: string[]
  restart: () => Accounts
} {
  const signalling = new ScriptedSignalling()
  const settings = new Map<string, string>()
  const clock = new ManualClock()
  const registered: string[] = []
  const erased: string[] = []
  let counter = 0
  const make = (): Accounts =>
    new Accounts({
      settings: {
        setting: (key) => Promise.resolve(settings.get(key) ?? null),
        // eslint-disable-next-line @typescript-eslint/require-await -- async turns what a test throws into a rejection
        setSetting: async (key, value) => void settings.set(key, value ?? ''),
      },
      signalling: signalling as unknown as SignallingPort,
      identity: {
        ensure: () =>
          Promise.resolve({ identityHash: 'AAAA BBBB', deviceId: 'dev' as DeviceId, paperSecret: 'not-shown' }),
        remove: () => Promise.resolve(),
      },
      registry: {
        register: (account) => Promise.resolve(void registered.push(account.aor)),
        erase: (aor) => Promise.resolve(void erased.push(aor)),
      },
      home: { onMoved: () => () => undefined, ...home } as LocalSignUpPort,
      clock,
      random: { bytes: (length) => new Uint8Array(length).fill(++counter) },
    })
  return { accounts: make(), signalling, settings, clock, registered, erased, restart: make }
}

const signIn = { aor: alice, displayName: 'Alice', transport: null, server: null }

describe('Accounts', () => {
  it('registers a new account and shows it', async () => {
    const { accounts, signalling, registered } = setUp()
    await accounts.start()
    const id = await accounts.add({ ...signIn, password: password() })
    expect(accounts.list()).toMatchObject([
      { id, aor: alice, connection: { kind: 'registered' }, server: 'example.org', transport: 'tls' },
    ])
    expect(registered).toEqual([alice])
    expect(signalling.configured[0]?.instanceId).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
  })

  it('never stores the password, and stores HA1 values once they are known', async () => {
    const { accounts, signalling, settings, restart } = setUp()
    signalling.behaviour = (account, emit) => {
      const credentials: Credentials = {
        ...account.credentials,
        realm: 'example.org',
        ha1Md5: null,
        ha1Sha256: 'ab'.repeat(32),
        strongest: 'SHA-256',
        password: null,
      }
      emit({ kind: 'credentials', accountId: account.id, credentials })
      emit({ kind: 'connection', accountId: account.id, connection: { kind: 'registered' } })
    }
    await accounts.add({ ...signIn, password: password() })
    expect(settings.get('accounts')).toContain('ab'.repeat(32))
    expect(settings.get('accounts')).not.toContain('correct horse')
    accounts.stop()
    await restart().start()
    expect(signalling.configured.at(-1)?.credentials).toMatchObject({
      realm: 'example.org',
      ha1Sha256: 'ab'.repeat(32),
      password: null,
    })
  })

  it.each(['wrong-password', 'server-unreachable'] as const)(
    'takes a new account back when its first registration fails: %s',
    async (reason) => {
      const { accounts, signalling } = setUp()
      signalling.behaviour = (account, emit) =>
        emit({ kind: 'connection', accountId: account.id, connection: { kind: 'failed', reason } })
      await expect(accounts.add({ ...signIn, password: password() })).rejects.toMatchObject({ code: reason })
      expect(accounts.list()).toEqual([])
      expect(signalling.removed).toHaveLength(1)
    },
  )

  it('gives up on a server that never answers', async () => {
    const { accounts, signalling, clock } = setUp()
    signalling.behaviour = () => undefined
    const adding = accounts.add({ ...signIn, password: password() })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(clock.timers).toHaveLength(1)
    clock.timers[0]?.()
    await expect(adding).rejects.toMatchObject({ code: 'server-unreachable' })
  })

  it('keeps an account whose certificate the person must judge, and pins the key only when told', async () => {
    const { accounts, signalling } = setUp()
    const spkiSha256 = `${'A'.repeat(43)}=`
    const problem = {
      reason: 'untrusted',
      expectedName: 'example.org',
      subject: '',
      issuer: '',
      validFrom: 0,
      validTo: 0,
      spkiSha256,
    } as const
    signalling.behaviour = (account, emit) => emit({ kind: 'certificate', accountId: account.id, problem })
    const accountId = await accounts.add({ ...signIn, password: password() })
    await accounts.trustCertificate({ accountId, spkiSha256, trust: false })
    expect(signalling.configured.at(-1)?.spkiPins).toEqual([])
    const other = `${'B'.repeat(43)}=`
    const trustOther = accounts.trustCertificate({ accountId, spkiSha256: other, trust: true })
    await expect(trustOther).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(signalling.configured.at(-1)?.spkiPins).toEqual([])
    await accounts.trustCertificate({ accountId, spkiSha256, trust: true })
    expect(signalling.configured.at(-1)?.spkiPins).toEqual([spkiSha256])
    // Nothing was registered yet: the typed password is still what signs in, and is wiped once it did.
    const { credentials } = signalling.configured.at(-1) ?? {}
    expect(credentials?.password).toEqual(password())
    signalling.emit({ kind: 'credentials', accountId, credentials: { ...credentials!, password: null } })
    expect(credentials?.password?.every((byte) => byte === 0)).toBe(true)
  })

  it('trusts no certificate that nobody was asked about, nor one of another account', async () => {
    const { accounts, signalling } = setUp()
    const spkiSha256 = `${'A'.repeat(43)}=`
    const accountId = await accounts.add({ ...signIn, password: password() })
    const otherId = await accounts.add({ ...signIn, aor: 'sip:bob@example.org' as Aor, password: password() })
    const problem = {
      reason: 'untrusted',
      expectedName: '',
      subject: '',
      issuer: '',
      validFrom: 0,
      validTo: 0,
    } as const
    signalling.emit({ kind: 'certificate', accountId: otherId, problem: { ...problem, spkiSha256 } })
    const trusting = accounts.trustCertificate({ accountId, spkiSha256, trust: true })
    await expect(trusting).rejects.toMatchObject({ code: 'invalid-argument' })
    signalling.emit({ kind: 'connection', accountId: otherId, connection: { kind: 'registered' } })
    const late = accounts.trustCertificate({ accountId: otherId, spkiSha256, trust: true })
    await expect(late).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(accounts.records().every(({ spkiPins }) => spkiPins.length === 0)).toBe(true)
  })

  it('erases what the history holds about a removed account', async () => {
    const { accounts, erased } = setUp()
    const accountId = await accounts.add({ ...signIn, password: password() })
    await accounts.remove({ accountId })
    expect([accounts.list(), erased]).toEqual([[], [alice]])
  })

  it('takes a new account back when signalling cannot use its address', async () => {
    const { accounts, signalling } = setUp()
    signalling.configure = () => Promise.reject(new SottoError('address-invalid'))
    await expect(accounts.add({ ...signIn, password: password() })).rejects.toMatchObject({ code: 'address-invalid' })
    expect(accounts.list()).toEqual([])
  })

  it('survives a disk that is full when the registration teaches something', async () => {
    const { accounts, signalling, settings } = setUp()
    const accountId = await accounts.add({ ...signIn, password: password() })
    settings.set = () => {
      throw new SottoError('disk-full')
    }
    const { credentials } = signalling.configured[0]!
    signalling.emit({ kind: 'credentials', accountId, credentials: { ...credentials, realm: 'example.org' } })
    await new Promise((resolve) => setImmediate(resolve))
    expect(accounts.records()[0]?.realm).toBe('example.org')
  })

  it('keeps the account also when the state is told before the question about the certificate', async () => {
    const { accounts, signalling } = setUp()
    signalling.behaviour = (account, emit) =>
      emit({
        kind: 'connection',
        accountId: account.id,
        connection: { kind: 'failed', reason: 'certificate-untrusted' },
      })
    await accounts.add({ ...signIn, password: password() })
    expect(accounts.list()).toHaveLength(1)
  })

  it('refuses the same address twice', async () => {
    const { accounts } = setUp()
    await accounts.add({ ...signIn, password: password() })
    await expect(accounts.add({ ...signIn, password: password() })).rejects.toMatchObject({ code: 'account-exists' })
  })

  it('finds the home server again after a restart, on other ports', async () => {
    const local = { transport: 'wss', msrpRelay: null, spkiPins: [`${'B'.repeat(43)}=`] } as const
    const { accounts, signalling, restart } = setUp({
      signUp: () =>
        Promise.resolve({
          ...local,
          aor: alice,
          password: password(),
          server: 'wss://127.0.0.1:1000',
          onThisComputer: true,
          close: () => Promise.resolve(),
        }),
      endpoints: () => Promise.resolve({ server: 'wss://127.0.0.1:2000', msrpRelay: null, spkiPins: local.spkiPins }),
    })
    await accounts.createLocal({ user: 'alice', displayName: 'Alice', invitation: null })
    expect(signalling.configured.at(-1)).toMatchObject({ server: 'wss://127.0.0.1:1000', displayName: 'Alice' })
    const again = restart()
    await again.start()
    await again.whenStarted()
    expect(signalling.configured.at(-1)?.server).toBe('wss://127.0.0.1:2000')
  })

  it.each(['home-server-failed', 'disk-full'] as const)(
    'gives the address back to the home server when a later step fails: %s',
    async (reason) => {
      const taken = new Set<string>()
      const { accounts, signalling, settings } = setUp({
        signUp: () => {
          if (taken.has(alice)) return Promise.reject(new SottoError('address-taken'))
          taken.add(alice)
          return Promise.resolve({
            ...{ transport: 'wss', msrpRelay: null, spkiPins: [], aor: alice, password: password() },
            ...{ server: 'wss://127.0.0.1:1000', onThisComputer: true },
            close: () => Promise.resolve(void taken.delete(alice)),
          })
        },
      })
      const create = () => accounts.createLocal({ user: 'alice', displayName: 'Alice', invitation: null })
      const { behaviour } = signalling
      const set = settings.set.bind(settings)
      if (reason === 'disk-full') {
        settings.set = () => {
          throw new SottoError(reason)
        }
      } else {
        signalling.behaviour = (account, emit) =>
          emit({ kind: 'connection', accountId: account.id, connection: { kind: 'failed', reason } })
      }
      await expect(create()).rejects.toMatchObject({ code: reason })
      expect(accounts.list()).toEqual([])
      Object.assign(signalling, { behaviour })
      Object.assign(settings, { set })
      await create()
      expect(accounts.list()).toHaveLength(1)
    },
  )

  it('disables and enables without losing anything', async () => {
    const { accounts, signalling } = setUp()
    const accountId = await accounts.add({ ...signIn, password: password() })
    await accounts.update({ accountId, enabled: false })
    expect(accounts.list()).toMatchObject([{ enabled: false, connection: { kind: 'disabled' } }])
    await accounts.update({ accountId, enabled: true })
    expect(signalling.configured).toHaveLength(2)
    expect(accounts.list()).toMatchObject([{ enabled: true, connection: { kind: 'registered' } }])
  })

  it('hands calls the relay with its password, and shows the screen only that there is one', async () => {
    const { accounts, settings, restart } = setUp()
    await accounts.start()
    const accountId = await accounts.add({ ...signIn, password: password() })
    const shown = () => accounts.list()[0]
    expect(shown()).toMatchObject({ callPolicy: 'zrtp-preferred', hideAddress: 'strangers', relay: null })
    await expect(accounts.setRelayPassword({ accountId, password: password() })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    const relay = { server: 'Turn.Example.org', username: 'al' }
    await accounts.update({ accountId, relay, callPolicy: 'zrtp-required', hideAddress: 'everyone' })
    expect(shown()?.relay).toEqual({ server: 'turn.example.org:3478', username: 'al', hasPassword: false })
    await accounts.setRelayPassword({ accountId, password: password() })
    expect(shown()?.relay).toEqual({ server: 'turn.example.org:3478', username: 'al', hasPassword: true })
    expect(JSON.stringify(accounts.list())).not.toContain('correct horse')
    const again = restart()
    await again.start()
    expect(again.callAccount(accountId)).toEqual({
      ...{ id: accountId, aor: alice, displayName: 'Alice', deviceId: 'dev', enabled: true, transport: 'tls' },
      ...{ callPolicy: 'zrtp-required', hideAddress: 'everyone' },
      relay: { server: 'turn.example.org:3478', username: 'al', password: 'correct horse' },
    })
    expect(again.callAccount('none' as AccountId)).toBeNull()
    expect(settings.get('accounts')).toContain('correct horse')
    await again.update({ accountId, relay: null })
    expect(again.list()[0]?.relay).toBeNull()
    expect(settings.get('accounts')).not.toContain('correct horse')
  })

  it('gives the password of a relay to no other server or user name', async () => {
    const { accounts, settings } = setUp()
    await accounts.start()
    const accountId = await accounts.add({ ...signIn, password: password() })
    const set = (server: string, username = 'al') => accounts.update({ accountId, relay: { server, username } })
    await set('turn.example.org:5349')
    await accounts.setRelayPassword({ accountId, password: password() })
    await set('turn.example.org:5349')
    await accounts.update({ accountId, displayName: 'Al', relay: undefined })
    expect(accounts.callAccount(accountId)?.relay?.password).toBe('correct horse')
    for (const [server, username] of [
      ['turn.evil.example:5349', 'al'],
      ['turn.example.org:5349', 'eve'],
    ] as const) {
      await set('turn.example.org:5349')
      await accounts.setRelayPassword({ accountId, password: password() })
      await set(server, username)
      expect(accounts.callAccount(accountId)?.relay?.password).toBe('')
      expect(settings.get('accounts')).not.toContain('correct horse')
    }
  })

  it('refuses a relay that is no address', async () => {
    const { accounts } = setUp()
    await accounts.start()
    const accountId = await accounts.add({ ...signIn, password: password() })
    const set = (server: string) => accounts.update({ accountId, relay: { server, username: 'al' } })
    await set('[2001:db8::1]:3479')
    expect(accounts.list()[0]?.relay?.server).toBe('[2001:db8::1]:3479')
    for (const server of ['', 'turn.example.org:', 'a b', 'turn:turn.example.org', 'x:0', 'x:70000', '2001:db8::1'])
      await expect(set(server), server).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(accounts.list()[0]?.relay?.server).toBe('[2001:db8::1]:3479')
  })
})
