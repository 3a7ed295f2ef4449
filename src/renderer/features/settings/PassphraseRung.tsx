import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { RungState } from '#shared/model/views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { type TextKey, useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { PassphraseFields, passphraseReady } from '../onboarding/PassphraseFields.tsx'

type Job = 'set' | 'remove'

const stateWords = {
  none: 'storage.notSet',
  set: 'storage.set',
  damaged: 'storage.passphraseDamaged',
} as const satisfies Record<RungState, TextKey>

/** Sets, changes or removes the passphrase. */
export function PassphraseRung({ state, onChanged }: { readonly state: RungState; readonly onChanged: () => void }) {
  const t = useT()
  const [job, setJob] = useState<Job | null>(null)
  const isSet = state === 'set'
  return (
    <div className="flex flex-wrap items-center justify-between gap-2 py-2.5">
      <span>
        {t('storage.passphrase')}
        <span className="ms-2 text-sm text-soft">{t(stateWords[state])}</span>
      </span>
      <span className="flex flex-wrap gap-2">
        <Button size="small" onPress={() => setJob('set')}>
          {isSet ? t('storage.changePassphrase') : t('storage.setPassphrase')}
        </Button>
        {isSet && (
          <Button size="small" onPress={() => setJob('remove')}>
            {t('storage.removePassphrase')}
          </Button>
        )}
      </span>
      {job !== null && (
        <PassphraseDialog
          job={job}
          isSet={isSet}
          onClose={(changed) => {
            setJob(null)
            if (changed) onChanged()
          }}
        />
      )}
    </div>
  )
}

async function save(job: Job, isSet: boolean, current: string, next: string) {
  const normal = (text: string): string => text.normalize('NFKC')
  return withSecret(normal(current), (currentBytes) =>
    withSecret(normal(next), (nextBytes) =>
      attempt('keys.setPassphrase', {
        current: isSet ? currentBytes : null,
        next: job === 'remove' ? null : nextBytes,
      }),
    ),
  )
}

interface PassphraseDialogProps {
  readonly job: Job
  readonly isSet: boolean
  readonly onClose: (changed: boolean) => void
}

function PassphraseDialog({ job, isSet, onClose }: PassphraseDialogProps) {
  const t = useT()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [again, setAgain] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<{ readonly at: 'current' | 'next'; readonly text: string } | null>(null)
  const ready = (!isSet || current !== '') && (job === 'remove' || passphraseReady(next, again))
  const at = (place: 'current' | 'next'): string | null => (error?.at === place ? error.text : null)

  async function submit(): Promise<void> {
    setBusy(true)
    setError(null)
    const reply = await save(job, isSet, current, next)
    setBusy(false)
    if (reply.ok) onClose(true)
    else {
      const place = job === 'remove' || reply.code === 'wrong-passphrase' ? 'current' : 'next'
      setError({ at: place, text: errorText(t, reply.code, reply.params) })
    }
  }

  const title =
    job === 'remove'
      ? t('storage.removePassphrase')
      : isSet
        ? t('storage.changePassphrase')
        : t('storage.setPassphrase')
  return (
    <Dialog title={title} closeLabel={t('app.close')} onClose={() => onClose(false)}>
      <Form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          if (ready && !busy) void submit()
        }}
      >
        {isSet && (
          <Field
            label={t('storage.current')}
            type="password"
            value={current}
            onChange={setCurrent}
            error={at('current')}
            autoFocus
            maxLength={300}
            autoComplete="current-password"
            revealLabel={t('onboarding.showPassphrase')}
          />
        )}
        {job === 'set' && (
          <PassphraseFields
            label={t('storage.next')}
            value={next}
            again={again}
            onChange={setNext}
            onChangeAgain={setAgain}
            error={at('next')}
            autoFocus={!isSet}
          />
        )}
        {busy && <Working label={t('storage.saving')} />}
        <DialogActions>
          <Button onPress={() => onClose(false)}>{t('app.cancel')}</Button>
          <Button type="submit" variant={job === 'remove' ? 'danger' : 'primary'} isDisabled={!ready || busy}>
            {title}
          </Button>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
