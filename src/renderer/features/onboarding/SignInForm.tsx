import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { ErrorCode } from '#shared/errors.ts'
import type { AccountId } from '#shared/model/ids.ts'
import { parseAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { Select } from '#renderer/ui/Choice.tsx'
import { Banner } from '#renderer/ui/Feedback.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { DisplayNameField } from './DisplayNameField.tsx'
import { Disclosed } from '#renderer/ui/Disclosed.tsx'
import { FormEnd } from './LocalAccountForm.tsx'

type Transport = 'auto' | 'wss' | 'ws' | 'tls' | 'tcp' | 'udp'
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
      <Advanced transport={transport} onTransport={setTransport} server={server} onServer={setServer} />
      <FormEnd busy={busy} busyText={t('onboarding.signingIn')} error={at('form')}>
        {t('onboarding.signIn')}
      </FormEnd>
    </Form>
  )
}

interface AdvancedProps {
  readonly transport: Transport
  readonly onTransport: (transport: Transport) => void
  readonly server: string
  readonly onServer: (server: string) => void
}

/** How to reach the server, for those whose provider says so. */
function Advanced({ transport, onTransport, server, onServer }: AdvancedProps) {
  const t = useT()
  return (
    <Disclosed label={t('onboarding.advanced')}>
      <Select
        label={t('onboarding.transport')}
        value={transport}
        onChange={onTransport}
        options={[
          { value: 'auto', label: t('onboarding.transportAuto') },
          { value: 'wss', label: t('onboarding.transportWss') },
          { value: 'tls', label: t('onboarding.transportTls') },
          { value: 'ws', label: t('onboarding.transportWs') },
          { value: 'tcp', label: t('onboarding.transportTcp') },
          { value: 'udp', label: t('onboarding.transportUdp') },
        ]}
      />
      {(transport === 'ws' || transport === 'tcp' || transport === 'udp') && (
        <Banner icon={TriangleAlert} tone="warn" role="status">
          {t('onboarding.transportOpen')}
        </Banner>
      )}
      <Field
        label={t('onboarding.server')}
        hint={t('onboarding.serverHint')}
        value={server}
        onChange={onServer}
        maxLength={400}
        autoComplete="off"
      />
    </Disclosed>
  )
}
