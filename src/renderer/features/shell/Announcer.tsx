import { useState } from 'react'
import { type Translate, useT } from '#renderer/i18n/i18n.ts'
import { useConversations } from '#renderer/stores/conversation-store.ts'
import { useLoaded } from '#renderer/stores/message-store.ts'
import { useMainView } from '#renderer/stores/screen-store.ts'
import { recordWords } from '../calls/call-words.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import type { ConversationView, MessageView } from '#shared/model/views.ts'

/** Longest piece of a message that is read out by itself. */
const spokenLength = 200

/** Says new messages of the open conversation politely; nothing of strangers is read out. */
export function Announcer() {
  const main = useMainView()
  return main.kind === 'conversation' ? <ConversationAnnouncer key={main.id} id={main.id} /> : null
}

function ConversationAnnouncer({ id }: { readonly id: ConversationId }) {
  const t = useT()
  const { window: loaded } = useLoaded(id)
  const conversation = useConversations().find((candidate) => candidate.id === id)
  const last = loaded?.hasNewer === false ? loaded.messages.at(-1) : undefined
  const [spokenUpTo, setSpokenUpTo] = useState<number | null>(null)
  const [spoken, setSpoken] = useState('')
  if (last !== undefined && last.position !== spokenUpTo) {
    setSpokenUpTo(last.position)
    if (conversation !== undefined && isSpoken(last, spokenUpTo, conversation)) {
      setSpoken(t('chat.newFrom', { name: conversation.name, text: spokenText(t, last) }))
    }
  }
  return (
    <div className="sr-only" aria-live="polite" data-announcer>
      {spoken}
    </div>
  )
}

function spokenText(t: Translate, message: MessageView): string {
  return message.call === undefined
    ? message.text.slice(0, spokenLength)
    : recordWords(t, message.call, message.direction)
}

/** Newer than what was there on opening, from the other side, and not from a stranger. */
function isSpoken(last: MessageView, spokenUpTo: number | null, conversation: ConversationView): boolean {
  const isNew = spokenUpTo !== null && last.position > spokenUpTo
  return isNew && last.direction === 'incoming' && conversation.policy !== 'pending'
}
