import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { AccountId } from '#shared/model/ids.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { pickPositions, randomUint32 } from './paper-positions.ts'

/** Properties of {@link PaperSecretCheck}. */
export interface PaperSecretCheckProps {
  readonly accountId: AccountId
  readonly count: number
  readonly onConfirmed: () => void
  readonly onShowAgain: () => void
  readonly onLater: () => void
}

/** Three of the words, typed back from the paper. */
export function PaperSecretCheck({ accountId, count, onConfirmed, onShowAgain, onLater }: PaperSecretCheckProps) {
  const t = useT()
  const [positions] = useState(() => pickPositions(count, 3, randomUint32))
  const [words, setWords] = useState<readonly string[]>(() => positions.map(() => ''))
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)

  async function check(): Promise<void> {
    setBusy(true)
    setError(null)
    const typed = words.map((word) => word.trim().toLowerCase()).join(' ')
    const reply = await withSecret(typed.normalize('NFKC'), (bytes) =>
      attempt('identity.confirmPaperSecret', { accountId, positions: [...positions], words: bytes }),
    )
    setBusy(false)
    if (!reply.ok) setError(errorText(t, reply.code, reply.params))
    else if (reply.value.confirmed) onConfirmed()
    else setError(t('paper.wrong'))
  }

  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (!busy && words.every((word) => word.trim() !== '')) void check()
      }}
    >
      <h3 className="font-semibold">{t('paper.checkTitle')}</h3>
      <p className="text-sm text-soft">{t('paper.checkLead')}</p>
      {positions.map((position, index) => (
        <Field
          key={position}
          label={t('paper.wordNumber', { number: position + 1 })}
          value={words[index] ?? ''}
          onChange={(word) => setWords(words.with(index, word))}
          autoComplete="off"
          autoFocus={index === 0}
          maxLength={40}
          mono
        />
      ))}
      {error !== null && (
        <p role="alert" className="text-sm text-danger">
          {error}
        </p>
      )}
      <div className="flex flex-wrap justify-end gap-2 pt-1">
        <Button variant="quiet" onPress={onLater}>
          {t('paper.later')}
        </Button>
        <Button onPress={onShowAgain}>{t('paper.showAgain')}</Button>
        <Button
          type="submit"
          variant="primary"
          isDisabled={words.some((word) => word.trim() === '')}
          pendingText={busy ? t('paper.checking') : undefined}
        >
          {t('paper.check')}
        </Button>
      </div>
    </Form>
  )
}
