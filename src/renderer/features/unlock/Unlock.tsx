import { useEffect, useRef, useState } from 'react'
import { Form } from 'react-aria-components'
import type { ErrorCode } from '#shared/errors.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { useApp } from '#renderer/stores/app-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { StepFrame } from '../onboarding/StepFrame.tsx'

type Rung = 'keychain' | 'passphrase' | 'paper-secret'

/** The lock screen: any rung of the ladder opens, and one that fails leads to the next. */
export function Unlock() {
  const t = useT()
  const app = useApp()
  const keychain = app?.keychain === 'available'
  const [rung, setRung] = useState<Rung>(keychain ? 'keychain' : 'passphrase')
  const [secret, setSecret] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<ErrorCode | null>(null)
  const asked = useRef(false)

  async function unlock(with_: Rung, typed: string): Promise<void> {
    setBusy(true)
    setError(null)
    const reply =
      with_ === 'keychain'
        ? await attempt('keys.unlock', { rung: with_, secret: null })
        : await withSecret(typed, (bytes) => attempt('keys.unlock', { rung: with_, secret: bytes }))
    setBusy(false)
    setSecret('')
    if (reply.ok) return
    setError(reply.code)
    if (with_ === 'keychain') setRung('passphrase')
  }

  useEffect(() => {
    // The keychain needs no typing, so it is asked at once; its refusal shows the next rung.
    if (!keychain || asked.current) return
    asked.current = true
    void unlock('keychain', '')
  }, [keychain])

  const words = rung === 'paper-secret'
  return (
    <StepFrame title={t('unlock.title')} lead={t('unlock.lead')}>
      {rung === 'keychain' ? (
        <KeychainRung busy={busy} onPress={() => void unlock('keychain', '')} />
      ) : (
        <Form
          key={rung}
          className="flex flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault()
            const typed = secret.normalize('NFKC')
            if (!busy && typed.trim() !== '') void unlock(rung, words ? cleanWords(typed) : typed)
          }}
        >
          <Field
            label={words ? t('unlock.paper') : t('unlock.passphrase')}
            hint={words ? t('unlock.paperHint') : undefined}
            type="password"
            value={secret}
            onChange={setSecret}
            error={error === null ? null : failureText(t, error)}
            autoFocus
            maxLength={1000}
            autoComplete="current-password"
            revealLabel={t('onboarding.showPassphrase')}
          />
          {busy && <Working label={t('unlock.unlocking')} />}
          <Button type="submit" variant="primary" isDisabled={busy || secret.trim() === ''}>
            {t('unlock.unlock')}
          </Button>
        </Form>
      )}
      <OtherRungs
        rung={rung}
        keychain={keychain}
        isDisabled={busy}
        onChoose={(next) => {
          setRung(next)
          setSecret('')
          setError(null)
        }}
      />
    </StepFrame>
  )
}

function cleanWords(typed: string): string {
  return typed.trim().toLowerCase().split(/\s+/u).join(' ')
}

function failureText(t: ReturnType<typeof useT>, code: ErrorCode): string {
  return code.startsWith('keychain') ? t('unlock.keychainFailed') : errorText(t, code)
}

function KeychainRung({ busy, onPress }: { readonly busy: boolean; readonly onPress: () => void }) {
  const t = useT()
  return (
    <div className="flex flex-col gap-3">
      {busy && <Working label={t('unlock.byKeychain')} />}
      <Button variant="primary" onPress={onPress} isDisabled={busy}>
        {t('unlock.keychain')}
      </Button>
    </div>
  )
}

function OtherRungs(props: {
  readonly rung: Rung
  readonly keychain: boolean
  readonly isDisabled: boolean
  readonly onChoose: (rung: Rung) => void
}) {
  const { rung, keychain, isDisabled, onChoose } = props
  const t = useT()
  const ways = [
    { rung: 'keychain', label: t('unlock.useKeychain'), offered: keychain },
    { rung: 'passphrase', label: t('unlock.usePassphrase'), offered: true },
    { rung: 'paper-secret', label: t('unlock.usePaper'), offered: true },
  ] as const
  return (
    <div role="group" aria-label={t('unlock.otherWays')} className="mt-4 flex flex-wrap justify-center gap-1">
      {ways
        .filter((way) => way.offered && way.rung !== rung)
        .map((way) => (
          <Button
            key={way.rung}
            variant="quiet"
            size="small"
            isDisabled={isDisabled}
            onPress={() => onChoose(way.rung)}
          >
            {way.label}
          </Button>
        ))}
    </div>
  )
}
