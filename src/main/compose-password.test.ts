import { beforeEach, describe, expect, it } from 'vitest'
import { SottoError } from '#shared/errors.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { AccountRecord } from './accounts/account-record.ts'
import { accountPasswords } from './compose-password.ts'
import type { HomeServerControl } from './home/port.ts'

const alice = 'sip:alice@sotto.home.arpa' as Aor
const password = new TextEncoder().encode('out of an epoch’s key')

describe('the password of an account at a home server', () => {
  let record: AccountRecord
  const passwords = () =>
    accountPasswords(
      { me: () => ({}) as ReturnType<HomeServerControl['me']> },
      {
        records: () => [record],
        adoptPassword: (_id: unknown, adopted: Partial<AccountRecord>) =>
          Promise.resolve(void (record = { ...record, ...adopted })),
      },
    )

  beforeEach(() => {
    const server = { server: 'wss://127.0.0.1:8443/sip', msrpRelay: 'wss://127.0.0.1:8443/msrp', spkiPins: ['pin'] }
    const unknown = { ha1Md5: null, ha1Sha256: null, realm: null, strongest: null, passwordEpoch: 0 }
    record = { aor: alice, username: 'alice', enabled: true, ...server, ...unknown } as unknown as AccountRecord
  })

  it('is given by a device’s word where none is here, as after a restore that the server did not give one', async () => {
    expect([passwords().epochOf(alice), passwords().isInUse(alice, password)]).toEqual([0, false])
    await passwords().change(alice, { password, epoch: 2 }, () => Promise.resolve(true))
    expect(record).toMatchObject({ passwordEpoch: 2, realm: 'sotto.home.arpa', strongest: 'SHA-256' })
    expect(record.ha1Sha256).toMatch(/^[0-9a-f]{64}$/)
    const another = new TextEncoder().encode('out of another key')
    expect([password, another].map((one) => passwords().isInUse(alice, one))).toEqual([true, false])
  })

  it('is given once more where it is in use already, as to a server that went back to a backup', async () => {
    const given: unknown[] = []
    const give = (secrets: unknown) => Promise.resolve(given.push(secrets) > 0)
    await passwords().change(alice, { password, epoch: 2 }, give)
    await passwords().change(alice, { password, epoch: 2 }, give)
    expect(given).toEqual([given[0], given[0]])
    await passwords().change(alice, { password, epoch: 2 }, () => Promise.resolve(false))
    expect(record).toMatchObject({ passwordEpoch: 2 })
  })

  it('stays unknown where the server hears no devices', async () => {
    const changed = passwords().change(alice, { password, epoch: 2 }, () => Promise.resolve(false))
    await expect(changed).rejects.toEqual(new SottoError('wrong-password'))
    expect([record.ha1Sha256, record.passwordEpoch]).toEqual([null, 0])
  })

  it('is nobody’s business at another server', () => {
    record = { ...record, msrpRelay: null }
    expect(passwords().epochOf(alice)).toBeNull()
  })
})
