import { useT } from '#renderer/i18n/i18n.ts'
import { answerAddress, useAddressQuestion } from '#renderer/stores/call-store.ts'
import { openSettings } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'

/** Asks before the other side learns where the user is. */
export function AddressDialog() {
  const t = useT()
  const question = useAddressQuestion()
  if (question === null) return null
  const name = question.name === '' ? t('incoming.unknown') : question.name
  const answer = (goOn: boolean): void => answerAddress(question, goOn)
  return (
    <Dialog
      title={t('address.title', { name })}
      closeLabel={t('app.close')}
      role="alertdialog"
      onClose={() => answer(false)}
    >
      <p>{t('address.text')}</p>
      <DialogActions>
        <Button
          variant="quiet"
          onPress={() => {
            answer(false)
            openSettings('calls')
          }}
        >
          {t('address.setUp')}
        </Button>
        <Button onPress={() => answer(true)}>
          {t(question.kind === 'place' ? 'address.callAnyway' : 'address.acceptAnyway')}
        </Button>
        <Button variant="primary" autoFocus onPress={() => answer(false)}>
          {t('app.cancel')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
