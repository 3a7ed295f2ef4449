import { useCallback, useEffect, useState } from 'react'
import type { HoldingsView } from '#shared/model/holdings.ts'
import { ask } from '#renderer/stores/actions.ts'

/** What is held, counted when the page opens and whenever it is asked for; null until the first count is there. */
export function useHoldings(): {
  readonly view: HoldingsView | null
  readonly counting: boolean
  /** Counts again, and resolves with what was found. */
  readonly recount: () => Promise<HoldingsView | null>
} {
  const [view, setView] = useState<HoldingsView | null>(null)
  const [counting, setCounting] = useState(true)
  const recount = useCallback(async () => {
    setCounting(true)
    const found = await ask('holdings.view', {})
    setCounting(false)
    if (found !== null) setView(found)
    return found
  }, [])
  useEffect(() => {
    void Promise.resolve().then(recount)
  }, [recount])
  return { view, counting, recount }
}
