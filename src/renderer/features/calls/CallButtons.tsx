import { Phone, Video } from 'lucide-react'
import type { AccountId, ConversationId } from '#shared/model/ids.ts'
import type { ContactPolicy } from '#shared/model/views.ts'
import { type TextKey, useT } from '#renderer/i18n/i18n.ts'
import { useAccount } from '#renderer/stores/app-store.ts'
import { placeCall, useRunningCall } from '#renderer/stores/call-store.ts'
import { IconButton } from '#renderer/ui/Button.tsx'
import { callKeys } from './call-keys.ts'

/** Properties of {@link CallButtons}. */
export interface CallButtonsProps {
  readonly id: ConversationId
  readonly accountId: AccountId
  readonly name: string
  readonly policy: ContactPolicy
}

/** Why a conversation cannot be called now; null = it can. Pure. */
export function whyNoCall(policy: ContactPolicy, connected: boolean, inCall: boolean): TextKey | null {
  if (policy === 'blocked') return 'call.reasonBlocked'
  if (policy === 'pending') return 'call.reasonStranger'
  if (inCall) return 'call.reasonBusy'
  return connected ? null : 'call.reasonOffline'
}

/** Calls the other side, with and without video; where that is not possible, the reason is said. */
export function CallButtons({ id, accountId, name, policy }: CallButtonsProps) {
  const t = useT()
  const account = useAccount(accountId)
  const reason = whyNoCall(policy, account?.connection.kind === 'registered', useRunningCall(id) !== undefined)
  // Whose account is not signed in here can only be read.
  if (account === undefined) return null
  const call = (video: boolean): void => {
    if (reason === null) void placeCall({ conversationId: id, name, video })
  }
  const why = reason === null ? {} : { unavailable: t(reason, { name }) }
  return (
    <>
      <IconButton
        icon={Phone}
        label={t('call.placeAudio', { name })}
        keyShortcuts={callKeys.call}
        onPress={() => call(false)}
        {...why}
      />
      <IconButton
        icon={Video}
        label={t('call.placeVideo', { name })}
        keyShortcuts={callKeys.video}
        onPress={() => call(true)}
        {...why}
      />
    </>
  )
}
