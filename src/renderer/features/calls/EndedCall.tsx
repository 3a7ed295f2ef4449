import { AudioLines, PhoneMissed, PhoneOff, RotateCw, Video, X } from 'lucide-react'
import { type RefObject, useEffect, useRef } from 'react'
import type { CallView } from '#shared/model/calls.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { dismissCall, placeCall } from '#renderer/stores/call-store.ts'
import { focusComposer, openCallTest } from '#renderer/stores/screen-store.ts'
import { Button, IconButton } from '#renderer/ui/Button.tsx'
import { callName, endSentence, isCalmEnd, mayRedial, mayTest } from './call-words.ts'
import { CallClock } from './CallState.tsx'

/** An end that surprised nobody leaves the screen by itself after this long, ms: the history keeps it. */
const calmMs = 10_000

/** Why a call is over, and what one can do now. */
export function EndedCall({ view }: { readonly view: CallView }) {
  const t = useT()
  const bar = useRef<HTMLElement>(null)
  useLeaves(view, bar)
  // Hanging up took its own button away.
  useEffect(focusComposer, [])
  const name = callName(t, view)
  const Icon = view.end === 'missed' ? PhoneMissed : PhoneOff
  const dismiss = (): void => {
    bar.current?.querySelector<HTMLElement>(':focus')?.blur()
    dismissCall(view.id)
    focusComposer()
  }
  const redial = (dtls?: true): void => {
    dismissCall(view.id)
    void placeCall({ conversationId: view.conversationId, name, video: view.video, ...(dtls === true ? { dtls } : {}) })
  }
  return (
    <section
      ref={bar}
      aria-label={t('call.with', { name })}
      data-pane="call"
      className="flex shrink-0 flex-col gap-2 border-b border-line bg-panel px-3 py-2.5"
    >
      <div className="flex items-start gap-2.5">
        <Icon aria-hidden className="mt-1.5 size-4 shrink-0 text-soft" />
        <p className="min-w-0 flex-1 py-1 text-sm wrap-anywhere" role={isCalmEnd(view.end) ? 'status' : 'alert'}>
          {endSentence(t, view)} <CallClock view={view} />
        </p>
        <IconButton icon={X} label={t('app.dismiss')} size="small" onPress={dismiss} />
      </div>
      {(mayRedial(view) || view.mayRetryWithDtls) && (
        <div className="flex flex-wrap items-center gap-2 ps-6.5">
          {mayRedial(view) && (
            <Button size="small" onPress={() => redial()}>
              {view.video ? <Video aria-hidden className="size-3.5" /> : <RotateCw aria-hidden className="size-3.5" />}
              {t(view.direction === 'incoming' ? 'ended.callBack' : 'ended.redial')}
            </Button>
          )}
          {mayTest(view.end) && (
            <Button size="small" onPress={openCallTest}>
              <AudioLines aria-hidden className="size-3.5" />
              {t('callTest.open')}
            </Button>
          )}
          {view.mayRetryWithDtls && (
            <>
              <Button size="small" onPress={() => redial(true)}>
                {t('ended.tryDtls')}
              </Button>
              <p className="min-w-0 flex-1 basis-60 text-xs text-warn">{t('ended.dtlsHint')}</p>
            </>
          )}
        </div>
      )}
    </section>
  )
}

/** Goes by itself after a calm end, but never from under the focus. */
function useLeaves(view: CallView, bar: RefObject<HTMLElement | null>): void {
  const { id, end } = view
  useEffect(() => {
    if (!isCalmEnd(end)) return
    const timer = setInterval(() => {
      if (bar.current?.contains(document.activeElement) !== true) dismissCall(id)
    }, calmMs)
    return () => clearInterval(timer)
  }, [id, end, bar])
}
