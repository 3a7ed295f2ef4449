import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { AccountId } from '#shared/model/ids.ts'
import type { ChainBranchView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { paperWordsOf } from '#renderer/stores/paper-words.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Field } from '#renderer/ui/Field.tsx'

/** Properties of {@link PickBranch}. */
export interface PickBranchProps {
  readonly accountId: AccountId
  readonly branch: ChainBranchView
  readonly title: string
  readonly onClose: () => void
}

/** The question before one version counts; where no device may say so alone, with the paper secret. */
export function PickBranch({ accountId, branch, title, onClose }: PickBranchProps) {
  const t = useT()
  const [words, setWords] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const { key, mayPick, hasOwn } = branch

  async function pick(): Promise<void> {
    setBusy(true)
    setError(null)
    const typed = paperWordsOf(words)
    setWords('')
    const reply = mayPick
      ? await attempt('devices.pickBranch', { accountId, branch: key, words: null })
      : await withSecret(typed, (bytes) => attempt('devices.pickBranch', { accountId, branch: key, words: bytes }))
    setBusy(false)
    if (reply.ok) onClose()
    else setError(errorText(t, reply.code, reply.params))
  }

  return (
    <Dialog title={title} closeLabel={t('app.close')} role="alertdialog" onClose={busy ? () => undefined : onClose}>
      <Form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          if (!busy && (mayPick || words.trim() !== '')) void pick()
        }}
      >
        <p>{t('devices.fork.pickText')}</p>
        {!hasOwn && <p className="font-medium text-warn">{t('devices.fork.withoutOwn')}</p>}
        {!mayPick && (
          <>
            <p>{t('devices.fork.paperText')}</p>
            <Field
              label={t('unlock.paper')}
              hint={t('unlock.paperHint')}
              type="password"
              value={words}
              onChange={setWords}
              autoFocus
              maxLength={1000}
              autoComplete="off"
              revealLabel={t('onboarding.showPassphrase')}
            />
          </>
        )}
        {error !== null && (
          <p role="alert" className="text-sm text-danger">
            {error}
          </p>
        )}
        <DialogActions>
          <Button autoFocus={mayPick} isDisabled={busy} onPress={onClose}>
            {t('app.cancel')}
          </Button>
          <Button
            type="submit"
            variant="primary"
            isDisabled={!mayPick && words.trim() === ''}
            pendingText={busy ? t('devices.fork.picking') : undefined}
          >
            {t('devices.fork.pickAction')}
          </Button>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
