/** Wires the new password of an account at a home server after a device of it was removed. */
import { SottoError } from '#shared/errors.ts'
import { aorDomain } from '#shared/model/aor.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { AccountRecord } from './accounts/account-record.ts'
import type { Accounts } from './accounts/accounts.ts'
import { homeMeOf } from './compose-sign-up.ts'
import { digestSecrets } from './home/digest-secrets.ts'
import type { HomeServerControl } from './home/port.ts'
import type { AccountPasswordPort } from './replication/service-ports.ts'

export function accountPasswords(
  home: Pick<HomeServerControl, 'me'>,
  accounts: Pick<Accounts, 'records' | 'adoptPassword'>,
): AccountPasswordPort {
  const recordOf = (account: Aor): AccountRecord | null =>
    accounts.records().find(({ aor, enabled }) => aor === account && enabled) ?? null
  return {
    epochOf: (account) => {
      const record = recordOf(account)
      return record === null || homeMeOf(home, record, record.ha1Sha256) === null ? null : record.passwordEpoch
    },
    change: async (account, password, passwordEpoch) => {
      const record = recordOf(account)
      if (record === null) throw new SottoError('not-found')
      const secrets = digestSecrets(record.username, aorDomain(account), password)
      if (secrets.ha1Sha256 !== record.ha1Sha256) await changeAt(home, record, secrets)
      await accounts.adoptPassword(record.id, { ...secrets, passwordEpoch })
    },
  }
}

/** Another device may have been faster: then the new one signs in already. */
async function changeAt(
  home: Pick<HomeServerControl, 'me'>,
  record: AccountRecord,
  next: { readonly ha1Sha256: string },
): Promise<void> {
  try {
    await homeMeOf(home, record, record.ha1Sha256)?.changePassword(next)
  } catch (error) {
    if (!(error instanceof SottoError) || error.code !== 'wrong-password') throw error
    await homeMeOf(home, record, next.ha1Sha256)?.describe()
  }
}
