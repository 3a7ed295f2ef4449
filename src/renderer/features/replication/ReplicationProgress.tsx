import { HardDrive } from 'lucide-react'
import type { ReplicationView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner, Measured, Working } from '#renderer/ui/Feedback.tsx'
import { progressText, stateText } from './replication-words.ts'

/** Properties of {@link ReplicationProgress}. */
export interface ReplicationProgressProps {
  readonly view: ReplicationView
  /** Ends replication instead of waiting for it; absent where that is done elsewhere. */
  readonly onCancel?: () => void
}

/** What replication is doing and why it does not go on, in words, with a way to stop for a while. */
export function ReplicationProgress({ view, onCancel }: ReplicationProgressProps) {
  const t = useT()
  const { accountId, state, error, progress, isFullOfFiles } = view
  const goesOn = state === 'paused' || state === 'stopped'
  return (
    <div className="flex flex-col gap-2">
      <p role="status" className="text-sm">
        {stateText(t, state)}
        {error !== null && <span className="block text-soft">{errorText(t, error)}</span>}
      </p>
      {isFullOfFiles && (
        <Banner icon={HardDrive} tone="warn" role="status">
          {t('replication.fullOfFiles')}
        </Banner>
      )}
      {progress !== null && <Line progress={progress} />}
      <div className="flex flex-wrap gap-2 empty:hidden">
        {progress !== null && !goesOn && (
          <Button size="small" onPress={() => void perform('replication.pause', { accountId })}>
            {t('replication.pause')}
          </Button>
        )}
        {state === 'paused' && (
          <Button size="small" onPress={() => void perform('replication.syncNow', { accountId })}>
            {t('replication.goOn')}
          </Button>
        )}
        {progress !== null && onCancel !== undefined && (
          <Button size="small" onPress={onCancel}>
            {t('app.cancel')}
          </Button>
        )}
      </div>
    </div>
  )
}

function Line({ progress }: { readonly progress: NonNullable<ReplicationView['progress']> }) {
  const t = useT()
  const language = useLanguage()
  const label = progressText(t, language, progress)
  const { done, total } = progress
  if (total === null || total === 0) return <Working label={label} />
  return <Measured label={label} percent={Math.min(1, done / total) * 100} />
}
