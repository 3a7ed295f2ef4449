import { CircleCheck } from 'lucide-react'
import type { OldDeviceLinking } from '#shared/model/linking-views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useAccount } from '#renderer/stores/app-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { DialogActions } from '#renderer/ui/Dialog.tsx'
import { FocusedHeading } from '#renderer/ui/FocusedHeading.tsx'
import { Banner, Working } from '#renderer/ui/Feedback.tsx'

interface HandOverProps {
  readonly linking: OldDeviceLinking
  /** Ends what runs and puts away how it ended. */
  readonly onCancel: () => void
  readonly onClose: () => void
}

/** What is handed over to whom: looked for, asked, done or failed. */
export function HandOver({ linking, onCancel, onClose }: HandOverProps) {
  const t = useT()
  const name = linking.device ?? t('linking.unnamed')
  switch (linking.state) {
    case 'looking':
      return <Waiting label={t('linking.looking')} onCancel={onCancel} />
    case 'handing-over':
      return <Waiting label={t('linking.handingOver', { name })} onCancel={onCancel} />
    case 'asking':
      return <Question linking={linking} name={name} onCancel={onCancel} />
    case 'done':
      return (
        <>
          <Banner icon={CircleCheck} tone="tint" role="status">
            {t('linking.oldDone', { name })}
          </Banner>
          <p className="mt-3 text-sm text-soft">{t('linking.oldDoneText')}</p>
          <DialogActions>
            <Button variant="primary" autoFocus onPress={onClose}>
              {t('app.done')}
            </Button>
          </DialogActions>
        </>
      )
    case 'failed':
      return (
        <>
          <p role="alert">{linking.error === null ? t('linking.failed') : errorText(t, linking.error)}</p>
          <DialogActions>
            <Button onPress={onClose}>{t('app.close')}</Button>
            <Button variant="primary" autoFocus onPress={onCancel}>
              {t('app.retry')}
            </Button>
          </DialogActions>
        </>
      )
  }
}

function Waiting({ label, onCancel }: { readonly label: string; readonly onCancel: () => void }) {
  const t = useT()
  return (
    <div role="status">
      <Working label={label} />
      <DialogActions>
        <Button autoFocus onPress={onCancel}>
          {t('app.cancel')}
        </Button>
      </DialogActions>
    </div>
  )
}

const handed = ['address', 'contacts', 'history', 'keys'] as const
const handedTexts = {
  address: 'linking.handed.address',
  contacts: 'linking.handed.contacts',
  history: 'linking.handed.history',
  keys: 'linking.handed.keys',
} as const

function Question(props: Pick<HandOverProps, 'linking' | 'onCancel'> & { readonly name: string }) {
  const { linking, name, onCancel } = props
  const t = useT()
  const account = useAccount(linking.accountId)
  const address = account === undefined ? '' : displayAor(account.aor)
  return (
    <div className="flex flex-col gap-3">
      <FocusedHeading>{t('linking.question', { name })}</FocusedHeading>
      <p>{t('linking.handedLead')}</p>
      <ul className="ms-5 list-disc text-sm">
        {handed.map((part) => (
          <li key={part}>{t(handedTexts[part], { name: address })}</li>
        ))}
      </ul>
      <p className="text-sm text-soft">{t('linking.questionHint')}</p>
      <DialogActions>
        <Button onPress={onCancel}>{t('app.cancel')}</Button>
        <Button variant="primary" onPress={() => void perform('linking.confirm', {})}>
          {t('linking.confirm')}
        </Button>
      </DialogActions>
    </div>
  )
}
