import { useState } from 'react'
import { Form } from 'react-aria-components'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Cards } from '#renderer/ui/Choice.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { PassphraseFields, passphraseReady } from './PassphraseFields.tsx'
import { StepHeading } from './StepFrame.tsx'

type Way = 'keychain' | 'passphrase'

/** First step: what opens the history on this device. */
export function ProfileStep({ keychain, onDone }: { readonly keychain: boolean; readonly onDone: () => void }) {
  const t = useT()
  const [way, setWay] = useState<Way>(keychain ? 'keychain' : 'passphrase')
  const [passphrase, setPassphrase] = useState('')
  const [again, setAgain] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)

  async function create(): Promise<void> {
    setBusy(true)
    setError(null)
    const reply = await (way === 'keychain'
      ? attempt('keys.createProfile', { keychain: true, passphrase: null })
      : withSecret(passphrase.normalize('NFKC'), (bytes) =>
          attempt('keys.createProfile', { keychain: false, passphrase: bytes }),
        ))
    setBusy(false)
    if (!reply.ok) {
      setError(errorText(t, reply.code, reply.params))
      if (reply.code.startsWith('keychain')) setWay('passphrase')
      return
    }
    setPassphrase('')
    setAgain('')
    onDone()
  }

  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (!busy && (way === 'keychain' || passphraseReady(passphrase, again))) void create()
      }}
    >
      <StepHeading step={1} title={t('onboarding.stepProfile')} />
      <Cards
        label={t('onboarding.howToProtect')}
        value={way}
        onChange={setWay}
        options={[
          {
            value: 'keychain',
            label: t('onboarding.keychainTitle'),
            text: keychain ? t('onboarding.keychainText') : t('onboarding.keychainMissing'),
            isDisabled: !keychain,
          },
          { value: 'passphrase', label: t('onboarding.passphraseTitle'), text: t('onboarding.passphraseText') },
        ]}
      />
      {way === 'passphrase' && (
        <PassphraseFields
          label={t('onboarding.passphrase')}
          value={passphrase}
          again={again}
          onChange={setPassphrase}
          onChangeAgain={setAgain}
          error={error}
        />
      )}
      {way === 'keychain' && error !== null && (
        <p role="alert" className="text-sm text-danger">
          {error}
        </p>
      )}
      {busy && <Working label={t('onboarding.creating')} />}
      <Button
        type="submit"
        variant="primary"
        isDisabled={busy || (way === 'passphrase' && !passphraseReady(passphrase, again))}
      >
        {t('onboarding.create')}
      </Button>
    </Form>
  )
}
