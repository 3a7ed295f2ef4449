import { useEffect, useState } from 'react'
import type { PrivacyRow } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { ask, perform } from '#renderer/stores/actions.ts'
import { useAccounts } from '#renderer/stores/app-store.ts'
import { Switch } from '#renderer/ui/Choice.tsx'
import { Fact, Working } from '#renderer/ui/Feedback.tsx'
import { ReplicationGroup } from '../replication/AccountReplication.tsx'
import { Group } from './Group.tsx'

/** Whom Sotto talks to, what it tells them, and all that is stored. */
export function PrivacySettings() {
  const t = useT()
  const accounts = useAccounts()
  return (
    <>
      <Group title={t('privacy.servers')} text={t('privacy.serversText')}>
        <dl className="rounded-2xl border border-line bg-raised px-4 py-1">
          {accounts.map((account) => (
            <Fact key={account.id} term={displayAor(account.aor)} mono>
              {account.server}
            </Fact>
          ))}
        </dl>
      </Group>
      <ReplicationGroup />
      <Group title={t('privacy.receipts')} text={t('privacy.receiptsText')}>
        {accounts.map((account) => (
          <div key={account.id} role="group" aria-label={displayAor(account.aor)}>
            {accounts.length > 1 && <p className="text-sm font-medium">{displayAor(account.aor)}</p>}
            <Switch
              isSelected={account.sendReceipts}
              onChange={(sendReceipts) => void perform('accounts.update', { accountId: account.id, sendReceipts })}
            >
              {t('accounts.sendReceipts')}
            </Switch>
            <Switch
              isSelected={account.sendTyping}
              onChange={(sendTyping) => void perform('accounts.update', { accountId: account.id, sendTyping })}
            >
              {t('accounts.sendTyping')}
            </Switch>
          </div>
        ))}
      </Group>
      <PrivacyTable />
    </>
  )
}

const columns = ['where', 'why', 'howLong', 'whoReads', 'howToErase'] as const

function PrivacyTable() {
  const t = useT()
  const [rows, setRows] = useState<readonly PrivacyRow[] | 'loading' | null>('loading')
  useEffect(() => {
    let stale = false
    void ask('settings.privacyTable', {}).then((answer) => {
      if (!stale) setRows(answer)
    })
    return () => {
      stale = true
    }
  }, [])
  return (
    <Group title={t('privacy.table')} text={t('privacy.lead')}>
      {rows === 'loading' && <Working label={t('settings.loading')} />}
      {rows === null && <p role="alert">{t('privacy.empty')}</p>}
      {Array.isArray(rows) && (
        // Rows as cards: six columns would not fit any window without sideways scrolling. The text is in English, as in the document.
        <ul className="flex flex-col gap-2">
          {(rows as readonly PrivacyRow[]).map((row, index) => (
            <li key={index} className="rounded-2xl border border-line bg-raised px-4 py-2.5">
              <h4 className="font-medium" lang="en">
                {row.datum}
              </h4>
              <dl className="grid gap-x-4 text-sm min-[34rem]:grid-cols-2">
                {columns.map((column) => (
                  <Fact key={column} term={t(`privacy.${column}`)}>
                    <span lang="en">{row[column]}</span>
                  </Fact>
                ))}
              </dl>
            </li>
          ))}
        </ul>
      )}
    </Group>
  )
}
