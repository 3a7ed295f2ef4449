import { ShieldCheck, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { CallView, CallWarning } from '#shared/model/calls.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { endCall } from '#renderer/stores/call-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner } from '#renderer/ui/Feedback.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { callName, warningSentence } from './call-words.ts'
import { sasPieces, spell, spokenSas } from './spelling.ts'

type Sas = NonNullable<CallView['security']['sas']>

const grave: ReadonlySet<CallWarning> = new Set(['secrets-differ', 'new-device', 'letters-differ', 'downgrade-blocked'])

/** Properties of {@link Warnings}. */
export interface WarningsProps {
  readonly view: CallView
  /** The grave ones stand before the question, the others after it. */
  readonly which: 'grave' | 'other'
  /** The user has just answered the question, and the focus is where it was. */
  readonly answered?: boolean
}

/** What the user must be told about the keys. */
export function Warnings({ view, which, answered = false }: WarningsProps) {
  const t = useT()
  const shown = view.security.warnings.filter((warning) => grave.has(warning) === (which === 'grave'))
  return shown.map((warning) => (
    <Banner
      key={warning}
      icon={TriangleAlert}
      tone={grave.has(warning) ? 'danger' : 'warn'}
      role={grave.has(warning) ? 'alert' : 'status'}
      actions={
        warning === 'letters-differ' && (
          <Button size="small" variant="danger" autoFocus={answered} onPress={() => endCall(view)}>
            {t('control.hangUp')}
          </Button>
        )
      }
    >
      {warningSentence(t, warning, callName(t, view))}
    </Banner>
  ))
}

/** Properties of {@link Compare}. */
export interface CompareProps {
  readonly view: CallView
  readonly answered: boolean
  readonly onAnswered: () => void
}

/** The short authentication string: what to do with it, and what the user found. */
export function Compare({ view, answered, onAnswered }: CompareProps) {
  const { sas, comparison, warnings } = view.security
  const [again, setAgain] = useState(false)
  if (sas === null || comparison === 'none' || warnings.includes('letters-differ')) return null
  const asks = comparison === 'compare' || warnings.includes('secrets-differ')
  if (!asks && !again) return <Compared view={view} answered={answered} onAgain={() => setAgain(true)} />
  return <Question view={view} sas={sas} onAnswered={onAnswered} onDone={() => setAgain(false)} />
}

function Compared(props: { readonly view: CallView; readonly answered: boolean; readonly onAgain: () => void }) {
  const { view, answered, onAgain } = props
  const t = useT()
  const { comparison, peerDeviceName: device } = view.security
  const kind = comparison === 'verified' ? 'verified' : 'remembered'
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-soft">
      <span className="flex items-center gap-1.5">
        <ShieldCheck aria-hidden className="size-4 shrink-0" />
        {device === ''
          ? t(`sas.${kind}`)
          : t(kind === 'verified' ? 'sas.verifiedDevice' : 'sas.rememberedDevice', { device })}
      </span>
      <Button size="small" variant="quiet" autoFocus={answered} onPress={onAgain}>
        {t('sas.again')}
      </Button>
    </p>
  )
}

interface QuestionProps {
  readonly view: CallView
  readonly sas: Sas
  readonly onAnswered: () => void
  readonly onDone: () => void
}

function Question({ view, sas, onAnswered, onDone }: QuestionProps) {
  const t = useT()
  const name = callName(t, view)
  const [device, setDevice] = useState(view.security.peerDeviceName)
  const answer = (equal: boolean): void => {
    onAnswered()
    void perform('calls.compared', { callId: view.id, equal, deviceName: device.trim() }).then((done) => {
      if (done) onDone()
    })
  }
  return (
    <section aria-label={t('sas.title')} className="flex flex-col gap-3 rounded-2xl border border-line bg-raised p-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Letters sas={sas} />
        <p className="min-w-0 flex-1 basis-48 text-sm">
          {t(sas.kind === 'letters' ? 'sas.doLetters' : 'sas.doWords', { name })}
        </p>
      </div>
      <div className="flex flex-wrap items-end gap-2">
        <div className="min-w-0 flex-1 basis-52">
          <Field label={t('sas.device')} value={device} onChange={setDevice} maxLength={80} autoComplete="off" />
        </div>
        {/* In one line, always: nobody shall see but one of the answers. */}
        <div className="flex flex-wrap gap-2">
          <Button onPress={() => answer(false)}>{t('sas.differ')}</Button>
          <Button variant="primary" onPress={() => answer(true)}>
            {t('sas.match')}
          </Button>
        </div>
      </div>
      <p className="text-xs text-soft">{t('sas.deviceHint')}</p>
    </section>
  )
}

/** Large and apart, each letter with the word that says it on a bad line. */
function Letters({ sas }: { readonly sas: Sas }) {
  const t = useT()
  return (
    <p className="flex flex-wrap gap-1.5 selectable" dir="ltr">
      <span className="sr-only">{t('sas.spelled', { text: spokenSas(sas) })}</span>
      {sasPieces(sas).map((piece, at) => (
        <span
          // Two letters may be the same: their place is what tells them apart.
          key={`${at} ${piece}`}
          aria-hidden
          className="flex min-w-13 flex-col items-center rounded-lg border border-line bg-sunken px-2 py-1"
        >
          <span
            className={sas.kind === 'letters' ? 'font-mono text-2xl leading-8 font-semibold' : 'text-lg font-semibold'}
          >
            {piece}
          </span>
          {sas.kind === 'letters' && <span className="text-[0.6875rem] leading-4 text-soft">{spell(piece)}</span>}
        </span>
      ))}
    </p>
  )
}
