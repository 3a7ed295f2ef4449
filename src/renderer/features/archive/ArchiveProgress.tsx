import type { ArchiveActivity } from '#shared/model/archive-views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { useArchiveActivity } from '#renderer/stores/archive-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { DialogActions } from '#renderer/ui/Dialog.tsx'
import { Measured, Working } from '#renderer/ui/Feedback.tsx'

const phases = {
  sealing: 'archive.phase.sealing',
  writing: 'archive.phase.writing',
  attachments: 'archive.phase.attachments',
  verifying: 'archive.phase.verifying',
  comparing: 'archive.phase.comparing',
  importing: 'archive.phase.importing',
} as const

/** Properties of {@link ArchiveProgress}. */
export interface ArchiveProgressProps {
  readonly waiting: string
  readonly hint: string
  /** Lets it go on without the dialog; absent where nothing would show it. */
  readonly onHide?: (() => void) | undefined
}

/** What runs and how far it is, with a way to end it, or to do something else meanwhile. */
export function ArchiveProgress({ waiting, hint, onHide }: ArchiveProgressProps) {
  const t = useT()
  const activity = useArchiveActivity()
  return (
    <div className="flex flex-col gap-3">
      {activity === null ? <Working label={waiting} /> : <ProgressLine activity={activity} />}
      <p className="text-sm text-soft">{hint}</p>
      <DialogActions>
        <Button onPress={() => void attempt('archive.cancel', {})}>{t('app.cancel')}</Button>
        {onHide !== undefined && activity !== null && (
          <Button variant="primary" onPress={onHide}>
            {t('archive.hide')}
          </Button>
        )}
      </DialogActions>
    </div>
  )
}

/** What runs, as a line with a bar. */
export function ProgressLine({ activity }: { readonly activity: ArchiveActivity }) {
  const t = useT()
  const label = t(phases[activity.phase])
  if (activity.total === 0) return <Working label={label} />
  return <Measured label={label} percent={Math.min(1, activity.done / activity.total) * 100} />
}
