import type { LucideIcon } from 'lucide-react'
import type { RefObject } from 'react'
import { Menu as AriaMenu, MenuItem, Popover } from 'react-aria-components'
import { cx } from './cx.ts'

/** One entry of a menu. */
export interface MenuEntry {
  readonly id: string
  readonly label: string
  readonly icon: LucideIcon
  readonly danger?: boolean
  readonly onAction: () => void
}

/** Properties of {@link Menu}. */
export interface MenuProps {
  readonly label: string
  readonly entries: readonly MenuEntry[]
  /** The element it stands at. */
  readonly trigger: RefObject<HTMLElement | null>
  readonly onClose: () => void
}

/** An open menu beside the element it belongs to; the focus goes back when it closes. */
export function Menu({ label, entries, trigger, onClose }: MenuProps) {
  return (
    <Popover
      aria-label={label}
      isOpen
      triggerRef={trigger}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      className="min-w-44 rounded-xl border border-line bg-raised p-1 shadow-lg"
    >
      <AriaMenu aria-label={label} autoFocus="first" onClose={onClose} className="outline-none">
        {entries.map(({ id, label: text, icon: Icon, danger, onAction }) => (
          <MenuItem
            key={id}
            id={id}
            textValue={text}
            onAction={() => {
              onClose()
              onAction()
            }}
            className={cx(
              'flex items-center gap-2.5 rounded-lg px-2.5 py-1.5 text-sm outline-none data-[focused]:bg-hover forced-colors:data-[focused]:outline',
              danger === true && 'text-danger',
            )}
          >
            <Icon aria-hidden className="size-4" />
            {text}
          </MenuItem>
        ))}
      </AriaMenu>
    </Popover>
  )
}
