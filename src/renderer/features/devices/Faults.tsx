import { TriangleAlert } from 'lucide-react'
import { useId, useState } from 'react'
import type { ReplicaFaultView, ReplicationView } from '#shared/model/replication-views.ts'
import { formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { faultWords, needsNewId } from '../replication/replication-words.ts'

interface ViewProps {
  readonly view: ReplicationView
}

/** What a server or device did that it should not have, newest first. */
export function Faults({ view }: ViewProps) {
  const t = useT()
  if (view.faults.length === 0) return null
  const faults = [...view.faults].sort((a, b) => b.foundAt - a.foundAt)
  return (
    <ul aria-label={t('replication.faults')} className="flex flex-col gap-2">
      {faults.map((fault) => (
        <li key={fault.key}>
          <Fault fault={fault} view={view} />
        </li>
      ))}
    </ul>
  )
}

function Fault({ fault, view }: ViewProps & { readonly fault: ReplicaFaultView }) {
  const t = useT()
  const language = useLanguage()
  const id = useId()
  const words = faultWords(t, language, fault, view)
  const { accountId } = view
  return (
    <article
      aria-labelledby={id}
      className="flex flex-col gap-2 rounded-2xl border border-transparent bg-warn-tint px-4 py-3 text-sm text-ink forced-colors:border-[CanvasText]"
    >
      <h4 id={id} className="flex gap-2 font-medium text-warn">
        <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
        <span className="min-w-0 wrap-anywhere">{words.happened}</span>
      </h4>
      <p>
        {words.means} {words.entries}
      </p>
      <p>
        <span className="font-medium">{t('replication.whatToDo')}</span> {words.todo}
      </p>
      {fault.foundAt > 0 && (
        <p className="text-xs">{t('replication.foundAt', { time: formatDateTime(language, fault.foundAt) })}</p>
      )}
      <div className="flex flex-wrap gap-2 empty:hidden">
        {needsNewId(fault, view) && <Rejoin accountId={accountId} />}
        {/* A list in two versions stays one until it is settled. */}
        {fault.kind !== 'chain-forked' && (
          <Button size="small" onPress={() => void perform('replication.dismissFault', { accountId, key: fault.key })}>
            {t('replication.dismissFault')}
          </Button>
        )}
      </div>
    </article>
  )
}

function Rejoin({ accountId }: Pick<ReplicationView, 'accountId'>) {
  const t = useT()
  const [busy, setBusy] = useState(false)
  return (
    <Button
      size="small"
      variant="primary"
      pendingText={busy ? t('replication.rejoining') : undefined}
      onPress={() => {
        setBusy(true)
        void perform('replication.rejoin', { accountId }).then(() => setBusy(false))
      }}
    >
      {t('replication.rejoin')}
    </Button>
  )
}
