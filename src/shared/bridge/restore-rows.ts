/** Rows of the bridge about getting an account back from its paper secret. */
import { z } from 'zod'
import type { RestoreAnswer } from '../model/replication-views.ts'
import { method } from './method.ts'
import { aor, secretBytes } from './schema.ts'

export const restoreRows = {
  /** Resolves when identity and keys are here; the history follows as replication shows it. */
  'restore.begin': method<RestoreAnswer>()(
    z.object({
      aor,
      displayName: z.string().max(80),
      /** Of the paper secret, UTF-8. */
      words: secretBytes,
      /** Null where nobody knows it any more: the history comes all the same. */
      password: secretBytes.nullable(),
      /** Key of the version of the list of devices that counts, where the answer before had two; null = none was picked. */
      branch: z
        .string()
        .regex(/^[A-Za-z0-9_-]{43}$/)
        .nullable(),
      /** `host:port` of the account's replica; null = the home server of this computer. */
      replica: z.string().max(300).nullable(),
      transport: z.enum(['wss', 'ws', 'tls', 'tcp', 'udp']).nullable(),
      /** As for `accounts.add`; of no account of a home server. */
      server: z.string().max(400).nullable(),
    }),
    true,
  ),
  /** As long as the server has not got this device. */
  'restore.cancel': method<void>()(z.object({})),
} as const
