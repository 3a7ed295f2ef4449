/** Settings of an account that follow the user: what is set here is said to the other own devices, what they say is set here. */
import { cleanDisplayName } from '#shared/model/display-name.ts'
import type { EntryFactory, EntryOrigin } from '#shared/model/entry-factory.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { FollowingSettings } from '#shared/model/merge-account-settings.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { Turns } from '#shared/turns.ts'
import type { HistoryReaderPort, HistoryWriterPort } from '#main/history/port.ts'
import type { AccountRecord } from './account-record.ts'
import type { Accounts } from './accounts.ts'

export interface FollowingSettingsPorts {
  readonly accounts: Pick<Accounts, 'records' | 'update'>
  readonly reader: Pick<HistoryReaderPort, 'followingSettings'>
  readonly writer: Pick<HistoryWriterPort, 'commit'>
  readonly entries: Pick<EntryFactory, 'make'>
  /** This device as the origin of what the user says; null for an account that is not there. */
  readonly origin: (account: Aor) => EntryOrigin | null
  readonly clock: Pick<ClockPort, 'now'>
  readonly log: LogPort
}

type Update = Parameters<Accounts['update']>[0]

/** As the record of an account has it, characters. */
const maxDisplayName = 80

export class FollowingAccountSettings {
  readonly #ports: FollowingSettingsPorts
  readonly #turns = new Turns()

  constructor(ports: FollowingSettingsPorts) {
    this.#ports = ports
  }

  /** Sets what other devices said while this one was not listening. */
  async start(): Promise<void> {
    await this.follow(this.#ports.accounts.records().map(({ aor }) => aor))
  }

  /** The user sets something on this device. Said first: a crash in between is made up for at the next start. */
  async update(request: Update): Promise<void> {
    const { accounts, writer, entries, origin, clock } = this.#ports
    const record = accounts.records().find(({ id }) => id === request.accountId)
    const own = record === undefined ? null : origin(record.aor)
    const said = record === undefined ? {} : saidBy(request, record)
    await this.#turns.run(async () => {
      if (own !== null && Object.keys(said).length > 0)
        await writer.commit({ entries: [entries.make(own, { kind: 'account-settings', at: clock.now(), ...said })] })
      await accounts.update(request)
    })
  }

  /** Something was said of these accounts; never rejects. */
  async follow(changed: readonly Aor[]): Promise<void> {
    for (const aor of changed) {
      await this.#turns
        .run(() => this.#follow(aor))
        .catch((error: unknown) => {
          this.#ports.log.warn('accounts.follow-failed', { error: error instanceof Error ? error.name : typeof error })
        })
    }
  }

  async #follow(aor: Aor): Promise<void> {
    const { accounts, reader } = this.#ports
    const merged = await reader.followingSettings(aor)
    const record = accounts.records().find((candidate) => candidate.aor === aor)
    const change = record === undefined ? null : changeTo(record, merged)
    if (change !== null) await accounts.update(change)
  }
}

/** Of what the user sets, what follows and is new. */
function saidBy(request: Update, record: AccountRecord): FollowingSettings {
  const { displayName: name, sendReceipts, sendTyping, callPolicy, hideAddress } = request
  const given = { name, sendReceipts, sendTyping, callPolicy, hideAddress }
  const before = settingsOf(record)
  return pick(given, (key) => given[key] !== undefined && given[key] !== before[key])
}

/** What the account has to become; null where it is so already. */
function changeTo(record: AccountRecord, merged: FollowingSettings): Update | null {
  const clean = merged.name === undefined ? {} : { name: cleanDisplayName(merged.name).slice(0, maxDisplayName) }
  const wanted: FollowingSettings = { ...merged, ...clean }
  const before = settingsOf(record)
  const { name, ...rest } = pick(wanted, (key) => wanted[key] !== undefined && wanted[key] !== before[key])
  const change = { ...rest, ...(name === undefined ? {} : { displayName: name }) }
  return Object.keys(change).length === 0 ? null : { accountId: record.id, ...change }
}

function settingsOf({ displayName, sendReceipts, sendTyping, callPolicy, hideAddress }: AccountRecord) {
  return { name: displayName, sendReceipts, sendTyping, callPolicy, hideAddress }
}

function pick<T extends object>(values: T, isWanted: (key: keyof T) => boolean): FollowingSettings {
  return Object.fromEntries(Object.entries(values).filter(([key]) => isWanted(key as keyof T)))
}
