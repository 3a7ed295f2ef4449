import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { Menu as AriaMenu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
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
  /** The button that opens it. */
  readonly children: ReactNode
  readonly isOpen?: boolean
  readonly onOpenChange?: (open: boolean) => void
}

/** A menu on a button. */
export function Menu({ label, entries, children, isOpen, onOpenChange }: MenuProps) {
  return (
    <MenuTrigger
      {...(isOpen === undefined ? {} : { isOpen })}
      {...(onOpenChange === undefined ? {} : { onOpenChange })}
    >
      {children}
      <Popover className="min-w-44 rounded-xl border border-line bg-raised p-1 shadow-lg">
        <AriaMenu aria-label={label} className="outline-none">
          {entries.map(({ id, label: text, icon: Icon, danger, onAction }) => (
            <MenuItem
              key={id}
              id={id}
              textValue={text}
              onAction={onAction}
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
    </MenuTrigger>
  )
}
