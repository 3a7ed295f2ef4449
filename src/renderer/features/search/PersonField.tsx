import { ChevronDown } from 'lucide-react'
import { Button, ComboBox, Input, Label, ListBox, ListBoxItem, Popover } from 'react-aria-components'
import type { ConversationId } from '#shared/model/ids.ts'
import { displayAor } from '#shared/model/aor.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { useConversations } from '#renderer/stores/conversation-store.ts'
import { inputClass } from '#renderer/ui/Field.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { conversationName } from '../conversations/ConversationRow.tsx'

/** Whose conversation is searched: everybody's, or one that is found by typing some of the name or address. */
export function PersonField(props: {
  readonly value: ConversationId | null
  readonly onChange: (id: ConversationId | null) => void
}) {
  const { value, onChange } = props
  const t = useT()
  const people = useConversations().map((conversation) => ({
    id: conversation.id,
    name: conversationName(conversation),
    address: displayAor(conversation.peer),
  }))
  return (
    <ComboBox
      // What is typed belongs to the person that was chosen before.
      key={value ?? 'everybody'}
      value={value}
      onChange={(key) => onChange(people.find(({ id }) => id === key)?.id ?? null)}
      defaultItems={people}
      menuTrigger="focus"
      className="flex flex-col gap-1"
    >
      <Label className="text-xs font-medium text-soft">{t('search.person')}</Label>
      <div className="relative">
        <Input placeholder={t('search.everybody')} className={cx(inputClass, 'h-8 py-1 pe-8 text-sm')} />
        <Button className="absolute end-0.5 top-1/2 flex size-7 -translate-y-1/2 items-center justify-center text-soft">
          <ChevronDown aria-hidden className="size-4" />
        </Button>
      </div>
      <Popover className="w-(--trigger-width) rounded-lg border border-line bg-raised p-1 shadow-lg">
        <ListBox<(typeof people)[number]> className="max-h-64 overflow-auto outline-none">
          {({ id, name, address }) => (
            <ListBoxItem
              id={id}
              textValue={name === address ? name : `${name} (${address})`}
              className="flex flex-col rounded-md px-2.5 py-1 text-sm outline-none data-[focused]:bg-hover forced-colors:data-[focused]:outline"
            >
              <bdi className="truncate">{name}</bdi>
              {name !== address && <bdi className="truncate text-xs text-soft">{address}</bdi>}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  )
}
