/** What the user asks for. Nothing here changes what the screen shows by itself: main announces what became of it. */
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { BridgeArgs, BridgeResult } from '#shared/bridge/table.ts'
import type { BridgeName } from '#shared/bridge/table.ts'
import { call } from '../bridge/client.ts'
import { pushNotice } from './screen-store.ts'

export { withSecret } from '../bridge/client.ts'

/** Asks main and shows a failure as a notice; null on failure. */
export async function ask<N extends BridgeName>(name: N, args: BridgeArgs<N>): Promise<BridgeResult<N> | null> {
  const reply = await call(name, args)
  if (reply.ok) return reply.value
  pushNotice(reply.code, reply.params)
  return null
}

/** As {@link ask}, for methods without a result: whether it worked. */
export async function perform<N extends BridgeName>(name: N, args: BridgeArgs<N>): Promise<boolean> {
  const reply = await call(name, args)
  if (!reply.ok) pushNotice(reply.code, reply.params)
  return reply.ok
}

/** Asks main and leaves the failure to the caller, who has a field to show it at. */
export function attempt<N extends BridgeName>(name: N, args: BridgeArgs<N>): Promise<BridgeReply<BridgeResult<N>>> {
  return call(name, args)
}
