import type { Aor } from '#shared/model/ids.ts'
import type { HeardNotesPort } from './heads/heads-ports.ts'
import {
  parseReplication,
  serializeReplication,
  settingKey,
  switchedOff,
  type ReplicaSettings,
} from './replication-record.ts'
import type { FaultNotesPort, ReplicaSettingsPort } from './service-ports.ts'

/** What is remembered of every account's replication, in the settings of the encrypted history. */
export class ReplicationSettings {
  readonly #port: ReplicaSettingsPort
  #accounts: ReadonlyMap<Aor, ReplicaSettings> = new Map()

  constructor(port: ReplicaSettingsPort) {
    this.#port = port
  }

  async load(): Promise<void> {
    this.#accounts = parseReplication(await this.#port.setting(settingKey))
  }

  of(account: Aor): ReplicaSettings {
    return this.#accounts.get(account) ?? switchedOff
  }

  notesOf(account: Aor): HeardNotesPort & FaultNotesPort {
    return {
      noteFound: async (keys, at) => {
        const settings = this.of(account)
        const fresh = keys.filter((key) => settings.found[key] === undefined)
        if (fresh.length === 0) return
        const found = { ...settings.found, ...Object.fromEntries(fresh.map((key) => [key, at])) }
        await this.set(account, { ...settings, found })
      },
      known: () => {
        const { heard, confirmed } = this.of(account)
        return { heard, confirmed }
      },
      keep: ({ heard, confirmed }) => this.set(account, { ...this.of(account), heard, confirmed }),
    }
  }

  /** Null forgets the account. Resolves when it is durable. */
  async set(account: Aor, settings: ReplicaSettings | null): Promise<void> {
    const accounts = new Map(this.#accounts)
    if (settings === null) accounts.delete(account)
    else accounts.set(account, settings)
    this.#accounts = accounts
    await this.#port.setSetting(settingKey, accounts.size === 0 ? null : serializeReplication(accounts))
  }
}
