import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { cx } from './cx.ts'
import { IconButton } from './Button.tsx'

/** Properties of {@link Dialog}. */
export interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  readonly closeLabel: string
  /** `alertdialog` for questions that must be answered. */
  readonly role?: 'dialog' | 'alertdialog'
  readonly wide?: boolean
}

/** A modal dialog; Escape closes it, the focus stays inside and goes back afterwards. */
export function Dialog({ title, onClose, children, closeLabel, role = 'dialog', wide = false }: DialogProps) {
  return (
    <ModalOverlay
      isOpen
      isDismissable={role === 'dialog'}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      className="fixed inset-0 z-30 flex items-center justify-center bg-black/45 p-3"
    >
      <Modal
        className={cx(
          'flex max-h-full w-full flex-col overflow-hidden rounded-2xl border border-line bg-raised shadow-2xl',
          wide ? 'max-w-2xl' : 'max-w-md',
        )}
      >
        <AriaDialog role={role} className="flex min-h-0 flex-col outline-none">
          <header className="flex items-center justify-between gap-3 border-b border-line py-2.5 ps-5 pe-2.5">
            <Heading slot="title" className="text-base font-semibold">
              {title}
            </Heading>
            {role === 'dialog' && <IconButton icon={X} label={closeLabel} onPress={onClose} />}
          </header>
          <div className="relative min-h-0 overflow-y-auto p-5">{children}</div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

/** The row of buttons that ends a dialog. */
export function DialogActions({ children }: { readonly children: ReactNode }) {
  return <div className="mt-5 flex flex-wrap justify-end gap-2">{children}</div>
}
