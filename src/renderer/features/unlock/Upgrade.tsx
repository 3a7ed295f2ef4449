import { useT } from '#renderer/i18n/i18n.ts'
import { Measured } from '#renderer/ui/Feedback.tsx'

/** An older history is brought up to date before it is shown: how far that is. */
export function Upgrade({ percent }: { readonly percent: number }) {
  const t = useT()
  return (
    <div className="flex flex-col gap-2">
      <Measured label={t('unlock.upgrade')} percent={percent} />
      <p className="text-sm text-soft">{t('unlock.upgradeHint')}</p>
    </div>
  )
}
