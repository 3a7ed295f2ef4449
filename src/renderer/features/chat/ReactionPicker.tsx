import { type RefObject, useEffect, useState } from 'react'
import { Dialog, Form, Popover, ToggleButton, Toolbar } from 'react-aria-components'
import { emojiOf } from '#shared/model/reactions.ts'
import type { MessageView } from '#shared/model/views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { isOwnReaction } from './reacting.ts'

/** What people answer with most often. */
const common = ['👍', '❤️', '😂', '😮', '😢', '🙏'] as const
/** The longest emoji are families and flags: a field of one takes no more. */
const maxTyped = 64

/** Properties of {@link ReactionPicker}. */
export interface ReactionPickerProps {
  readonly message: MessageView
  readonly trigger: RefObject<HTMLElement | null>
  readonly onClose: () => void
}

/** Chooses an emoji for a message: one of six, or any other that is typed or pasted. */
export function ReactionPicker({ message, trigger, onClose }: ReactionPickerProps) {
  const t = useT()
  const { conversationId, author, messageId, reactions = [] } = message
  const held = reactions.find((reaction) => isOwnReaction(message, reaction))?.emojis ?? []
  // What had the focus before may have been the menu, which is gone; until the next frame nothing outside takes the focus.
  useEffect(() => {
    const button = trigger.current
    return () => void requestAnimationFrame(() => button?.focus())
  }, [trigger])
  const choose = (emoji: string, chosen: boolean): void => {
    onClose()
    void perform('messages.react', { conversationId, author, messageId, emoji, chosen })
  }
  return (
    <Popover
      isOpen
      triggerRef={trigger}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      className="rounded-xl border border-line bg-raised p-2 shadow-lg"
    >
      <Dialog aria-label={t('reactions.choose')} className="flex w-64 flex-col gap-2 outline-none">
        <Toolbar aria-label={t('reactions.common')} className="flex justify-between">
          {common.map((emoji, index) => (
            <ToggleButton
              key={emoji}
              autoFocus={index === 0}
              aria-label={t('reactions.with', { emoji })}
              isSelected={held.includes(emoji)}
              onChange={(chosen) => choose(emoji, chosen)}
              className="flex size-9 items-center justify-center rounded-lg border border-transparent text-xl hover:bg-hover data-[selected]:border-accent data-[selected]:bg-tint"
            >
              <span aria-hidden className="emoji">
                {emoji}
              </span>
            </ToggleButton>
          ))}
        </Toolbar>
        <AnotherEmoji onChoose={(emoji) => choose(emoji, true)} />
      </Dialog>
    </Popover>
  )
}

function AnotherEmoji({ onChoose }: { readonly onChoose: (emoji: string) => void }) {
  const t = useT()
  const [typed, setTyped] = useState('')
  const [refused, setRefused] = useState(false)
  return (
    <Form
      className="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        const emoji = emojiOf(typed.trim())
        setRefused(emoji === null)
        if (emoji !== null) onChoose(emoji)
      }}
    >
      <Field
        label={t('reactions.another')}
        value={typed}
        onChange={(value) => {
          setTyped(value)
          setRefused(false)
        }}
        maxLength={maxTyped}
        error={refused ? t('reactions.notOne') : null}
      />
      <Button type="submit" size="small" isDisabled={typed.trim() === ''}>
        {t('reactions.react')}
      </Button>
    </Form>
  )
}
