import { ProgressBar } from 'react-aria-components'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { useArchiveActivity } from '#renderer/stores/archive-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { DialogActions } from '#renderer/ui/Dialog.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'

const phases = {
  sealing: 'archive.phase.sealing',
  writing: 'archive.phase.writing',
  attachments: 'archive.phase.attachments',
  verifying: 'archive.phase.verifying',
  comparing: 'archive.phase.comparing',
  importing: 'archive.phase.importing',
} as const

/** What runs and how far it is, with a way to end it. */
export function ArchiveProgress({ waiting, hint }: { readonly waiting: string; readonly hint: string }) {
  const t = useT()
  const activity = useArchiveActivity()
  return (
    <div className="flex flex-col gap-3">
      {activity === null || activity.total === 0 ? (
        <Working label={activity === null ? waiting : t(phases[activity.phase])} />
      ) : (
        <Bar label={t(phases[activity.phase])} share={Math.min(1, activity.done / activity.total)} />
      )}
      <p className="text-sm text-soft">{hint}</p>
      <DialogActions>
        <Button onPress={() => void attempt('archive.cancel', {})}>{t('app.cancel')}</Button>
      </DialogActions>
    </div>
  )
}

function Bar({ label, share }: { readonly label: string; readonly share: number }) {
  return (
    <ProgressBar aria-label={label} value={share * 100} className="flex flex-col gap-1.5">
      {({ valueText }) => (
        <>
          <span className="flex justify-between gap-3 text-sm text-soft">
            <span>{label}</span>
            <span className="tabular-nums">{valueText}</span>
          </span>
          <svg
            aria-hidden
            viewBox="0 0 100 1"
            preserveAspectRatio="none"
            className="h-1.5 w-full rounded-full bg-hover"
          >
            <rect width={share * 100} height="1" className="fill-accent" />
          </svg>
        </>
      )}
    </ProgressBar>
  )
}
