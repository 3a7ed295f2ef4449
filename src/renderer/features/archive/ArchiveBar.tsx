import { CircleCheck, HardDrive, TriangleAlert } from 'lucide-react'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatCount } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import {
  forgetOutcome,
  useArchiveActivity,
  useArchiveOutcome,
  type ArchiveOutcome,
} from '#renderer/stores/archive-store.ts'
import { useDialog } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner } from '#renderer/ui/Feedback.tsx'
import { ProgressLine } from './ArchiveProgress.tsx'

/** An export or import that goes on while the user does something else, and what became of it. */
export function ArchiveBar() {
  const t = useT()
  const activity = useArchiveActivity()
  const outcome = useArchiveOutcome()
  const dialog = useDialog()
  const inDialog = dialog?.kind === 'export' || dialog?.kind === 'import'
  if (activity !== null && !inDialog) {
    const cancel = (
      <Button size="small" onPress={() => void attempt('archive.cancel', {})}>
        {t('app.cancel')}
      </Button>
    )
    return (
      <div className="border-b border-line bg-panel p-2">
        <Banner icon={HardDrive} actions={cancel}>
          <ProgressLine activity={activity} />
        </Banner>
      </div>
    )
  }
  return outcome === null ? null : <Outcome outcome={outcome} />
}

function Outcome({ outcome }: { readonly outcome: ArchiveOutcome }) {
  const t = useT()
  const language = useLanguage()
  const failed = outcome.kind === 'failed'
  const words = (): string => {
    if (outcome.kind === 'failed')
      return outcome.code === 'cancelled' ? t('archive.cancelledBehind') : errorText(t, outcome.code, outcome.params)
    if (outcome.kind === 'exported') return t('archive.exportedTo', { path: outcome.result.path })
    const { newMessages: count } = outcome.result
    return t('archive.imported', { count, formatted: formatCount(language, count) })
  }
  const actions = (
    <Button size="small" onPress={forgetOutcome}>
      {t('app.done')}
    </Button>
  )
  return (
    <div className="border-b border-line bg-panel p-2">
      <Banner
        icon={failed ? TriangleAlert : CircleCheck}
        tone={failed ? 'danger' : 'tint'}
        role={failed ? 'alert' : 'status'}
        actions={actions}
      >
        <span className="wrap-anywhere">{words()}</span>
      </Banner>
    </div>
  )
}
