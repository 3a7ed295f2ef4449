import { Archive, ArchiveRestore, Bell, BellOff, Info, Pin, PinOff, Trash2 } from 'lucide-react'
import type { RefObject } from 'react'
import type { ConversationView } from '#shared/model/views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { showDialog } from '#renderer/stores/screen-store.ts'
import { Menu, type MenuEntry } from '#renderer/ui/Menu.tsx'

/** Properties of {@link ConversationMenu}. */
export interface ConversationMenuProps {
  readonly conversation: ConversationView
  readonly trigger: RefObject<HTMLElement | null>
  readonly onClose: () => void
}

/** The menu of a conversation in the list, open. */
export function ConversationMenu({ conversation, trigger, onClose }: ConversationMenuProps) {
  const t = useT()
  return <Menu label={t('list.menuOf')} entries={useEntries(conversation)} trigger={trigger} onClose={onClose} />
}

function useEntries({ id, pinned, archived, muted }: ConversationView): readonly MenuEntry[] {
  const t = useT()
  const conversationId = id
  return [
    {
      id: 'pin',
      label: pinned ? t('list.unpin') : t('list.pin'),
      icon: pinned ? PinOff : Pin,
      onAction: () => void perform('conversations.setPinned', { conversationId, pinned: !pinned }),
    },
    {
      id: 'archive',
      label: archived ? t('list.unarchive') : t('list.archive'),
      icon: archived ? ArchiveRestore : Archive,
      onAction: () => void perform('conversations.setArchived', { conversationId, archived: !archived }),
    },
    {
      id: 'mute',
      label: muted ? t('list.unmute') : t('list.mute'),
      icon: muted ? Bell : BellOff,
      onAction: () => void perform('conversations.setMuted', { conversationId, muted: !muted }),
    },
    { id: 'contact', label: t('list.about'), icon: Info, onAction: () => showDialog({ kind: 'contact', id }) },
    {
      id: 'erase',
      label: t('list.erase'),
      icon: Trash2,
      danger: true,
      onAction: () => showDialog({ kind: 'erase-conversation', id }),
    },
  ]
}
