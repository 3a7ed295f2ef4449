/** Wires settings, the ways to unlock, and what the storage page shows. */
import type { AccountId } from '#shared/model/ids.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { SessionAnswers } from './bridge/handlers.ts'
import type { OpenHistory } from './history/open-history.ts'
import type { Identity } from './identity/identity.ts'
import type { KeyLadder } from './keys/key-ladder.ts'
import { folderBytes } from './platform/folder-bytes.ts'
import type { ProfilePaths } from './platform/profile-paths.ts'
import type { Settings } from './settings/settings.ts'
import type { HistoryUpkeep } from './upkeep/upkeep.ts'

interface Ports {
  readonly paths: ProfilePaths
  readonly ladder: KeyLadder
  /** The ways to unlock have changed. */
  readonly onRungs: () => void
}

interface Parts {
  readonly history: OpenHistory
  readonly accounts: Accounts
  readonly settings: Settings
  readonly kept: { readonly upkeep: HistoryUpkeep }
}

export function settingAnswers(ports: Ports, parts: Parts): SessionAnswers['settings'] {
  const { settings, kept } = parts
  return {
    get: () => settings.get(),
    set: async (args) => {
      const now = await settings.set(args)
      if (args.keepDays !== undefined) await kept.upkeep.enforce()
      return now
    },
    storage: () => storageView(ports, parts),
  }
}

export function rungAnswers({ ladder, onRungs }: Ports, identity: Identity): SessionAnswers['keys'] {
  const changing = (change: Promise<void>): Promise<void> => change.then(onRungs)
  return {
    setPassphrase: ({ current, next }) => changing(ladder.setPassphrase(current, next)),
    setKeychain: ({ enabled }) => changing(ladder.setKeychain(enabled)),
    addPaperSecret: (args) => identity.addPaperRung(args),
    removePaperSecret: (args) => identity.removePaperRung(args),
  }
}

async function storageView(
  { paths, ladder }: Ports,
  { history, accounts }: Pick<Parts, 'history' | 'accounts'>,
): Promise<Awaited<ReturnType<SessionAnswers['settings']['storage']>>> {
  const [counts, rungs, attachmentBytes] = await Promise.all([
    history.reader.counts(),
    ladder.rungs(),
    folderBytes(paths.attachments),
  ])
  const paperUnlocks: AccountId[] = []
  for (const { id, aor } of accounts.records()) if (await ladder.hasPaperSecret(aor)) paperUnlocks.push(id)
  return { profilePath: paths.profile, attachmentBytes, rungs, paperUnlocks, ...counts }
}
