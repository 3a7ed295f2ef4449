import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { ErrorCode } from '#shared/errors.ts'
import type { AccountId } from '#shared/model/ids.ts'
import { parseAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { Field } from '#renderer/ui/Field.tsx'
import { DisplayNameField } from './DisplayNameField.tsx'
import { ServerFields, type Transport } from './ServerFields.tsx'
import { FormEnd } from './LocalAccountForm.tsx'

type Place = 'address' | 'password' | 'form'

function placeOf(code: ErrorCode): Place {
  if (code === 'wrong-password') return 'password'
  return code === 'address-invalid' || code === 'account-exists' ? 'address' : 'form'
}

/** Sign in with an address and its password. */
export function SignInForm({ onDone }: { readonly onDone: (id: AccountId) => void }) {
  const t = useT()
  const [address, setAddress] = useState('')
  const [password, setPassword] = useState('')
  const [displayName, setDisplayName] = useState('')
  const [transport, setTransport] = useState<Transport>('auto')
  const [server, setServer] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<{ readonly at: Place; readonly text: string } | null>(null)
  const at = (place: Place): string | null => (error?.at === place ? error.text : null)

  async function signIn(): Promise<void> {
    if (!parseAor(address).ok) {
      setError({ at: 'address', text: t('onboarding.addressWrong') })
      return
    }
    if (password === '') {
      setError({ at: 'password', text: t('onboarding.required') })
      return
    }
    setBusy(true)
    setError(null)
    const reply = await withSecret(password, (bytes) =>
      attempt('accounts.add', {
        aor: address.trim(),
        displayName: displayName.trim(),
        password: bytes,
        transport: transport === 'auto' ? null : transport,
        server: server.trim() === '' ? null : server.trim(),
      }),
    )
    setBusy(false)
    if (reply.ok) {
      setPassword('')
      onDone(reply.value)
    } else setError({ at: placeOf(reply.code), text: errorText(t, reply.code, reply.params) })
  }

  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (!busy) void signIn()
      }}
    >
      <Field
        label={t('onboarding.address')}
        hint={t('onboarding.addressHint')}
        value={address}
        onChange={setAddress}
        error={at('address')}
        maxLength={400}
        isRequired
        autoComplete="off"
      />
      <Field
        label={t('onboarding.password')}
        type="password"
        value={password}
        onChange={setPassword}
        error={at('password')}
        maxLength={300}
        isRequired
        autoComplete="current-password"
        revealLabel={t('onboarding.showPassphrase')}
      />
      <DisplayNameField value={displayName} onChange={setDisplayName} />
      <ServerFields transport={transport} onTransport={setTransport} server={server} onServer={setServer} />
      <FormEnd busy={busy} busyText={t('onboarding.signingIn')} error={at('form')}>
        {t('onboarding.signIn')}
      </FormEnd>
    </Form>
  )
}
