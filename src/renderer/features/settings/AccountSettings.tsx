import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { AccountView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useAccounts } from '#renderer/stores/app-store.ts'
import { showDialog } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Switch } from '#renderer/ui/Choice.tsx'
import { Fact } from '#renderer/ui/Feedback.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { ConnectionText } from '../conversations/AccountStates.tsx'
import { ChangePassword, Invite, RemoveAccount } from './AccountDialogs.tsx'
import { groupHash } from './group-hash.ts'
import { Card } from './Group.tsx'

/** Every account with its state, identity and switches. */
export function AccountSettings() {
  const t = useT()
  const accounts = useAccounts()
  return (
    <>
      {accounts.length === 0 && <p className="text-soft">{t('accounts.none')}</p>}
      {accounts.map((account) => (
        <AccountCard key={account.id} account={account} />
      ))}
      <div>
        <Button onPress={() => showDialog({ kind: 'add-account' })}>
          <Plus aria-hidden className="size-4" />
          {t('accounts.add')}
        </Button>
      </div>
    </>
  )
}

const transports = {
  wss: 'transportWss',
  ws: 'transportWs',
  tls: 'transportTls',
  tcp: 'transportTcp',
  udp: 'transportUdp',
} as const

function AccountCard({ account }: { readonly account: AccountView }) {
  const t = useT()
  const accountId = account.id
  const update = (change: Partial<Pick<AccountView, 'enabled' | 'sendReceipts' | 'sendTyping'>>): void => {
    void perform('accounts.update', { accountId, ...change })
  }
  return (
    <Card>
      <div className="flex flex-wrap items-start justify-between gap-2">
        <div className="min-w-0">
          <h3 className="font-semibold wrap-anywhere selectable">{displayAor(account.aor)}</h3>
          <div className="text-sm">
            <ConnectionText connection={account.connection} full />
          </div>
        </div>
        <Button size="small" onPress={() => void perform('accounts.reconnect', { accountId })}>
          {account.connection.kind === 'registered' ? t('connection.again') : t('connection.reconnect')}
        </Button>
      </div>
      <DisplayName account={account} />
      <div className="flex flex-col">
        <Switch isSelected={account.enabled} onChange={(enabled) => update({ enabled })}>
          {t('accounts.enabled')}
        </Switch>
        <Switch isSelected={account.sendReceipts} onChange={(sendReceipts) => update({ sendReceipts })}>
          {t('accounts.sendReceipts')}
        </Switch>
        <Switch isSelected={account.sendTyping} onChange={(sendTyping) => update({ sendTyping })}>
          {t('accounts.sendTyping')}
        </Switch>
      </div>
      <dl className="grid gap-x-4 text-sm min-[30rem]:grid-cols-2">
        <Fact term={t('accounts.server')}>{account.server}</Fact>
        <Fact term={t('accounts.transport')}>{t(`onboarding.${transports[account.transport]}`)}</Fact>
      </dl>
      <Identity account={account} />
      <div className="flex flex-wrap gap-2 border-t border-line pt-3">
        <ChangePassword account={account} />
        <Invite account={account} />
        <RemoveAccount account={account} />
      </div>
    </Card>
  )
}

function DisplayName({ account }: { readonly account: AccountView }) {
  const t = useT()
  const [name, setName] = useState(account.displayName)
  return (
    <Field
      label={t('accounts.displayName')}
      hint={t('onboarding.displayNameHint')}
      value={name}
      onChange={setName}
      onBlur={() => {
        const displayName = name.trim()
        if (displayName !== account.displayName) void perform('accounts.update', { accountId: account.id, displayName })
      }}
      maxLength={80}
      autoComplete="off"
    />
  )
}

const paperStates = { confirmed: 'stateConfirmed', shown: 'stateShown', 'not-shown': 'stateNotShown' } as const

function Identity({ account }: { readonly account: AccountView }) {
  const t = useT()
  return (
    <dl className="text-sm">
      <Fact term={t('accounts.identity')}>
        <span className="block font-mono leading-relaxed">{groupHash(account.identityHash)}</span>
        <span className="text-xs text-soft">{t('accounts.identityHint')}</span>
      </Fact>
      <Fact term={t('accounts.paperSecret')}>
        <span className="flex flex-wrap items-center justify-between gap-2">
          {t(`paper.${paperStates[account.paperSecret]}`)}
          {account.paperSecret !== 'confirmed' && (
            <Button size="small" onPress={() => showDialog({ kind: 'paper-secret', accountId: account.id })}>
              {t('paper.reminderAction')}
            </Button>
          )}
        </span>
      </Fact>
    </dl>
  )
}
