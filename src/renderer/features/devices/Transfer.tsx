import type { HistoryTransferView } from '#shared/model/linking-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
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

function Line({ transfer: { share } }: { readonly transfer: HistoryTransferView }) {
  const t = useT()
  if (share === null) return <Working label={t('devices.transferBegins')} />
  const percent = Math.floor(share * 100)
  return <Measured label={t('devices.transferOf')} percent={percent} />
}
