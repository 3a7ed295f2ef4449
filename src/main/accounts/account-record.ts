import { z } from 'zod'
import { callPolicy } from '#shared/bridge/call-rows.ts'
import { aor as aorSchema } from '#shared/bridge/schema.ts'
import { spkiPin } from '#shared/bytes/schemas.ts'
import type { AccountId } from '#shared/model/ids.ts'

/** TURN server of an account, `host:port`; the password is empty until it is given. */
const relay = z.object({ server: z.string(), username: z.string(), password: z.string() })

const record = z.object({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{22}$/)
    .transform((text) => text as AccountId),
  aor: aorSchema,
  displayName: z.string().max(80),
  enabled: z.boolean(),
  transport: z.enum(['wss', 'ws', 'tls', 'tcp', 'udp']),
  server: z.string().nullable(),
  msrpRelay: z.string().nullable(),
  username: z.string(),
  realm: z.string().nullable(),
  ha1Md5: z.string().nullable(),
  ha1Sha256: z.string().nullable(),
  strongest: z.enum(['MD5', 'SHA-256']).nullable(),
  instanceId: z.string(),
  extraAuthorities: z.array(z.string()),
  spkiPins: z.array(spkiPin),
  /** On the home server of this computer: started with the profile. */
  local: z.boolean(),
  sendReceipts: z.boolean(),
  sendTyping: z.boolean(),
  // Lists written before there were calls have none of these.
  callPolicy: callPolicy.default('zrtp-preferred'),
  hideAddress: z.enum(['strangers', 'everyone', 'nobody']).default('strangers'),
  relay: relay.nullable().default(null),
  /** Epoch of the replica whose key the password comes from; 0 = it was made or typed here. */
  passwordEpoch: z.number().int().min(0).default(0),
})

/** What is kept about an account, inside the encrypted history; HA1 values instead of the password. */
export type AccountRecord = z.output<typeof record>

const file = z.object({ version: z.literal(1), accounts: z.array(record).max(64) })

/** Reads the stored list; throws on anything but what {@link serializeAccounts} wrote. */
export function parseAccounts(json: string | null): readonly AccountRecord[] {
  return json === null ? [] : file.parse(JSON.parse(json)).accounts
}

/** Writes the list for the settings table. */
export function serializeAccounts(accounts: readonly AccountRecord[]): string {
  return JSON.stringify({ version: 1, accounts })
}
