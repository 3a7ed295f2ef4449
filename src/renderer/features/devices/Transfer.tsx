import type { HistoryTransferView } from '#shared/model/linking-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatCount } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Measured, Working } from '#renderer/ui/Feedback.tsx'

const texts = { giving: 'devices.giving', taking: 'devices.taking' } as const

/** The whole history on its way between two devices, with a way to end that. */
export function Transfer({ transfer }: { readonly transfer: HistoryTransferView }) {
  const t = useT()
  const { accountId, doing, device, error } = transfer
  return (
    <div role="group" aria-label={t('devices.transfer')} className="flex flex-col gap-2 rounded-xl bg-tint px-3 py-2.5">
      <p className="text-sm">{t(texts[doing], { name: device })}</p>
      <Line transfer={transfer} />
      {error !== null && (
        <p role="status" className="text-sm">
          {errorText(t, error)} {t('devices.transferWaits')}
        </p>
      )}
      <div>
        <Button size="small" onPress={() => void perform('linking.stopTransfer', { accountId })}>
          {t('devices.stopTransfer')}
        </Button>
      </div>
    </div>
  )
}

function Line({ transfer: { done, total } }: { readonly transfer: HistoryTransferView }) {
  const t = useT()
  const language = useLanguage()
  if (total === null || total === 0) return <Working label={t('devices.transferBegins')} />
  const label = t('devices.transferOf', { done: formatCount(language, done), total: formatCount(language, total) })
  return <Measured label={label} percent={Math.min(1, done / total) * 100} />
}
