import { useEffect } from 'react'
import type { CallView } from '#shared/model/calls.ts'
import type { ConversationView } from '#shared/model/views.ts'
import { playTone } from '#renderer/media/tone-player.ts'
import type { Tone } from '#renderer/media/tones.ts'
import { useSettings } from '#renderer/stores/app-store.ts'
import { currentCall, useCalls } from '#renderer/stores/call-store.ts'
import { useConversations } from '#renderer/stores/conversation-store.ts'

/** What is heard now: ringing, knocking during a call, or that it rings on the other side; pure. */
export function toneFor(calls: readonly CallView[], conversations: readonly ConversationView[]): Tone | null {
  const muted = new Set(conversations.filter((one) => one.muted).map((one) => one.id))
  const rings = calls.some((view) => view.phase === 'incoming' && !muted.has(view.conversationId))
  const current = currentCall(calls)
  if (rings) return current === undefined ? 'incoming' : 'waiting'
  // What the other side plays before it answers is heard instead.
  return current?.phase === 'ringing' && !current.earlyMedia ? 'ringback' : null
}

/** Rings, and stops at once. */
export function useRinging(): void {
  const tone = toneFor(useCalls(), useConversations())
  const speaker = useSettings()?.speaker ?? ''
  useEffect(() => (tone === null ? undefined : playTone(tone, speaker)), [tone, speaker])
}
