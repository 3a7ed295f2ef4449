import { Fragment } from 'react'
import type { CallView } from '#shared/model/calls.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { isRunning, useShownCalls } from '#renderer/stores/call-store.ts'
import { openConversation, useMainView } from '#renderer/stores/screen-store.ts'
import { HangUpButton, HoldButton, MuteButton } from './CallControls.tsx'
import { CallAnnouncer, CallState } from './CallState.tsx'
import { callName } from './call-words.ts'
import { EndedCall } from './EndedCall.tsx'
import { ReadersMark } from './Readers.tsx'
import { Referral } from './Referral.tsx'

/** Calls whose conversation is not on screen: a line each, and the way back. */
export function CallBars() {
  const t = useT()
  const main = useMainView()
  const elsewhere = useShownCalls().filter(
    (view) => view.phase !== 'incoming' && !(main.kind === 'conversation' && main.id === view.conversationId),
  )
  if (elsewhere.length === 0) return null
  // What runs can still be done something about.
  const [running, over] = [elsewhere.filter(isRunning), elsewhere.filter((view) => !isRunning(view))]
  return (
    <section aria-label={t('call.calls')} data-pane="calls" className="shrink-0">
      {running.map((view) => (
        <Fragment key={view.id}>
          <CallBar view={view} />
          {view.referral !== null && (
            <div className="border-b border-line bg-panel p-2">
              <Referral view={view} />
            </div>
          )}
        </Fragment>
      ))}
      {over.map((view) => (
        <EndedCall key={view.id} view={view} />
      ))}
    </section>
  )
}

function CallBar({ view }: { readonly view: CallView }) {
  const t = useT()
  const name = callName(t, view)
  return (
    <div className="flex items-center gap-2 border-b border-line bg-tint px-3 py-1.5">
      <CallAnnouncer view={view} />
      <button
        type="button"
        aria-label={t('call.openCall', { name })}
        onClick={() => openConversation(view.conversationId)}
        className="flex min-w-0 flex-1 items-center gap-2 rounded-lg px-1 py-0.5 text-start text-sm hover:underline"
      >
        <ReadersMark readers={view.security.readers} words={false} />
        <bdi className="truncate font-semibold">{name}</bdi>
        <CallState view={view} short />
      </button>
      <MuteButton view={view} size="small" />
      <HoldButton view={view} size="small" />
      <HangUpButton view={view} size="small" />
    </div>
  )
}
