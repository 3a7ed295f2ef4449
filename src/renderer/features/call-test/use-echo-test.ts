import { useEffect, useState } from 'react'
import type { BridgeReply } from '#shared/bridge/api.ts'
import { parseAor } from '#shared/model/aor.ts'
import type { CallId } from '#shared/model/calls.ts'
import { mediaEngine } from '#renderer/media/current-engine.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { callsNow, onCalls, setTestedCall } from '#renderer/stores/call-store.ts'
import { EchoTest, type EchoTarget, type EchoTestPorts, type EchoTestState } from './echo-test.ts'

async function place({ accountId, peer }: EchoTarget, showAddress: boolean): Promise<BridgeReply<CallId>> {
  const address = parseAor(peer)
  if (!address.ok) return { ok: false, code: address.error, params: {} }
  const started = await attempt('conversations.start', { accountId, peer })
  if (!started.ok) return started
  return attempt('calls.place', {
    conversationId: started.value,
    video: false,
    ...(showAddress ? { showAddress } : {}),
  })
}

const ports: Omit<EchoTestPorts, 'changed'> = {
  place,
  finish: async (callId) => {
    await attempt('calls.end', { callId })
    await attempt('calls.dismiss', { callId })
  },
  calls: callsNow,
  onCalls,
  network: async (callId) => {
    const reply = await attempt('calls.network', { callId })
    return reply.ok ? reply.value : null
  },
  watch: (id) =>
    mediaEngine()
      ?.series(id)
      .watch(() => undefined) ?? (() => undefined),
  newest: (id) => mediaEngine()?.series(id).samples.at(-1) ?? null,
  tested: setTestedCall,
}

/** The test of the page; leaving the page hangs up. */
export function useEchoTest(): { readonly state: EchoTestState; readonly test: EchoTest } {
  const [state, setState] = useState<EchoTestState>({ kind: 'idle' })
  const [test] = useState(() => new EchoTest({ ...ports, changed: setState }))
  useEffect(() => () => test.cancel(), [test])
  return { state, test }
}
