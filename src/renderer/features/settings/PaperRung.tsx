import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { AccountView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, perform, withSecret } from '#renderer/stores/actions.ts'
import { showDialog } from '#renderer/stores/screen-store.ts'
import { paperWordsOf } from '#renderer/stores/paper-words.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { PaperWordsField } from '../onboarding/PaperWordsField.tsx'

interface PaperRungProps {
  readonly account: AccountView
  /** Whether its paper secret unlocks. */
  readonly unlocks: boolean
  readonly onChanged: () => void
}

/** The paper secret of one account as a way to unlock. */
export function PaperRung({ account, unlocks, onChanged }: PaperRungProps) {
  const t = useT()
  const [adding, setAdding] = useState(false)
  const confirmed = account.paperSecret === 'confirmed'
  return (
    <div className="flex flex-wrap items-center justify-between gap-2 py-2.5">
      <span className="min-w-0">
        {t('storage.paperSecret')}
        <span className="ms-2 text-sm text-soft">{unlocks ? t('storage.set') : t('storage.notSet')}</span>
        <bdi className="block text-sm wrap-anywhere text-soft selectable">{displayAor(account.aor)}</bdi>
      </span>
      {!confirmed && (
        <Button size="small" onPress={() => showDialog({ kind: 'paper-secret', accountId: account.id })}>
          {t('storage.showPaper')}
        </Button>
      )}
      {confirmed && !unlocks && (
        <Button size="small" onPress={() => setAdding(true)}>
          {t('storage.addPaper')}
        </Button>
      )}
      {confirmed && unlocks && <RemovePaper account={account} onChanged={onChanged} />}
      {adding && (
        <AddPaper
          account={account}
          onClose={(changed) => {
            setAdding(false)
            if (changed) onChanged()
          }}
        />
      )}
    </div>
  )
}

function RemovePaper({ account, onChanged }: Pick<PaperRungProps, 'account' | 'onChanged'>) {
  const t = useT()
  const [asking, setAsking] = useState(false)
  const close = (): void => setAsking(false)
  return (
    <>
      <Button size="small" onPress={() => setAsking(true)}>
        {t('storage.removePaper')}
      </Button>
      {asking && (
        <Dialog title={t('storage.removePaper')} closeLabel={t('app.close')} role="alertdialog" onClose={close}>
          <p>{t('storage.removePaperText')}</p>
          <DialogActions>
            <Button autoFocus onPress={close}>
              {t('app.cancel')}
            </Button>
            <Button
              variant="danger"
              onPress={() => {
                close()
                void perform('keys.removePaperSecret', { accountId: account.id }).then(onChanged)
              }}
            >
              {t('storage.removePaper')}
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </>
  )
}

function AddPaper({
  account,
  onClose,
}: {
  readonly account: AccountView
  readonly onClose: (changed: boolean) => void
}) {
  const t = useT()
  const [words, setWords] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)

  async function add(): Promise<void> {
    setBusy(true)
    setError(null)
    const typed = paperWordsOf(words)
    setWords('')
    const reply = await withSecret(typed, (bytes) =>
      attempt('keys.addPaperSecret', { accountId: account.id, words: bytes }),
    )
    setBusy(false)
    if (reply.ok) onClose(true)
    else setError(errorText(t, reply.code, reply.params))
  }

  return (
    <Dialog title={t('storage.addPaper')} closeLabel={t('app.close')} onClose={() => onClose(false)}>
      <Form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          if (words.trim() !== '' && !busy) void add()
        }}
      >
        <p className="text-sm text-soft">{t('storage.addPaperText')}</p>
        <PaperWordsField value={words} onChange={setWords} error={error} autoFocus />
        {busy && <Working label={t('storage.saving')} />}
        <DialogActions>
          <Button onPress={() => onClose(false)}>{t('app.cancel')}</Button>
          <Button type="submit" variant="primary" isDisabled={busy || words.trim() === ''}>
            {t('storage.addPaper')}
          </Button>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
