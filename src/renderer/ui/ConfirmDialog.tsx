import { type ReactNode, useState } from 'react'
import { Form } from 'react-aria-components'
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
  /** What has the focus at first: where something has to be typed, that (with `autoFocus`), and Enter there is the answer. */
  readonly focus?: 'cancel' | 'content'
  /** Resolves with why it did not work, in words; null where nothing is to be said here. */
  readonly onConfirm: () => Promise<string | null>
  readonly onClose: () => void
}

/** The question before something that cannot be taken back; the answer with the focus is "Cancel", unless something has to be typed. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, labels, variant = 'danger', isReady = true, focus = 'cancel', onConfirm, onClose } = props
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
      <Body isTyped={focus === 'content'} onEnter={() => isReady && !busy && void confirm()}>
        {children}
        {error !== null && (
          <p role="alert" className="text-sm text-danger">
            {error}
          </p>
        )}
        <DialogActions>
          <Button autoFocus={focus === 'cancel'} isDisabled={busy} onPress={onClose}>
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
      </Body>
    </Dialog>
  )
}

interface BodyProps {
  readonly isTyped: boolean
  readonly onEnter: () => void
  readonly children: ReactNode
}

/** A form only where something is typed: Enter on a checkbox sends a form, and answers what was only to be looked at. */
function Body({ isTyped, onEnter, children }: BodyProps) {
  if (!isTyped) return <div className="flex flex-col gap-3">{children}</div>
  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        onEnter()
      }}
    >
      {children}
    </Form>
  )
}
