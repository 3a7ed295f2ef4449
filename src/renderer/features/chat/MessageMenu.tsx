import { Copy, Info, Pencil, Trash2 } from 'lucide-react'
import type { MessageView } from '#shared/model/views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { copyText } from '#renderer/ui/copy-text.ts'
import { Menu, type MenuEntry } from '#renderer/ui/Menu.tsx'
import type { RefObject } from 'react'

/** What the menu of a message leads to. */
export interface MessageActions {
  readonly onEdit: (message: MessageView) => void
  readonly onDelete: () => void
  readonly onDetails: () => void
}

/** The entries that make sense for a message: one edits and deletes one's own only. */
function useEntries(message: MessageView, actions: MessageActions): readonly MenuEntry[] {
  const t = useT()
  const entries: MenuEntry[] = []
  const isCall = message.call !== undefined
  const own = message.direction === 'outgoing' && !message.deleted
  // Nobody but a file says that one wrote it: whoever got it knows nothing of an edit.
  const editable = own && message.authenticatedBy !== 'file'
  if (!message.deleted && !isCall) {
    entries.push({ id: 'copy', label: t('chat.copyText'), icon: Copy, onAction: () => void copyText(message.text) })
  }
  if (editable && !message.conflicting && !isCall) {
    entries.push({ id: 'edit', label: t('chat.edit'), icon: Pencil, onAction: () => actions.onEdit(message) })
  }
  entries.push({ id: 'details', label: t('chat.details'), icon: Info, onAction: actions.onDetails })
  if (own) {
    entries.push({ id: 'delete', label: t('chat.delete'), icon: Trash2, danger: true, onAction: actions.onDelete })
  }
  return entries
}

/** Properties of {@link MessageMenu}. */
export interface MessageMenuProps {
  readonly message: MessageView
  readonly actions: MessageActions
  readonly trigger: RefObject<HTMLElement | null>
  readonly onClose: () => void
}

/** The menu of one message, open. */
export function MessageMenu({ message, actions, trigger, onClose }: MessageMenuProps) {
  const t = useT()
  return <Menu label={t('chat.menuOf')} entries={useEntries(message, actions)} trigger={trigger} onClose={onClose} />
}
