import { Bookmark, BookmarkX, Copy, Download, Info, Pencil, SmilePlus, Trash2 } from 'lucide-react'
import type { MessageView } from '#shared/model/views.ts'
import { type Translate, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { copyText } from '#renderer/ui/copy-text.ts'
import { Menu, type MenuEntry } from '#renderer/ui/Menu.tsx'
import type { RefObject } from 'react'
import { mayReact } from './reacting.ts'

/** What the menu of a message leads to. */
export interface MessageActions {
  readonly onReact: () => void
  readonly onEdit: (message: MessageView) => void
  readonly onDelete: () => void
  readonly onDetails: () => void
}

/** The entries that make sense for a message: one edits one's own texts only. */
function useEntries(message: MessageView, actions: MessageActions): readonly MenuEntry[] {
  const t = useT()
  const entries: MenuEntry[] = []
  const isText = message.call === undefined && message.file === undefined && !message.deleted
  // Nobody but a file says that one wrote it: whoever got it knows nothing of an edit.
  const editable = message.direction === 'outgoing' && isText && message.authenticatedBy !== 'file'
  if (mayReact(message)) {
    entries.push({ id: 'react', label: t('reactions.react'), icon: SmilePlus, onAction: actions.onReact })
  }
  if (isText) {
    entries.push({ id: 'copy', label: t('chat.copyText'), icon: Copy, onAction: () => void copyText(message.text) })
  }
  if (editable && !message.conflicting) {
    entries.push({ id: 'edit', label: t('chat.edit'), icon: Pencil, onAction: () => actions.onEdit(message) })
  }
  if (message.file?.stored === true) entries.push(saveEntry(t, message))
  if (!message.deleted) entries.push(bookmarkEntry(t, message))
  entries.push({ id: 'details', label: t('chat.details'), icon: Info, onAction: actions.onDetails })
  entries.push({ id: 'delete', label: t('chat.delete'), icon: Trash2, danger: true, onAction: actions.onDelete })
  return entries
}

function saveEntry(t: Translate, { conversationId, author, messageId }: MessageView): MenuEntry {
  return {
    id: 'save',
    label: t('chat.saveFile'),
    icon: Download,
    onAction: () => void perform('files.save', { conversationId, author, messageId }),
  }
}

function bookmarkEntry(t: Translate, { conversationId, author, messageId, bookmarked }: MessageView): MenuEntry {
  return {
    id: 'bookmark',
    label: bookmarked ? t('chat.unbookmark') : t('chat.bookmark'),
    icon: bookmarked ? BookmarkX : Bookmark,
    onAction: () =>
      void perform('messages.setBookmarked', { conversationId, author, messageId, bookmarked: !bookmarked }),
  }
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
