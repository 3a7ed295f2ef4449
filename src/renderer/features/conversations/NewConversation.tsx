import { useState } from 'react'
import { Form } from 'react-aria-components'
import { displayAor, parseAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { useAccounts } from '#renderer/stores/app-store.ts'
import { openConversation } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Select } from '#renderer/ui/Choice.tsx'
import { DialogActions } from '#renderer/ui/Dialog.tsx'
import { Field } from '#renderer/ui/Field.tsx'

/** Starts a conversation with an address; a bare name gets the account's own domain. */
export function NewConversation() {
  const t = useT()
  const accounts = useAccounts().filter((account) => account.enabled)
  const [accountId, setAccountId] = useState<string>(accounts[0]?.id ?? '')
  const [address, setAddress] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const account = accounts.find((candidate) => candidate.id === accountId) ?? accounts[0]

  async function start(): Promise<void> {
    if (account === undefined) return
    const typed = address.trim()
    const peer = typed.includes('@') ? typed : `${typed}@${displayAor(account.aor).split('@')[1] ?? ''}`
    if (!parseAor(peer).ok) {
      setError(t('onboarding.addressWrong'))
      return
    }
    setBusy(true)
    const reply = await attempt('conversations.start', { accountId: account.id, peer })
    setBusy(false)
    if (reply.ok) openConversation(reply.value)
    else setError(errorText(t, reply.code, reply.params))
  }

  if (account === undefined) return <p>{t('newConversation.noAccount')}</p>
  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (!busy) void start()
      }}
    >
      <Field
        label={t('newConversation.address')}
        hint={t('newConversation.addressHint')}
        value={address}
        onChange={(value) => {
          setAddress(value)
          setError(null)
        }}
        error={error}
        autoFocus
        autoComplete="off"
        maxLength={400}
      />
      {accounts.length > 1 && (
        <Select<string>
          label={t('newConversation.from')}
          value={account.id}
          onChange={setAccountId}
          options={accounts.map((candidate) => ({ value: candidate.id, label: displayAor(candidate.aor) }))}
        />
      )}
      <DialogActions>
        <Button
          type="submit"
          variant="primary"
          isDisabled={address.trim() === ''}
          pendingText={busy ? t('newConversation.starting') : undefined}
        >
          {t('newConversation.start')}
        </Button>
      </DialogActions>
    </Form>
  )
}
