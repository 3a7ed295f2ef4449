import { History, RotateCw } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { AccountView, ConnectionView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useAccounts } from '#renderer/stores/app-store.ts'
import { useNeedsAttention } from '#renderer/stores/replication-store.ts'
import { openSettings } from '#renderer/stores/screen-store.ts'
import { IconButton } from '#renderer/ui/Button.tsx'
import { cx } from '#renderer/ui/cx.ts'

const dots: Readonly<Record<ConnectionView['kind'], string>> = {
  disabled: 'border border-edge',
  offline: 'bg-edge',
  connecting: 'bg-warn',
  registered: 'bg-good',
  waiting: 'bg-warn',
  failed: 'bg-danger',
}

/** Each account with its connection in words. */
export function AccountStates() {
  const t = useT()
  const accounts = useAccounts()
  return (
    <section aria-label={t('shell.accounts')} className="max-h-32 overflow-y-auto border-t border-line px-3 py-1.5">
      <ul>
        {accounts.map((account) => (
          <li key={account.id} className="flex min-h-9 items-center gap-2 text-xs">
            <span aria-hidden className={cx('size-2 shrink-0 rounded-full', dots[account.connection.kind])} />
            <span className="min-w-0 flex-1">
              <span className="block truncate">{displayAor(account.aor)}</span>
              <ConnectionText connection={account.connection} />
            </span>
            <Attention account={account} />
            <Reconnect account={account} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function Reconnect({ account }: { readonly account: AccountView }) {
  const t = useT()
  const { kind } = account.connection
  if (kind !== 'waiting' && kind !== 'failed' && kind !== 'offline') return null
  return (
    <IconButton
      icon={RotateCw}
      label={t('connection.reconnect')}
      size="small"
      onPress={() => void perform('accounts.reconnect', { accountId: account.id })}
    />
  )
}

/** A quiet mark where the account's history waits for the person. */
function Attention({ account: { id, aor } }: { readonly account: AccountView }) {
  const t = useT()
  if (!useNeedsAttention(id)) return null
  return (
    <IconButton
      icon={History}
      label={t('replication.attention', { name: displayAor(aor) })}
      size="small"
      className="text-warn"
      onPress={() => openSettings('devices')}
    />
  )
}

/** The connection of an account in words, with the reason where there is one. */
export function ConnectionText({ connection, full = false }: { connection: ConnectionView; full?: boolean }) {
  const t = useT()
  const seconds = useSecondsUntil(connection.kind === 'waiting' ? connection.retryAt : null)
  const words =
    connection.kind === 'waiting' && seconds > 0
      ? t('connection.waitingUntil', { seconds })
      : t(`connection.${connection.kind}`)
  const reason = 'reason' in connection ? errorText(t, connection.reason) : null
  return (
    <span className={cx('block text-soft', !full && 'truncate')} title={full ? undefined : (reason ?? undefined)}>
      {words}
      {reason !== null && <span className={full ? 'block' : ''}>{full ? reason : ` · ${reason}`}</span>}
    </span>
  )
}

function useSecondsUntil(at: number | null): number {
  const [seconds, setSeconds] = useState(0)
  useEffect(() => {
    if (at === null) return
    const update = (): void => setSeconds(Math.max(0, Math.ceil((at - new Date().getTime()) / 1000)))
    update()
    const timer = setInterval(update, 1000)
    return () => clearInterval(timer)
  }, [at])
  return at === null ? 0 : seconds
}
