/** Wires the new password of an account at a home server after a device of it was removed. */
import { SottoError } from '#shared/errors.ts'
import { aorDomain } from '#shared/model/aor.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { AccountRecord } from './accounts/account-record.ts'
import type { Accounts } from './accounts/accounts.ts'
import { homeMeOf, homeServerOf } from './compose-sign-up.ts'
import { digestSecrets, type DigestSecrets } from './home/digest-secrets.ts'
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
      // Also where no password is here: a device's word gives it one.
      return record === null || homeServerOf(record) === null ? null : record.passwordEpoch
    },
    isInUse: (account, password) => {
      const record = recordOf(account)
      return record !== null && secretsOf(record, password).ha1Sha256 === record.ha1Sha256
    },
    change: async (account, { password, epoch: passwordEpoch }, give) => {
      const record = recordOf(account)
      if (record === null) throw new SottoError('not-found')
      const secrets = secretsOf(record, password)
      // A removed device may have changed the old one first: a device's word counts whatever it is now.
      const given = { ha1Sha256: secrets.ha1Sha256, epoch: passwordEpoch }
      const isTaken = await give(given)
      if (!isTaken && secrets.ha1Sha256 !== record.ha1Sha256) await changeAt(home, record, secrets)
      const realm = aorDomain(account)
      await accounts.adoptPassword(record.id, { ...secrets, realm, strongest: 'SHA-256', passwordEpoch })
    },
  }
}

function secretsOf({ aor, username }: AccountRecord, password: Uint8Array): DigestSecrets {
  return digestSecrets(username, aorDomain(aor), password)
}

/** Another device may have been faster: then the new one signs in already. */
async function changeAt(
  home: Pick<HomeServerControl, 'me'>,
  record: AccountRecord,
  next: { readonly ha1Sha256: string },
): Promise<void> {
  const me = homeMeOf(home, record, record.ha1Sha256)
  // Nobody here knows the one before.
  if (me === null) throw new SottoError('wrong-password')
  try {
    await me.changePassword(next)
  } catch (error) {
    if (!(error instanceof SottoError) || error.code !== 'wrong-password') throw error
    await homeMeOf(home, record, next.ha1Sha256)?.describe()
  }
}
