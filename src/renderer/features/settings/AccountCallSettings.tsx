import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { AccountView } from '#shared/model/views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, perform, withSecret } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Cards, Segments } from '#renderer/ui/Choice.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { callPolicies } from '../calls/call-policies.ts'
import { Card } from './Group.tsx'
import { isRelayServer } from './relay-server.ts'

interface AccountProps {
  readonly account: AccountView
}

const hideFrom = ['strangers', 'everyone', 'nobody'] as const

/** What calls of an account demand of the keys, and who may learn the user's address. */
export function AccountCallSettings({ account }: AccountProps) {
  const t = useT()
  const accountId = account.id
  return (
    <Card>
      <Cards
        label={t('callSettings.policy')}
        value={account.callPolicy}
        onChange={(callPolicy) => void perform('accounts.update', { accountId, callPolicy })}
        options={callPolicies.map((value) => ({
          value,
          label: t(`callSettings.${value}`),
          text: t(`callPolicyText.${value}`),
        }))}
      />
      <div className="flex flex-col gap-1.5 border-t border-line pt-3">
        <Segments
          label={t('callSettings.hide')}
          value={account.hideAddress}
          onChange={(hideAddress) => void perform('accounts.update', { accountId, hideAddress })}
          options={hideFrom.map((value) => ({ value, label: t(`callSettings.${value}`) }))}
        />
        <p className="text-sm text-soft">{t('callSettings.hideText')}</p>
      </div>
      <Relay key={JSON.stringify(account.relay)} account={account} />
    </Card>
  )
}

/** What is typed of a relay, and saving it. */
function useRelay(account: AccountView) {
  const t = useT()
  const accountId = account.id
  const [server, setServer] = useState(account.relay?.server ?? '')
  const [username, setUsername] = useState(account.relay?.username ?? '')
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)

  async function save(): Promise<void> {
    if (!isRelayServer(server.trim())) {
      setError(t('callSettings.relayWrong'))
      return
    }
    setBusy(true)
    const relay = { server: server.trim(), username: username.trim() }
    let reply = await attempt('accounts.update', { accountId, relay })
    if (reply.ok && password !== '') {
      reply = await withSecret(password, (bytes) =>
        attempt('accounts.setRelayPassword', { accountId, password: bytes }),
      )
    }
    setBusy(false)
    setPassword('')
    setError(reply.ok ? null : errorText(t, reply.code, reply.params))
  }
  return { server, setServer, username, setUsername, password, setPassword, busy, error, save }
}

/** The account's TURN server; its password leaves the field as bytes and is not shown again. */
function Relay({ account }: AccountProps) {
  const t = useT()
  const { server, setServer, username, setUsername, password, setPassword, busy, error, save } = useRelay(account)
  return (
    <Form
      className="flex flex-col gap-3 border-t border-line pt-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (!busy && server.trim() !== '') void save()
      }}
    >
      <div>
        <h4 className="text-sm font-medium">{t('callSettings.relay')}</h4>
        <p className="text-sm text-soft">{t('callSettings.relayText')}</p>
      </div>
      <Field
        label={t('callSettings.relayServer')}
        hint={t('callSettings.relayServerHint')}
        value={server}
        onChange={setServer}
        error={error}
        maxLength={300}
        autoComplete="off"
      />
      <div className="grid gap-3 min-[30rem]:grid-cols-2">
        <Field
          label={t('callSettings.relayUser')}
          value={username}
          onChange={setUsername}
          maxLength={200}
          autoComplete="off"
        />
        <Field
          label={t('callSettings.relayPassword')}
          hint={account.relay?.hasPassword === true ? t('callSettings.relayPasswordKept') : undefined}
          type="password"
          value={password}
          onChange={setPassword}
          maxLength={300}
          autoComplete="off"
          revealLabel={t('onboarding.showPassphrase')}
        />
      </div>
      <div className="flex flex-wrap gap-2">
        <Button
          type="submit"
          size="small"
          isDisabled={server.trim() === ''}
          pendingText={busy ? t('app.saving') : undefined}
        >
          {t('callSettings.relaySave')}
        </Button>
        {account.relay !== null && (
          <Button
            size="small"
            variant="plainDanger"
            onPress={() => void perform('accounts.update', { accountId: account.id, relay: null })}
          >
            {t('callSettings.relayRemove')}
          </Button>
        )}
      </div>
    </Form>
  )
}
