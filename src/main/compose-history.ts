/** Wires what works on the history itself: its upkeep, searches, and what the user keeps, pins or removes. */
import { SottoError } from '#shared/errors.ts'
import type { AccountView } from '#shared/model/views.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { EntryFactory } from '#shared/model/entry-factory.ts'
import type { SessionAnswers } from './bridge/handlers.ts'
import type { BridgePublisher } from './bridge/publisher.ts'
import type { Chat } from './chat/chat.ts'
import type { NotificationPort } from './chat/ports.ts'
import { FileSaver, type FileSaverPorts, type SaveDialogPort } from './files/file-saver.ts'
import { AttachmentStore } from './history/attachments/attachment-store.ts'
import type { OpenHistory } from './history/open-history.ts'
import type { ProfilePaths } from './platform/profile-paths.ts'
import type { Replicas } from './replication/replicas.ts'
import { Searches } from './searches/searches.ts'
import type { Settings } from './settings/settings.ts'
import { HistoryUpkeep } from './upkeep/upkeep.ts'

interface Ports {
  readonly fileDialogs: SaveDialogPort
  readonly publisher: BridgePublisher
  readonly paths: ProfilePaths
  readonly notifications: NotificationPort
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
}

interface Parts {
  readonly history: OpenHistory
  readonly entries: EntryFactory
  readonly settings: Settings
  readonly accounts: { list(): readonly AccountView[] }
  readonly unfinished: FileSaverPorts['unfinished']
  readonly replicas: Pick<Replicas, 'fetchFile'>
}

/** What the history itself needs while it is open. */
export interface HistoryFeatures {
  readonly upkeep: HistoryUpkeep
  readonly searches: Searches
  readonly attachments: AttachmentStore
  readonly files: FileSaver
}

/** Resolves when what disappeared while the program was closed is gone. */
export async function startHistory(
  ports: Ports,
  { history, entries, settings, accounts, unfinished, replicas }: Parts,
  opened: (() => Promise<void> | void)[],
): Promise<HistoryFeatures> {
  const base = { ...ports, ...history, entries }
  const attachments = new AttachmentStore(ports.paths.attachments, ports.random)
  const upkeep = new HistoryUpkeep({
    ...base,
    attachments,
    deviceOf: (aor) => accounts.list().find((account) => account.aor === aor)?.deviceId ?? null,
    withdrawNotification: (id) => ports.notifications.withdraw(id),
    keepDays: () => settings.get().keepDays,
  })
  const searches = new Searches({
    ...base,
    accounts: () =>
      accounts.list().map(({ aor, deviceId }) => {
        return { account: aor, device: deviceId, authenticatedBy: 'own-device', verified: true } as const
      }),
  })
  const files = new FileSaver({
    ...{ ...base, attachments, unfinished, dialog: ports.fileDialogs },
    fetch: (id, attachment, hooks) => fetchFile({ history, replicas }, id, attachment, hooks),
    changed: (saving) => ports.publisher.publish('files.saving', saving),
  })
  opened.push(
    () => upkeep.stop(),
    () => files.stop(),
  )
  await upkeep.start()
  return { upkeep, searches, attachments, files }
}

/** Whose account the conversation is of decides which replica is asked. */
async function fetchFile(
  { history, replicas }: Pick<Parts, 'history' | 'replicas'>,
  ...[conversationId, { id, key }, { progress, check }]: Parameters<FileSaverPorts['fetch']>
): Promise<void> {
  const conversation = await history.reader.conversation(conversationId)
  if (conversation === null) throw new SottoError('not-found')
  const share = (done: number, total: number): void => progress(done / total)
  await replicas.fetchFile(conversation.accountId, { id, key, check, progress: share })
}

/** The bridge's rows about conversations and their rows that nobody else hears of, but for the timer. */
export function conversationAnswers(
  { keeping }: Chat,
  upkeep: HistoryUpkeep,
): Omit<SessionAnswers['conversations'], 'list' | 'start' | 'setDraft' | 'markRead'> {
  return {
    setMuted: ({ conversationId: id, muted }) => keeping.say(id, { muted }),
    setPinned: ({ conversationId: id, pinned }) => keeping.say(id, { pinned }),
    setArchived: ({ conversationId: id, archived }) => keeping.say(id, { archived }),
    setKeepDays: async ({ conversationId: id, keepDays }) => {
      await keeping.say(id, { keepDays })
      await upkeep.enforce()
    },
    setTimer: ({ conversationId: id, seconds }) => keeping.setTimer(id, seconds),
    erase: async ({ conversationId: id }) => {
      await keeping.erase(id)
      await upkeep.enforce()
    },
  }
}

/** Messages as chat serves them, and what only the own devices do with them. */
export function messageAnswers(chat: Chat): SessionAnswers['messages'] {
  return {
    page: (args) => chat.page(args),
    send: (args) => chat.send(args),
    edit: (args) => chat.edit(args),
    delete: (args) => chat.delete(args),
    remove: ({ conversationId, author, messageId }) => chat.keeping.remove({ conversationId, author, messageId }),
    setBookmarked: (args) => chat.keeping.setBookmarked(args),
    react: (args) => chat.react(args),
    retry: (args) => chat.retry(args),
    typing: (args) => chat.typing(args),
  }
}
