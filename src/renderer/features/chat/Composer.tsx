import { Check, SendHorizontal, X } from 'lucide-react'
import { type KeyboardEvent, memo, useEffect, useRef, useState } from 'react'
import type { MessageView } from '#shared/model/views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useFocusSerial } from '#renderer/stores/screen-store.ts'
import { IconButton } from '#renderer/ui/Button.tsx'
import { useDraft } from './use-draft.ts'

/** Longest text one message takes, UTF-16 units (the bridge refuses more). */
const textLimit = 1_000_000

/** Properties of {@link Composer}. */
export interface ComposerProps {
  readonly conversationId: MessageView['conversationId']
  readonly name: string
  readonly initialDraft: string
  readonly editing: MessageView | null
  readonly onEditLast: () => void
  readonly onEditDone: () => void
  readonly onSent: () => void
}

/** Where one writes: Enter sends, Shift+Enter breaks the line, the arrow up edits one's last message. */
export const Composer = memo(function Composer(props: ComposerProps) {
  const { conversationId, name, initialDraft, editing, onEditLast, onEditDone, onSent } = props
  const t = useT()
  const field = useRef<HTMLTextAreaElement>(null)
  const [text, setText] = useDraft(conversationId, initialDraft, editing)
  const [busy, setBusy] = useState(false)
  const focusSerial = useFocusSerial()
  const empty = text.trim() === ''

  useEffect(() => {
    field.current?.focus()
  }, [focusSerial, editing])

  /** The field is free at once: what is typed while a message leaves belongs to the next one. */
  async function send(): Promise<void> {
    setText('')
    onSent()
    const sent = await perform('messages.send', { conversationId, text })
    // On failure the text comes back, before whatever was typed since, with a notice that says why.
    if (!sent) setText((now) => (now === '' ? text : `${text}\n${now}`))
  }

  async function saveEdit(edited: MessageView): Promise<void> {
    if (busy) return
    setBusy(true)
    const { messageId } = edited
    const done = edited.text === text || (await perform('messages.edit', { conversationId, messageId, text }))
    setBusy(false)
    if (done) onEditDone()
  }

  function submit(): void {
    if (empty) return
    void (editing === null ? send() : saveEdit(editing))
    field.current?.focus()
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault()
      submit()
    } else if (event.key === 'ArrowUp' && text === '' && editing === null && !event.altKey) {
      event.preventDefault()
      onEditLast()
    } else if (event.key === 'Escape' && editing !== null) {
      event.preventDefault()
      event.stopPropagation()
      onEditDone()
    }
  }

  return (
    <footer className="border-t border-line px-3 py-2.5" data-pane="composer">
      {editing !== null && (
        <div className="mb-1.5 flex items-center justify-between gap-2 ps-2 text-sm text-accent" role="status">
          {t('composer.editing')}
          <IconButton icon={X} label={t('composer.cancelEdit')} onPress={onEditDone} size="small" />
        </div>
      )}
      <div className="flex items-end gap-2">
        <textarea
          ref={field}
          data-pane-focus
          dir="auto"
          rows={1}
          value={text}
          maxLength={textLimit}
          aria-label={t('composer.label', { name })}
          aria-description={t('composer.hint')}
          placeholder={t('composer.placeholder')}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          className="field-sizing-content max-h-[40vh] min-h-10 min-w-0 flex-1 resize-none overflow-y-auto rounded-2xl border border-edge bg-sunken px-3.5 py-2 leading-snug outline-offset-1 selectable placeholder:text-soft"
        />
        <IconButton
          icon={editing === null ? SendHorizontal : Check}
          label={editing === null ? t('composer.send') : t('composer.saveEdit')}
          tone="send"
          isDisabled={empty || busy}
          onPress={submit}
        />
      </div>
    </footer>
  )
})
