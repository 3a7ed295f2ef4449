import { Phone, PhoneIncoming, PhoneMissed, PhoneOff, PhoneOutgoing, Video } from 'lucide-react'
import type { CallRecordView } from '#shared/model/calls.ts'
import type { MessageView } from '#shared/model/views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { placeCall } from '#renderer/stores/call-store.ts'
import { IconButton } from '#renderer/ui/Button.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { clockTime, isMissed, recordWords } from './call-words.ts'
import { ReadersMark } from './Readers.tsx'

type Direction = MessageView['direction']

const icons = {
  missed: PhoneMissed,
  elsewhere: Phone,
  none: PhoneOff,
  incoming: PhoneIncoming,
  outgoing: PhoneOutgoing,
}

function iconOf(record: CallRecordView, direction: Direction): keyof typeof icons {
  if (isMissed(record, direction)) return 'missed'
  if (record.outcome === 'answered') return direction
  return record.outcome === 'elsewhere' ? 'elsewhere' : 'none'
}

/** Properties of {@link CallBubble}. */
export interface CallBubbleProps {
  readonly message: MessageView
  readonly record: CallRecordView
  /** Of the other side. */
  readonly name: string
}

/** A call among the messages: what became of it, how long, who could follow it, and calling again. */
export function CallBubble({ message, record, name }: CallBubbleProps) {
  const t = useT()
  const { direction, conversationId } = message
  const Icon = icons[iconOf(record, direction)]
  const missed = isMissed(record, direction)
  return (
    <div className="flex items-center gap-3 py-0.5">
      <Icon aria-hidden className={cx('size-4.5 shrink-0', missed ? 'text-danger' : 'text-soft')} />
      <div className="min-w-0 flex-1">
        <p className={cx('font-medium', missed && 'text-danger')}>{recordWords(t, record, direction)}</p>
        {record.durationMs > 0 && (
          <p className="flex flex-wrap items-center gap-x-2.5 text-xs text-soft">
            <span className="tabular-nums">
              <span className="sr-only">{t('call.duration', { time: clockTime(record.durationMs) })}</span>
              <span aria-hidden>{clockTime(record.durationMs)}</span>
            </span>
            <ReadersMark readers={record.readers} />
          </p>
        )}
      </div>
      <IconButton
        icon={record.video ? Video : Phone}
        label={t(direction === 'incoming' ? 'ended.callBack' : 'ended.redial')}
        size="small"
        onPress={() => void placeCall({ conversationId, name, video: record.video })}
      />
    </div>
  )
}
