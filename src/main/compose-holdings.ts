/** Wires the page "Your data": what is held here and on servers, and erasing it. */
import { aorDomain } from '#shared/model/aor.ts'
import type { AccountRecord } from './accounts/account-record.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { OpenHistory } from './history/open-history.ts'
import { homeMeOf } from './compose-sign-up.ts'
import { diskFiles, diskHoldings } from './holdings/disk-holdings.ts'
import { systemFiles } from './holdings/erase-files.ts'
import { eraseProfile, finishErasing } from './holdings/erase-profile.ts'
import { Holdings, type HeldAccount, type ServerListPort } from './holdings/holdings.ts'
import type { HomeServerControl } from './home/port.ts'
import { eraseCopy } from './replication/erase-copy.ts'
import type { Replicas } from './replication/replicas.ts'
import type { ProfilePaths } from './platform/profile-paths.ts'
import type { ErasedView } from '#shared/model/holdings.ts'
import type { HistoryUpkeep } from './upkeep/upkeep.ts'

/** Names of files that are shown when something is left. */
const namesShown = 20

/** What is held while the history is open. */
export function composeHoldings(
  ports: { readonly profile: string; readonly paths: ProfilePaths; readonly home: HomeServerControl },
  parts: {
    readonly history: OpenHistory
    readonly accounts: Accounts
    readonly upkeep: HistoryUpkeep
    readonly replicas: Pick<Replicas, 'switchOff'>
  },
): Holdings {
  const { accounts, history, upkeep, replicas } = parts
  return new Holdings({
    ...ports,
    reader: history.reader,
    accounts: () => accounts.records().map((record) => heldAccount(ports.home, record, replicas)),
    removeAccount: async (accountId) => {
      await accounts.remove({ accountId })
      // Attachments that lost their last entry with the account.
      await upkeep.enforce()
    },
  })
}

type Switch = Pick<Replicas, 'switchOff'>

function heldAccount(home: HomeServerControl, record: AccountRecord, replicas: Switch): HeldAccount {
  const { id, aor } = record
  return { id, aor, server: record.server ?? aorDomain(aor), list: serverList(home, record, replicas) }
}

function serverList(home: HomeServerControl, record: AccountRecord, replicas: Switch): ServerListPort | null {
  const me = homeMeOf(home, record, record.ha1Sha256)
  if (me === null) return null
  const close = async () => {
    // The password alone does not erase a sealed history.
    await eraseCopy(replicas, record.id)
    return { ...(await me.close()) }
  }
  return { describe: () => me.describe(), close }
}

/** Erasing everything, and what is known of it afterwards. */
export interface ProfileEraser {
  /** Finishes what an earlier run did not. @throws SottoError `disk-full`, `disk-failed` */
  finish(): Promise<void>
  /** @throws SottoError `disk-full`, `disk-failed` */
  erase(): Promise<void>
  /** A new look at the disk, if everything was erased in this run; else null. */
  erased(): Promise<ErasedView | null>
}

/** `forget` drops what the program still knows, before the disk is touched. */
export function composeEraser(paths: ProfilePaths, forget: () => void): ProfileEraser {
  let done: { readonly resumed: boolean } | null = null
  return {
    finish: async () => {
      if (await finishErasing(paths, systemFiles)) done = { resumed: true }
    },
    erase: async () => {
      forget()
      await eraseProfile(paths, systemFiles)
      done = { resumed: false }
    },
    erased: async () => {
      if (done === null) return null
      const [disk, files] = await Promise.all([diskHoldings(paths), diskFiles(paths)])
      return { ...done, disk, left: files.slice(0, namesShown).map(({ name }) => name) }
    },
  }
}
