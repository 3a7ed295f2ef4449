import { ShieldCheck, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { AccountId } from '#shared/model/ids.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner, Working } from '#renderer/ui/Feedback.tsx'
import { PaperSecretCheck } from './PaperSecretCheck.tsx'

type Stage =
  | { readonly kind: 'offer' | 'loading' | 'confirmed' }
  | { readonly kind: 'shown'; readonly words: readonly string[] }
  | { readonly kind: 'check'; readonly count: number }

/** Offers the paper secret, shows it, and checks it by typing three of its words back. */
export function PaperSecret(props: {
  readonly accountId: AccountId
  readonly onDone: () => void
  readonly onLater: () => void
}) {
  const { accountId, onDone, onLater } = props
  const t = useT()
  const [stage, setStage] = useState<Stage>({ kind: 'offer' })
  const [error, setError] = useState<string | null>(null)

  async function show(): Promise<void> {
    setStage({ kind: 'loading' })
    setError(null)
    const reply = await attempt('identity.showPaperSecret', { accountId })
    if (!reply.ok) {
      setError(errorText(t, reply.code, reply.params))
      setStage({ kind: 'offer' })
      return
    }
    const words = new TextDecoder().decode(reply.value).trim().split(/\s+/u)
    reply.value.fill(0)
    setStage({ kind: 'shown', words })
  }

  if (stage.kind === 'check') {
    return (
      <PaperSecretCheck
        accountId={accountId}
        count={stage.count}
        onConfirmed={() => setStage({ kind: 'confirmed' })}
        onShowAgain={() => void show()}
        onLater={onLater}
      />
    )
  }
  if (stage.kind === 'confirmed') {
    return (
      <div className="flex flex-col gap-4">
        <Banner icon={ShieldCheck} tone="tint" role="status">
          {t('paper.confirmed')}
        </Banner>
        <Button variant="primary" onPress={onDone} autoFocus>
          {t('app.done')}
        </Button>
      </div>
    )
  }
  return (
    <div className="flex flex-col gap-4">
      <p>{t('paper.lead')}</p>
      <p className="text-sm text-soft">{t('paper.scope')}</p>
      {error !== null && (
        <p role="alert" className="text-sm text-danger">
          {error}
        </p>
      )}
      {stage.kind === 'loading' && <Working label={t('paper.loading')} />}
      {stage.kind === 'shown' && <Words words={stage.words} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button variant="quiet" onPress={onLater}>
          {t('paper.later')}
        </Button>
        {stage.kind === 'shown' ? (
          <Button variant="primary" onPress={() => setStage({ kind: 'check', count: stage.words.length })}>
            {t('paper.iWroteThem')}
          </Button>
        ) : (
          <Button variant="primary" onPress={() => void show()} isDisabled={stage.kind === 'loading'}>
            {t('paper.show')}
          </Button>
        )}
      </div>
    </div>
  )
}

function Words({ words }: { readonly words: readonly string[] }) {
  const t = useT()
  return (
    <>
      <ol
        aria-label={t('paper.words')}
        className="grid grid-cols-2 gap-x-4 gap-y-1 rounded-xl border border-line bg-sunken p-4 font-mono text-sm min-[26rem]:grid-cols-3"
      >
        {words.map((word, index) => (
          <li key={index} className="flex gap-2">
            <span aria-hidden className="w-6 text-end text-soft">
              {index + 1}
            </span>
            <span className="font-medium">{word}</span>
          </li>
        ))}
      </ol>
      <Banner icon={TriangleAlert} tone="warn">
        {t('paper.never')}
      </Banner>
    </>
  )
}
