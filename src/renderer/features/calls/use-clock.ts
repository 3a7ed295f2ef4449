import { useEffect, useState } from 'react'

/** Milliseconds since a moment, counted while it is shown; null before the moment. */
export function useElapsed(since: number | null, until: number | null = null): number | null {
  const [now, setNow] = useState(() => new Date().getTime())
  useEffect(() => {
    if (since === null || until !== null) return
    const update = (): void => setNow(new Date().getTime())
    update()
    const timer = setInterval(update, 1000)
    return () => clearInterval(timer)
  }, [since, until])
  return since === null ? null : (until ?? now) - since
}
