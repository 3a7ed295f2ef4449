/** Rows of the bridge about replication and the devices of an account. */
import { z } from 'zod'
import type { DeviceId } from '../model/ids.ts'
import type { ErasureView, ReplicationView, ServerCopyView } from '../model/replication-views.ts'
import { method } from './method.ts'
import { accountId, secretBytes } from './schema.ts'

const deviceId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{22}$/)
  .transform((text) => text as DeviceId)

const serverQuestion = {
  accountId,
  /** `host:port` of the replica; null = the account's own server. */
  server: z.string().max(300).nullable(),
  /** For accounts whose SIP provider the replica does not know. */
  invitation: z.string().max(600).nullable(),
}

export const replicationRows = {
  'replication.list': method<readonly ReplicationView[]>()(z.object({})),
  /** Pushes the last 60 days, then everything as it happens. */
  'replication.switchOn': method<void>()(z.object(serverQuestion)),
  /** With the account's password, where its history is sealed for other devices: asks that it is erased, or only (`ask` false) how that stands. */
  'replication.askErasure': method<ErasureView>()(z.object({ ...serverQuestion, ask: z.boolean() })),
  /** As one of the account's devices: what somebody asked to be erased stays. */
  'replication.keepHistory': method<void>()(z.object({ accountId })),
  /** Ends it on this device; with `erase` the server's copy goes first, and what is left there is read back. */
  'replication.switchOff': method<ServerCopyView | null>()(z.object({ accountId, erase: z.boolean() })),
  'replication.serverCopy': method<ServerCopyView>()(z.object({ accountId })),
  /** Exchanges what there is now, also after a pause. */
  'replication.syncNow': method<void>()(z.object({ accountId })),
  /** Stops a long run until {@link replicationRows}' `syncNow` or the next start. */
  'replication.pause': method<void>()(z.object({ accountId })),
  /** The user has read about a fault. */
  'replication.dismissFault': method<void>()(z.object({ accountId, key: z.string().max(200) })),
  /** Goes on under a new device id, after this one was found to be a copy or to have been set back. */
  'replication.rejoin': method<void>()(z.object({ accountId })),
  'devices.rename': method<void>()(z.object({ accountId, deviceId, name: z.string().trim().min(1).max(80) })),
  /** Which branch of a forked list of devices counts; `words` = the paper secret as typed, null = this device's word. */
  'devices.pickBranch': method<void>()(
    z.object({ accountId, branch: z.string().regex(/^[A-Za-z0-9_-]{43}$/), words: secretBytes.nullable() }),
    true,
  ),
  /** It reads nothing new and writes nothing more. */
  'devices.revoke': method<void>()(z.object({ accountId, deviceId })),
} as const
