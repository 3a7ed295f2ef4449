import { Timer, TimerOff } from 'lucide-react'
import type { ConversationId } from '#shared/model/ids.ts'
import type { ConversationView, MessageView } from '#shared/model/views.ts'
import { formatDuration } from '#renderer/i18n/format.ts'
import { type Translate, useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useConversation } from '#renderer/stores/conversation-store.ts'
import { Button } from '#renderer/ui/Button.tsx'

/** Properties of {@link TimerLine}. */
export interface TimerLineProps {
  readonly message: MessageView
  readonly seconds: number
  /** Of the other side. */
  readonly name: string
}

/** A line among the messages: who wants messages to disappear, and whether the other side agreed. */
export function TimerLine({ message, seconds, name }: TimerLineProps) {
  const t = useT()
  const language = useLanguage()
  const conversation = useConversation(message.conversationId)
  const Icon = seconds === 0 ? TimerOff : Timer
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-1.5 rounded-xl bg-panel px-3 py-2 text-center text-sm text-soft">
      <p>
        <Icon aria-hidden className="me-1.5 inline size-4 align-[-0.15em]" />
        {timerWords(t, message.direction, name, seconds === 0 ? null : formatDuration(language, seconds))}
      </p>
      {conversation !== undefined && <Answer {...{ conversation, message, seconds, name }} />}
    </div>
  )
}

function timerWords(t: Translate, direction: MessageView['direction'], name: string, time: string | null): string {
  const own = direction === 'outgoing'
  if (time === null) return own ? t('timer.youStopped') : t('timer.theyStopped', { name })
  return own ? t('timer.youWant', { time }) : t('timer.theyWant', { name, time })
}

interface AnswerProps extends TimerLineProps {
  readonly conversation: ConversationView
}

/** What is missing for it to take effect, where it is the newest word of its side. */
function Answer({ conversation, message, seconds, name }: AnswerProps) {
  const t = useT()
  const { own, peer } = conversation.timers
  if (message.direction === 'outgoing') {
    return seconds > 0 && own === seconds && peer === 0 ? (
      <p className="text-xs">{t('timer.waiting', { name })}</p>
    ) : null
  }
  if (seconds === 0 || peer !== seconds || own > 0 || conversation.policy !== 'accepted') return null
  return <Agree id={conversation.id} seconds={seconds} />
}

function Agree({ id, seconds }: { readonly id: ConversationId; readonly seconds: number }) {
  const t = useT()
  return (
    <Button size="small" onPress={() => void perform('conversations.setTimer', { conversationId: id, seconds })}>
      {t('timer.agree')}
    </Button>
  )
}
