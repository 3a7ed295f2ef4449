import { useEffect } from 'react'
import type { ConversationId } from '#shared/model/ids.ts'
import { perform } from '#renderer/stores/actions.ts'
import { accountNow } from '#renderer/stores/app-store.ts'
import {
  acceptCall,
  callsNow,
  currentCall,
  endCall,
  isHeldHere,
  isRunning,
  placeCall,
  setHeld,
} from '#renderer/stores/call-store.ts'
import { conversationsNow } from '#renderer/stores/conversation-store.ts'
import { mainViewNow } from '#renderer/stores/screen-store.ts'
import { conversationName } from '../conversations/ConversationRow.tsx'
import { whyNoCall } from './CallButtons.tsx'

function answer(): void {
  const ringing = callsNow().find((view) => view.phase === 'incoming')
  if (ringing !== undefined) void acceptCall(ringing, false)
}

/** What rings is declined before what runs is ended. */
function hangUp(): void {
  const calls = callsNow()
  const view = calls.find((one) => one.phase === 'incoming') ?? currentCall(calls)
  if (view !== undefined) endCall(view)
}

function mute(): void {
  const view = currentCall(callsNow())
  if (view !== undefined) void perform('calls.setMuted', { callId: view.id, muted: !view.muted })
}

function camera(): void {
  const view = currentCall(callsNow())
  if (view?.phase !== 'active' || view.held !== 'no') return
  void perform('calls.setCamera', { callId: view.id, on: !view.camera })
}

function hold(): void {
  const view = currentCall(callsNow())
  if (view?.phase === 'active') void setHeld(view, !isHeldHere(view))
}

function call(id: ConversationId, video: boolean): void {
  const conversation = conversationsNow().find((one) => one.id === id)
  if (conversation === undefined) return
  const connected = accountNow(conversation.accountId)?.connection.kind === 'registered'
  const inCall = callsNow().some((view) => view.conversationId === id && isRunning(view))
  if (whyNoCall(conversation.policy, connected, inCall) !== null) return
  void placeCall({ conversationId: id, name: conversationName(conversation), video })
}

const withControlShift: Readonly<Record<string, () => void>> = {
  a: answer,
  h: hangUp,
  s: mute,
  p: camera,
  l: hold,
}

function actionOf(event: KeyboardEvent): (() => void) | null {
  if (!event.shiftKey) return null
  const control = event.ctrlKey || event.metaKey
  if (control && !event.altKey) {
    return callsNow().length === 0 ? null : (withControlShift[event.key.toLowerCase()] ?? null)
  }
  return event.altKey && !control ? placing(event.code) : null
}

/** The key's place counts: Option makes another letter of it. */
function placing(code: string): (() => void) | null {
  if (code !== 'KeyC' && code !== 'KeyV') return null
  const main = mainViewNow()
  const behindDialog = document.querySelector('[role="dialog"], [role="alertdialog"]') !== null
  return main.kind === 'conversation' && !behindDialog ? () => call(main.id, code === 'KeyV') : null
}

/** The shortcuts of calls work everywhere, also behind a dialog: a call does not wait. Calling somebody does. */
export function useCallShortcuts(): void {
  useEffect(() => {
    const handle = (event: KeyboardEvent): void => {
      if (event.repeat) return
      const action = actionOf(event)
      if (action === null) return
      event.preventDefault()
      event.stopPropagation()
      action()
    }
    window.addEventListener('keydown', handle, true)
    return () => window.removeEventListener('keydown', handle, true)
  }, [])
}
