import { useEffect, useState } from 'react'

const left = (until: number): number => Math.max(0, Math.ceil((until - new Date().getTime()) / 1000))

/** Whole seconds until a moment, counted while it is shown. */
export function useSecondsLeft(until: number): number {
  const [seconds, setSeconds] = useState(() => left(until))
  useEffect(() => {
    const update = (): void => setSeconds(left(until))
    update()
    const timer = setInterval(update, 500)
    return () => clearInterval(timer)
  }, [until])
  return seconds
}
