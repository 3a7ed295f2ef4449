import type { EntryFactory } from '#shared/model/entry-factory.ts'
import type { Aor, AttachmentId, ConversationId, DeviceId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { HistoryReaderPort, HistoryWriterPort } from '#main/history/port.ts'

/** What keeping the history as short as it should be works with. */
export interface UpkeepPorts {
  readonly writer: Pick<HistoryWriterPort, 'commit' | 'onChange'>
  readonly reader: Pick<HistoryReaderPort, 'expired' | 'nextExpiry' | 'overdue' | 'droppedAttachments' | 'attachments'>
  readonly entries: Pick<EntryFactory, 'make'>
  readonly attachments: {
    sweep(referenced: ReadonlySet<AttachmentId>): Promise<number>
  }
  /** The device of an account of this profile; null for an account that is not in it. */
  readonly deviceOf: (account: Aor) => DeviceId | null
  /** What the user no longer has to be told about. */
  readonly withdrawNotification: (conversation: ConversationId) => void
  /** Days that messages are kept where a conversation says nothing else; 0 = for ever. */
  readonly keepDays: () => number
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
}
