import type { CallView } from '#shared/model/calls.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { cx } from '#renderer/ui/cx.ts'
import { callName, clockTime, phaseWords, phaseWordsShort } from './call-words.ts'
import { useElapsed } from './use-clock.ts'

/** The state of a call in words, then the clock; `short` where the name stands beside it. */
export function CallState({ view, short = false }: { readonly view: CallView; readonly short?: boolean }) {
  const t = useT()
  const words = (short ? phaseWordsShort(t, view) : phaseWords(t, view)) ?? t('call.phase.active')
  return (
    <span className={cx('flex items-baseline gap-2', short ? 'shrink-0' : 'min-w-0')}>
      <span className={short ? 'whitespace-nowrap' : 'min-w-0 wrap-anywhere'}>{words}</span>
      {view.connectedAt !== null && <CallClock view={view} />}
    </span>
  )
}

/** How long people have been talking; drawn again every second, and nothing else with it. */
export function CallClock({ view }: { readonly view: CallView }) {
  const t = useT()
  const elapsed = useElapsed(view.connectedAt, view.endedAt)
  if (elapsed === null) return null
  const time = clockTime(elapsed)
  return (
    <span className="shrink-0 tabular-nums" role="timer" aria-label={t('call.duration', { time })}>
      {time}
    </span>
  )
}

/** Says each change of state once, politely. */
export function CallAnnouncer({ view }: { readonly view: CallView }) {
  const t = useT()
  const name = callName(t, view)
  const words = phaseWords(t, view) ?? t('call.phase.active')
  return (
    <span className="sr-only" aria-live="polite">
      {`${t('call.with', { name })}: ${words}${view.muted ? `. ${t('call.yourMute')}` : ''}`}
    </span>
  )
}
