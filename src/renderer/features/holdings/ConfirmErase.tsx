import type { ReactNode } from 'react'
import { useT } from '#renderer/i18n/i18n.ts'
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx'

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
  const labels = {
    ...{ close: t('app.close'), cancel: t('app.cancel') },
    ...{ action: t('holdings.erase'), busy: t('holdings.erasing') },
  }

  async function erase(): Promise<null> {
    if (await onErase()) onClose()
    return null
  }

  return (
    <ConfirmDialog {...{ title, labels, isReady, onClose }} onConfirm={erase}>
      <p>{text}</p>
      {children}
    </ConfirmDialog>
  )
}
