import type { ReplicationView } from '#shared/model/replication-views.ts'
import { formatCount, formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { Fact } from '#renderer/ui/Feedback.tsx'
import { completenessText } from '../replication/replication-words.ts'

/** How much of an account's history is here, who says so, and what waits. */
export function HistoryFacts({ view }: { readonly view: ReplicationView }) {
  const t = useT()
  const language = useLanguage()
  const { state, server, waiting, lastContactAt, unopened } = view
  return (
    <dl className="grid gap-x-4 text-sm min-[34rem]:grid-cols-2">
      <Fact term={t('devices.completeness')} wide>
        {completenessText(t, language, view)}
      </Fact>
      {state !== 'off' && (
        <>
          <Fact term={t('devices.waiting')}>
            {waiting === 0
              ? t('devices.waitingNone')
              : t('devices.waitingCount', { count: waiting, formatted: formatCount(language, waiting) })}
          </Fact>
          <Fact term={t('devices.lastContact')}>
            {lastContactAt === null ? t('devices.never') : formatDateTime(language, lastContactAt)}
          </Fact>
          {server !== null && <Fact term={t('accounts.server')}>{server}</Fact>}
        </>
      )}
      {unopened > 0 && (
        <Fact term={t('devices.unopened')} wide>
          {t('devices.unopenedCount', { count: unopened, formatted: formatCount(language, unopened) })}
        </Fact>
      )}
    </dl>
  )
}
