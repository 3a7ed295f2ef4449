import { useEffect, useState } from 'react'
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import { difference, rate } from '#renderer/media/stats.ts'
import { twoMinutes } from '#renderer/media/ring.ts'
import { attempt } from '#renderer/stores/actions.ts'

const everyMs = 1000

/** What the network did in one second. */
export interface NetworkSample {
  readonly view: CallNetworkView
  readonly kbitUp: number | null
  readonly kbitDown: number | null
}

/** The last two minutes as the gateway counts them, asked for only while they are shown. */
export function useNetwork(id: CallId): readonly NetworkSample[] {
  const [samples, setSamples] = useState<readonly NetworkSample[]>([])
  useEffect(() => {
    let gone = false
    let waiting = false
    const ask = async (): Promise<void> => {
      if (waiting) return
      waiting = true
      const reply = await attempt('calls.network', { callId: id })
      waiting = false
      const view = reply.ok ? reply.value : null
      if (!gone && view !== null) setSamples((before) => appendSample(before, view))
    }
    void ask()
    const timer = setInterval(() => void ask(), everyMs)
    return () => {
      gone = true
      clearInterval(timer)
    }
  }, [id])
  return samples
}

/** Adds a view and what happened since the one before; pure. */
export function appendSample(samples: readonly NetworkSample[], view: CallNetworkView): readonly NetworkSample[] {
  const before = samples.at(-1)?.view
  const elapsed = before === undefined ? 0 : view.at - before.at
  const sample: NetworkSample = {
    view,
    kbitUp: rate(difference(before?.bytesSent, view.bytesSent), elapsed),
    kbitDown: rate(difference(before?.bytesReceived, view.bytesReceived), elapsed),
  }
  return [...samples.slice(1 - twoMinutes), sample]
}
