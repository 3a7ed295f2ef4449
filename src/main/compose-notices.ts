/** Wires what the desktop shows of messages and calls. */
import type { CallId } from '#shared/model/calls.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import type { SettingsView } from '#shared/model/views.ts'
import type { SessionAnswers } from './bridge/handlers.ts'
import type { BridgePublisher } from './bridge/publisher.ts'
import type { RingPort } from './calls/ports.ts'
import type { LockedNoticesPort } from './locked/ports.ts'
import { CallNotifications } from './window/call-notifications.ts'
import { Notifications } from './window/notifications.ts'
import type { MainStrings } from './window/strings.ts'
import type { AppWindows } from './window/windows.ts'

interface ShownNotification {
  readonly conversationId: ConversationId
  readonly title: string
  readonly body: string | null
}

interface MessageNotifications {
  show(shown: ShownNotification): void
  showReaction(shown: Omit<ShownNotification, 'body'> & { readonly emojis: string | null }): void
  withdraw(conversationId: ConversationId): void
  withdrawAll(): void
}

/** Notifications of messages: a click opens the conversation. */
export function composeNotifications(
  windows: AppWindows,
  publisher: BridgePublisher,
  strings: () => MainStrings,
): MessageNotifications {
  const notifications = new Notifications({
    onClick: (id) => {
      windows.show()
      if (id !== lockedNotice) publisher.publish('navigate.conversation', { conversationId: id as ConversationId })
    },
    bodyWithoutPreview: () => strings().newMessage,
  })
  return {
    // Without previews the sender stays hidden too: a notification shows on a locked screen.
    show: ({ conversationId, title, body }) =>
      notifications.show({ id: conversationId, title: body === null ? 'Sotto' : title, body }),
    showReaction: ({ conversationId: id, title, emojis }) => {
      const body = strings().reaction(emojis ?? '')
      notifications.show({ id, title: emojis === null ? 'Sotto' : title, body, silent: true })
    },
    withdraw: (conversationId) => notifications.withdraw(conversationId),
    withdrawAll: () => notifications.withdrawAll(),
  }
}

/** In place of a conversation: what is shown while Sotto is locked names nobody. */
const lockedNotice = 'locked' as ConversationId

/** What the desktop shows while Sotto is locked: that something came in, and no more. */
export function composeLockedNotices(parts: {
  readonly notifications: Pick<MessageNotifications, 'show'>
  readonly ring: RingPort
  readonly strings: () => MainStrings
  readonly settings: () => SettingsView
}): LockedNoticesPort {
  const { notifications, ring, strings, settings } = parts
  const show = (body: string): void => {
    if (settings().notifications) notifications.show({ conversationId: lockedNotice, title: 'Sotto', body })
  }
  return {
    message: () => show(strings().newMessage),
    missedCall: () => show(strings().missedCall),
    ring: (call) => ring.ring({ ...call, name: '' }),
    stopRinging: (callId) => ring.stop(callId),
  }
}

interface RingParts {
  readonly windows: AppWindows
  readonly notifications: { show(shown: ShownNotification): void }
  readonly strings: () => MainStrings
  readonly settings: () => SettingsView
  /** None while Sotto is locked. */
  readonly calls: () => SessionAnswers['calls'] | undefined
  readonly decline: (callId: CallId) => Promise<void>
}

/** Calls ring with the window closed too; what is shown on a locked screen follows the settings. */
export function composeRing({
  windows,
  notifications,
  strings,
  settings,
  calls: answers,
  decline,
}: RingParts): RingPort {
  const quietly = (asked: unknown): void => void Promise.resolve(asked).catch(() => windows.show())
  const calls = new CallNotifications({
    strings,
    onShow: () => windows.show(),
    onAnswer: (id) => {
      const open = answers()
      // Who calls is only told to whoever unlocks.
      if (open === undefined) windows.show()
      else quietly(open.accept({ callId: id as CallId, video: false }))
    },
    onDecline: (id) => quietly(decline(id as CallId)),
  })
  return {
    ring: ({ callId, name, video, silent }) => {
      const shown = settings().notificationPreview ? name : ''
      if (settings().notifications && !windows.isFocused()) calls.ring({ id: callId, name: shown, video, silent })
    },
    stop: (callId) => calls.stop(callId),
    missed: ({ conversationId, name, muted }) => {
      if (!settings().notifications || muted) return
      const title = settings().notificationPreview ? name : 'Sotto'
      notifications.show({ conversationId, title, body: strings().missedCall })
    },
  }
}
