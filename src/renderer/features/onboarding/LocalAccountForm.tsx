import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { AccountId } from '#shared/model/ids.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { DisplayNameField } from './DisplayNameField.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { Disclosed } from '#renderer/ui/Disclosed.tsx'

/** A user name the home server takes. */
export function isUserName(user: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/.test(user)
}

/** An account on the server of this computer, or of the network with an invitation. */
export function LocalAccountForm({ onDone }: { readonly onDone: (id: AccountId) => void }) {
  const t = useT()
  const [user, setUser] = useState('')
  const [displayName, setDisplayName] = useState('')
  const [invitation, setInvitation] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<{ readonly at: 'user' | 'invitation' | 'form'; readonly text: string } | null>(
    null,
  )

  async function create(): Promise<void> {
    if (!isUserName(user)) {
      setError({ at: 'user', text: user === '' ? t('onboarding.required') : t('onboarding.userWrong') })
      return
    }
    setBusy(true)
    setError(null)
    const trimmed = invitation.trim()
    const reply = await attempt('accounts.createLocal', {
      user,
      displayName: displayName.trim(),
      invitation: trimmed === '' ? null : trimmed,
    })
    setBusy(false)
    if (reply.ok) {
      onDone(reply.value)
      return
    }
    const at = reply.code === 'address-taken' ? 'user' : reply.code === 'invitation-invalid' ? 'invitation' : 'form'
    setError({ at, text: errorText(t, reply.code, reply.params) })
  }

  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (!busy) void create()
      }}
    >
      <p className="text-sm text-soft">{t('onboarding.createHereText')}</p>
      <Field
        label={t('onboarding.user')}
        hint={t('onboarding.userHint')}
        value={user}
        onChange={(value) => setUser(value.trim())}
        error={error?.at === 'user' ? error.text : null}
        maxLength={64}
        isRequired
        autoComplete="off"
      />
      <DisplayNameField value={displayName} onChange={setDisplayName} />
      <Disclosed label={t('onboarding.invitation')} open={error?.at === 'invitation'}>
        <Field
          label={t('onboarding.invitation')}
          hint={t('onboarding.invitationHint')}
          value={invitation}
          onChange={setInvitation}
          error={error?.at === 'invitation' ? error.text : null}
          maxLength={600}
          lines={2}
          mono
        />
      </Disclosed>
      <FormEnd busy={busy} busyText={t('onboarding.creatingAccount')} error={error?.at === 'form' ? error.text : null}>
        {t('onboarding.createAccount')}
      </FormEnd>
    </Form>
  )
}

/** Progress, error and the button that ends a form. */
export function FormEnd(props: { busy: boolean; busyText: string; error: string | null; children: string }) {
  const { busy, busyText, error, children } = props
  return (
    <>
      {error !== null && (
        <p role="alert" className="text-sm text-danger">
          {error}
        </p>
      )}
      {busy && <Working label={busyText} />}
      <Button type="submit" variant="primary" isDisabled={busy} className="mt-1">
        {children}
      </Button>
    </>
  )
}
