import { PhoneOff } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { ProgressBar } from 'react-aria-components'
import { errorText } from '#renderer/i18n/error-text.ts'
import { type Translate, useT } from '#renderer/i18n/i18n.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner, Track, Working } from '#renderer/ui/Feedback.tsx'
import { endSentence } from '../calls/call-words.ts'
import { type EchoFailure, type EchoTest, type EchoTestState, testSeconds } from './echo-test.ts'
import { FocusKept } from './FocusKept.tsx'
import { EchoFigures, EchoReport } from './EchoReport.tsx'

interface ProgressProps {
  readonly state: EchoTestState
  readonly test: EchoTest
  readonly peer: string
}

/** Where the test stands, in words and figures. */
export function EchoProgress({ state, test, peer }: ProgressProps) {
  const t = useT()
  const place = useRef<HTMLDivElement>(null)
  // What the user waits for must be seen, also in a small window.
  useEffect(() => {
    if (state.kind !== 'idle') place.current?.scrollIntoView({ block: 'nearest' })
  }, [state.kind])
  return (
    <div ref={place} className="flex flex-col gap-3">
      <span role="status" className="sr-only">
        {state.kind === 'calling' && t('callTest.calling', { peer })}
        {state.kind === 'measuring' && t('callTest.measuring', { seconds: testSeconds })}
      </span>
      {(state.kind === 'calling' || state.kind === 'measuring') && <Running state={state} test={test} peer={peer} />}
      {state.kind === 'asking' && (
        <Banner
          icon={PhoneOff}
          tone="warn"
          role="alert"
          actions={
            <>
              <Button size="small" onPress={() => void test.start(state.target, true)}>
                {t('address.callAnyway')}
              </Button>
              <Button size="small" autoFocus onPress={() => test.cancel()}>
                {t('app.cancel')}
              </Button>
            </>
          }
        >
          {t('callTest.address-would-show', { peer })}
        </Banner>
      )}
      {state.kind === 'done' && <EchoReport result={state.result} seconds={state.seconds} />}
      {state.kind === 'failed' && (
        <Banner icon={PhoneOff} tone="danger" role="alert">
          {failureWords(t, state.why, peer)}
        </Banner>
      )}
    </div>
  )
}

function Running({ state, test, peer }: ProgressProps) {
  const t = useT()
  const done = state.kind === 'measuring' ? Math.min(state.seconds.length, testSeconds) : 0
  const label =
    state.kind === 'calling' ? t('callTest.calling', { peer }) : t('callTest.progress', { done, testSeconds })
  return (
    <div className="flex flex-col gap-3">
      {state.kind === 'calling' ? (
        <Working label={label} />
      ) : (
        <ProgressBar aria-label={label} value={done} maxValue={testSeconds} className="flex flex-col gap-1.5">
          {({ percentage = 0 }) => (
            <>
              <span className="text-sm text-soft tabular-nums">{label}</span>
              <Track percent={percentage} className="h-1.5 w-full overflow-hidden" />
            </>
          )}
        </ProgressBar>
      )}
      <FocusKept>
        <Button onPress={() => test.cancel()}>{t('callTest.cancel')}</Button>
      </FocusKept>
      {state.kind === 'measuring' && (
        <>
          <p className="text-sm text-soft">{t('callTest.speak')}</p>
          <EchoFigures seconds={state.seconds} />
        </>
      )}
    </div>
  )
}

function failureWords(t: Translate, why: EchoFailure, peer: string): string {
  if (why.kind === 'error') return errorText(t, why.code, why.params)
  if (why.kind === 'ended') return endSentence(t, { ...why.view, peerName: peer })
  return t(why.kind === 'no-answer' ? 'callTest.noAnswer' : 'callTest.nothingHeard', { peer })
}
