import { type ReactNode, useState } from 'react'
import { Button } from './Button.tsx'
import { Dialog, DialogActions } from './Dialog.tsx'

/** Properties of {@link ConfirmDialog}. */
export interface ConfirmDialogProps {
  readonly title: string
  readonly children: ReactNode
  readonly labels: {
    readonly close: string
    readonly cancel: string
    readonly action: string
    /** While it is being done. */
    readonly busy: string
  }
  readonly variant?: 'danger' | 'primary'
  readonly isReady?: boolean
  /** Resolves with why it did not work, in words; null where nothing is to be said here. */
  readonly onConfirm: () => Promise<string | null>
  readonly onClose: () => void
}

/** The question before something that cannot be taken back; the answer with the focus is "Cancel". */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, labels, variant = 'danger', isReady = true, onConfirm, onClose } = props
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)

  async function confirm(): Promise<void> {
    setBusy(true)
    setError(null)
    const why = await onConfirm()
    setBusy(false)
    setError(why)
  }

  return (
    <Dialog title={title} closeLabel={labels.close} role="alertdialog" onClose={busy ? () => undefined : onClose}>
      <div className="flex flex-col gap-3">
        {children}
        {error !== null && (
          <p role="alert" className="text-sm text-danger">
            {error}
          </p>
        )}
      </div>
      <DialogActions>
        <Button autoFocus isDisabled={busy} onPress={onClose}>
          {labels.cancel}
        </Button>
        <Button
          variant={variant}
          isDisabled={!isReady}
          pendingText={busy ? labels.busy : undefined}
          onPress={() => void confirm()}
        >
          {labels.action}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
