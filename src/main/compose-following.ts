/** Wires what follows the user from device to device beside messages and contacts: comparisons of keys, and settings of accounts. */
import { nameBehind } from '#shared/identity/chain-ports.ts'
import type { EntryFactory, EntryOrigin } from '#shared/model/entry-factory.ts'
import type { Aor, DeviceId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { Accounts } from './accounts/accounts.ts'
import { FollowingAccountSettings } from './accounts/following-settings.ts'
import type { SessionAnswers } from './bridge/handlers.ts'
import { ComparisonMarks } from './calls/comparison-marks.ts'
import { conversationOf } from './chat/context.ts'
import type { OpenHistory } from './history/open-history.ts'
import type { Identity } from './identity/identity.ts'

interface Ports {
  readonly clock: ClockPort
  readonly log: LogPort
}

interface Parts {
  readonly history: OpenHistory
  readonly accounts: Accounts
  readonly identity: Pick<Identity, 'chain'>
  readonly entries: EntryFactory
}

export interface Following {
  readonly marks: ComparisonMarks
  readonly settings: FollowingAccountSettings
}

export function composeFollowing({ clock, log }: Ports, { history, accounts, identity, entries }: Parts): Following {
  const ports = { ...history, accounts, entries, clock, origin: (aor: Aor) => originOf(accounts, aor) }
  return {
    marks: new ComparisonMarks({
      ...{ ...ports, conversationOf, log: log.child('calls') },
      ownDevices: (aor) => validDevices(identity, aor),
    }),
    settings: new FollowingAccountSettings({ ...ports, log: log.child('accounts') }),
  }
}

/** Follows the history from now on; adds how to end it. */
export async function startFollowing(
  { marks, settings }: Following,
  { history, accounts }: Pick<Parts, 'history' | 'accounts'>,
  opened: (() => Promise<void> | void)[],
): Promise<void> {
  const all = (): readonly Aor[] => accounts.records().map(({ aor }) => aor)
  opened.push(
    history.writer.onChange(({ bulk, accountSettings }) => {
      if (bulk || accountSettings !== undefined) void settings.follow(bulk ? all() : (accountSettings ?? []))
    }),
  )
  await settings.start()
  for (const aor of all()) void marks.tellAll(aor)
}

/** The rows of accounts, with what the user sets said to the other devices. */
export function accountAnswers(accounts: Accounts, settings: FollowingAccountSettings): SessionAnswers['accounts'] {
  return {
    list: () => accounts.list(),
    add: (args) => accounts.add(args),
    createLocal: (args) => accounts.createLocal(args),
    update: (args) => settings.update(args),
    setRelayPassword: (args) => accounts.setRelayPassword(args),
    changePassword: (args) => accounts.changePassword(args),
    remove: (args) => accounts.remove(args),
    reconnect: (args) => accounts.reconnect(args),
    trustCertificate: (args) => accounts.trustCertificate(args),
  }
}

function originOf(accounts: Accounts, aor: Aor): EntryOrigin | null {
  const account = accounts.list().find((candidate) => candidate.aor === aor)
  if (account === undefined) return null
  return { account: aor, device: account.deviceId, authenticatedBy: 'own-device', verified: true }
}

/** By name; a device that was removed vouches for nothing any more. */
async function validDevices(identity: Pick<Identity, 'chain'>, aor: Aor): Promise<ReadonlyMap<DeviceId, string>> {
  const chain = await identity.chain(aor)
  if (chain === null) return new Map()
  const devices = [...chain.state.devices].filter(([, { revokedAt }]) => revokedAt === null)
  return new Map(devices.map(([id, { sealedName }]) => [id, nameBehind(chain.names, sealedName)]))
}
