import { type ReactNode, useState } from 'react'
import { useT } from '#renderer/i18n/i18n.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'

/** Properties of {@link ConfirmErase}. */
export interface ConfirmEraseProps {
  readonly title: string
  readonly text: string
  /** What is asked or typed besides. */
  readonly children?: ReactNode
  readonly isReady?: boolean
  /** Resolves with whether it was erased; why not is said elsewhere. */
  readonly onErase: () => Promise<boolean>
  readonly onClose: () => void
}

/** The question before something is erased for good; the answer with the focus is "Cancel". */
export function ConfirmErase(props: ConfirmEraseProps) {
  const { title, text, children, isReady = true, onErase, onClose } = props
  const t = useT()
  const [busy, setBusy] = useState(false)
  return (
    <Dialog title={title} closeLabel={t('app.close')} role="alertdialog" onClose={busy ? () => undefined : onClose}>
      <div className="flex flex-col gap-3">
        <p>{text}</p>
        {children}
      </div>
      <DialogActions>
        <Button autoFocus isDisabled={busy} onPress={onClose}>
          {t('app.cancel')}
        </Button>
        <Button
          variant="danger"
          isDisabled={!isReady}
          pendingText={busy ? t('holdings.erasing') : undefined}
          onPress={() => {
            setBusy(true)
            void onErase().then((done) => {
              setBusy(false)
              if (done) onClose()
            })
          }}
        >
          {t('holdings.erase')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
