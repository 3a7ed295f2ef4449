import { CircleCheck, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { AccountId } from '#shared/model/ids.ts'
import type { ServerCopyView } from '#shared/model/replication-views.ts'
import { formatBytes, formatCount, formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { ask } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner } from '#renderer/ui/Feedback.tsx'

/** Properties of {@link ServerCopy}. */
export interface ServerCopyProps {
  readonly accountId: AccountId
  /** What the server said last; null = not asked yet. */
  readonly copy: ServerCopyView | null
  readonly onCopy: (copy: ServerCopyView) => void
  /** Whether anything that is left is more than there should be. */
  readonly wasErased: boolean
}

/** What the server says it holds, with the time of asking, and a way to ask. */
export function ServerCopy({ accountId, copy, onCopy, wasErased }: ServerCopyProps) {
  const t = useT()
  const [busy, setBusy] = useState(false)
  async function askServer(): Promise<void> {
    setBusy(true)
    const answer = await ask('replication.serverCopy', { accountId })
    setBusy(false)
    if (answer !== null) onCopy(answer)
  }
  return (
    <div className="flex flex-col items-start gap-2">
      <div role="status" className="self-stretch empty:hidden">
        {copy !== null && <Answer copy={copy} wasErased={wasErased} />}
      </div>
      <Button
        size="small"
        pendingText={busy ? t('replication.copy.asking') : undefined}
        onPress={() => void askServer()}
      >
        {copy === null ? t('replication.copy.ask') : t('replication.copy.again')}
      </Button>
    </div>
  )
}

function Answer({ copy, wasErased }: { readonly copy: ServerCopyView; readonly wasErased: boolean }) {
  const t = useT()
  const language = useLanguage()
  const { server, batches, bytes, oldestDay } = copy
  const time = formatDateTime(language, copy.at)
  if (batches === 0) {
    return (
      <Banner icon={CircleCheck} tone="tint">
        {t('replication.copy.empty', { server, time })}
      </Banner>
    )
  }
  const held = { count: batches, formatted: formatCount(language, batches), size: formatBytes(language, bytes) }
  return (
    <Banner icon={wasErased ? TriangleAlert : CircleCheck} tone={wasErased ? 'danger' : 'plain'}>
      {t('replication.copy.left', { server, time, ...held })}
      {oldestDay !== null && <span className="block">{t('replication.copy.since', { day: oldestDay })}</span>}
      {wasErased && <span className="block">{t('replication.copy.leftHint')}</span>}
    </Banner>
  )
}
