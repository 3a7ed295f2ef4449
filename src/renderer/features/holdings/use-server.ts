import { useEffect, useState } from 'react'
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { ServerHoldings } from '#shared/model/holdings.ts'
import type { AccountView } from '#shared/model/views.ts'
import { attempt } from '#renderer/stores/actions.ts'

/** What the account's server says it holds, asked when it is first shown; null until it answered. */
export function useServer({ id }: Pick<AccountView, 'id'>): BridgeReply<ServerHoldings> | null {
  const [reply, setReply] = useState<BridgeReply<ServerHoldings> | null>(null)
  useEffect(() => {
    let stale = false
    void attempt('holdings.server', { accountId: id }).then((answer) => {
      if (!stale) setReply(answer)
    })
    return () => {
      stale = true
    }
  }, [id])
  return reply
}
