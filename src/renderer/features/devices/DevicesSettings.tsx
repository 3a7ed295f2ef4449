import { KeyRound, MonitorSmartphone } from 'lucide-react'
import type { AccountView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import type { ReplicationView } from '#shared/model/replication-views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useAccounts } from '#renderer/stores/app-store.ts'
import { useTransfer } from '#renderer/stores/linking-store.ts'
import { useReplication } from '#renderer/stores/replication-store.ts'
import { openSettings, showDialog } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner, Working } from '#renderer/ui/Feedback.tsx'
import { AnnouncedErasure } from '../replication/AnnouncedErasure.tsx'
import { ReplicationProgress } from '../replication/ReplicationProgress.tsx'
import { Card, Group } from '../settings/Group.tsx'
import { DeviceList } from './DeviceList.tsx'
import { Faults } from './Faults.tsx'
import { ForkChoice } from './ForkChoice.tsx'
import { HistoryFacts } from './HistoryFacts.tsx'
import { Transfer } from './Transfer.tsx'

/** Of every account: whether its history is complete, what went wrong, and which devices share it. */
export function DevicesSettings() {
  const t = useT()
  const accounts = useAccounts()
  if (accounts.length === 0) return <p className="text-soft">{t('accounts.none')}</p>
  return accounts.map((account) => <AccountDevices key={account.id} account={account} />)
}

function AccountDevices({ account }: { readonly account: AccountView }) {
  const t = useT()
  const view = useReplication(account.id)
  return (
    <Group title={displayAor(account.aor)} text={t('devices.lead')}>
      {view === undefined ? <Working label={t('settings.loading')} /> : <Devices account={account} view={view} />}
    </Group>
  )
}

function Devices({ account, view }: { readonly account: AccountView; readonly view: ReplicationView }) {
  const t = useT()
  const transfer = useTransfer(account.id)
  return (
    <>
      <AnnouncedErasure view={view} />
      <Faults view={view} />
      <ForkChoice view={view} />
      <Card>
        <h4 className="font-medium">{t('devices.history')}</h4>
        <ReplicationProgress view={view} />
        {transfer !== undefined && <Transfer transfer={transfer} />}
        <HistoryFacts view={view} />
        <HistoryActions view={view} />
      </Card>
      <Card>
        <div className="flex flex-wrap items-center justify-between gap-2">
          <h4 className="font-medium">{t('devices.devices')}</h4>
          <Button size="small" onPress={() => showDialog({ kind: 'link-device', accountId: account.id })}>
            <MonitorSmartphone aria-hidden className="size-4" />
            {t('devices.link')}
          </Button>
        </div>
        {view.isPasswordDue && (
          <Banner icon={KeyRound} tone="warn" role="status">
            {t('devices.passwordDue')}
          </Banner>
        )}
        <DeviceList account={account} view={view} />
      </Card>
    </>
  )
}

function HistoryActions({ view: { accountId, state } }: { readonly view: ReplicationView }) {
  const t = useT()
  return (
    <div>
      {state === 'off' ? (
        <Button size="small" onPress={() => openSettings('privacy')}>
          {t('devices.toPrivacy')}
        </Button>
      ) : (
        <Button
          size="small"
          isDisabled={state === 'working'}
          onPress={() => void perform('replication.syncNow', { accountId })}
        >
          {t('devices.syncNow')}
        </Button>
      )}
    </div>
  )
}
