import { useState } from 'react'
import type { Amount, ServerHoldings } from '#shared/model/holdings.ts'
import type { AccountView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatBytes, formatCount } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { ask } from '#renderer/stores/actions.ts'
import { useAccounts } from '#renderer/stores/app-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Checkbox } from '#renderer/ui/Choice.tsx'
import { Fact, Working } from '#renderer/ui/Feedback.tsx'
import { Card, Group } from '../settings/Group.tsx'
import { ConfirmErase } from './ConfirmErase.tsx'
import { useServer } from './use-server.ts'
import type { ErasingProps } from './YourData.tsx'

/** Every account: what of it is here, what its server says, and erasing both. */
export function AccountHoldings(props: ErasingProps) {
  const t = useT()
  const accounts = useAccounts()
  if (accounts.length === 0) return null
  return (
    <Group title={t('holdings.accounts')} text={t('holdings.accountsText')}>
      {accounts.map((account) => (
        <AccountCard key={account.id} account={account} {...props} />
      ))}
    </Group>
  )
}

function AccountCard({ account, view, recount, onFound }: ErasingProps & { readonly account: AccountView }) {
  const t = useT()
  const language = useLanguage()
  const [asked, setAsked] = useState(false)
  const here = view.history.accounts.find((candidate) => candidate.account === account.aor)
  return (
    <Card>
      <div>
        <p className="font-medium wrap-anywhere">{displayAor(account.aor)}</p>
        <p className="text-sm text-soft">
          {t('holdings.accountHere', {
            entries: formatCount(language, here?.count ?? 0),
            conversations: formatCount(language, here?.conversations ?? 0),
            size: formatBytes(language, here?.bytes ?? 0),
          })}
        </p>
      </div>
      <OnServer account={account} />
      <div>
        <Button size="small" variant="plainDanger" onPress={() => setAsked(true)}>
          {t('holdings.eraseAccount')}
        </Button>
      </div>
      {asked && (
        <EraseAccount
          account={account}
          onClose={() => setAsked(false)}
          onErased={async (server) => {
            const found = await recount()
            const left = found?.history.accounts.find((candidate) => candidate.account === account.aor)
            const name = displayAor(account.aor)
            const gone = left === undefined && (server ?? 0) === 0
            const words = server === null ? 'holdings.goneAccountHere' : 'holdings.goneAccount'
            onFound({ gone, text: t(gone ? words : 'holdings.notGone', { name }) })
          }}
        />
      )}
    </Card>
  )
}

function OnServer({ account }: { readonly account: AccountView }) {
  const t = useT()
  const reply = useServer(account)
  if (reply === null) return <Working label={t('holdings.asking')} />
  if (!reply.ok) {
    return (
      <p role="alert" className="text-sm text-danger">
        {errorText(t, reply.code, reply.params)}
      </p>
    )
  }
  if (reply.value.kind === 'foreign') {
    return <p className="text-sm text-soft">{t('holdings.foreign', { server: reply.value.server })}</p>
  }
  return <HomeServer held={reply.value} />
}

function HomeServer({ held }: { readonly held: Extract<ServerHoldings, { kind: 'home' }> }) {
  const t = useT()
  const language = useLanguage()
  const amount = ({ count, bytes }: Amount): string =>
    t('holdings.amount', { count, formatted: formatCount(language, count), size: formatBytes(language, bytes) })
  return (
    <div>
      <p className="text-sm">{t('holdings.home', { server: held.server })}</p>
      <dl className="grid grid-cols-2 gap-x-4 text-sm">
        <Fact term={t('holdings.since')}>{held.createdDay}</Fact>
        <Fact term={t('holdings.devices')}>{formatCount(language, held.devices)}</Fact>
        <Fact term={t('holdings.mailbox')}>{amount(held.mailbox)}</Fact>
        <Fact term={t('holdings.sentWaiting')}>{amount(held.sentWaiting)}</Fact>
        <Fact term={t('holdings.bindings')}>{formatCount(language, held.bindings)}</Fact>
        <Fact term={t('holdings.echoDevices')}>{formatCount(language, held.echoDevices)}</Fact>
      </dl>
    </div>
  )
}

function EraseAccount(props: {
  readonly account: AccountView
  readonly onClose: () => void
  /** With what the server counted afterwards; null when it was not asked. */
  readonly onErased: (server: number | null) => Promise<void>
}) {
  const { account, onClose, onErased } = props
  const t = useT()
  const reply = useServer(account)
  const [onServer, setOnServer] = useState(true)
  const hasList = reply?.ok === true && reply.value.kind === 'home'
  return (
    <ConfirmErase
      title={t('holdings.eraseAccountTitle', { name: displayAor(account.aor) })}
      text={t('holdings.eraseAccountText')}
      onClose={onClose}
      onErase={async () => {
        const left = await ask('holdings.eraseAccount', { accountId: account.id, onServer: hasList && onServer })
        if (left === null) return false
        await onErased(left.server)
        return true
      }}
    >
      {hasList ? (
        <Checkbox isSelected={onServer} onChange={setOnServer}>
          {t('holdings.alsoServer')}
        </Checkbox>
      ) : (
        <p className="text-sm text-soft">{t('holdings.serverKeeps')}</p>
      )}
    </ConfirmErase>
  )
}
