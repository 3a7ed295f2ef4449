/** What the settings remember of replication: which accounts replicate, where, and which faults the user has read about. */
import { z } from 'zod'
import { spkiPin } from '#shared/bytes/schemas.ts'
import type { Aor } from '#shared/model/ids.ts'

const address = z.object({
  host: z.string().min(1).max(253),
  port: z.number().int().min(1).max(65_535),
  /** Of its key, where the invitation named it and no authority vouches for it. */
  spkiPins: z.array(spkiPin).readonly().default([]),
})

const account = z.object({
  on: z.boolean(),
  /** Where the user said; null = the account's own server. */
  server: address.nullable(),
  dismissed: z.array(z.string()),
  found: z.record(z.string(), z.number()),
  /** When contacts and the like were pushed anew, ms. */
  refreshedAt: z.number(),
  /** Of heads that came directly, by device: the time of the newest, and of the newest that everything is here of, ms. */
  heard: z.record(z.string(), z.number()).default({}),
  confirmed: z.record(z.string(), z.number()).default({}),
})

const file = z.object({ version: z.literal(1), accounts: z.record(z.string(), account) })

export type ReplicaSettings = z.output<typeof account>
export const settingKey = 'replication'

export const switchedOff: ReplicaSettings = {
  ...{ on: false, server: null, dismissed: [], found: {}, refreshedAt: 0 },
  ...{ heard: {}, confirmed: {} },
}

/** @throws on anything but what {@link serializeReplication} wrote. */
export function parseReplication(json: string | null): ReadonlyMap<Aor, ReplicaSettings> {
  if (json === null) return new Map()
  const { accounts } = file.parse(JSON.parse(json))
  return new Map(Object.entries(accounts).map(([aor, settings]) => [aor as Aor, settings]))
}

export function serializeReplication(accounts: ReadonlyMap<Aor, ReplicaSettings>): string {
  return JSON.stringify({ version: 1, accounts: Object.fromEntries(accounts) })
}
