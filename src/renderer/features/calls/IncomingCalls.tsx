import { LockOpen, Phone, PhoneForwarded, PhoneIncoming, PhoneOff, Video } from 'lucide-react'
import { useEffect } from 'react'
import { createPortal } from 'react-dom'
import type { CallView } from '#shared/model/calls.ts'
import { displayAor } from '#shared/model/aor.ts'
import { type TextKey, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useAccounts, useApp } from '#renderer/stores/app-store.ts'
import { acceptCall, currentCall, endAndAccept, endCall, useCalls } from '#renderer/stores/call-store.ts'
import { useConversation } from '#renderer/stores/conversation-store.ts'
import { Avatar } from '#renderer/ui/Avatar.tsx'
import { Button } from '#renderer/ui/Button.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { callKeys } from './call-keys.ts'
import { callName, phaseWords } from './call-words.ts'

/** Calls that ring here, above every screen and dialog; the focus stays where the user types. */
export function IncomingCalls() {
  const calls = useCalls()
  const ringing = calls.filter((view) => view.phase === 'incoming')
  const busy = currentCall(calls) !== undefined
  const locked = useApp()?.phase === 'locked'
  if (ringing.length === 0) return null
  return createPortal(
    // An open dialog makes the rest of the page inert, but not what stands beside it and is marked like this.
    <div
      data-react-aria-top-layer="true"
      className="pointer-events-none fixed inset-x-0 top-0 z-50 flex max-h-full flex-col items-center gap-2 overflow-y-auto p-3 pb-20"
    >
      {ringing.map((view) => (
        <IncomingCall key={view.id} view={view} waiting={busy} locked={locked} />
      ))}
    </div>,
    document.body,
  )
}

interface IncomingProps {
  readonly view: CallView
  readonly waiting: boolean
}

function IncomingCall({ view, waiting, locked }: IncomingProps & { readonly locked: boolean }) {
  const t = useT()
  const name = callName(t, view)
  return (
    <section
      aria-label={t('incoming.region', { name })}
      data-pane="incoming"
      className={cx(
        'pointer-events-auto flex w-full flex-col gap-3 rounded-2xl border border-edge bg-raised shadow-2xl',
        waiting ? 'max-w-md p-3' : 'max-w-md p-4',
      )}
    >
      <p role="alert" className="sr-only">
        {locked
          ? t('incoming.announceLocked', { decline: callKeys.hangUp })
          : t('incoming.announce', { name, answer: callKeys.answer, decline: callKeys.hangUp })}
      </p>
      <div className="flex items-center gap-3">
        <Avatar name={name} seed={view.peer} size={waiting ? 'normal' : 'large'} />
        <div className="min-w-0 flex-1 basis-44 whitespace-nowrap">
          <p className="flex items-center gap-1.5 text-sm text-soft">
            <PhoneIncoming aria-hidden className="size-3.5 shrink-0" />
            {waiting ? t('incoming.waiting') : phaseWords(t, view)}
          </p>
          <bdi className={cx('block font-semibold wrap-anywhere', waiting ? 'text-base' : 'line-clamp-2 text-lg')}>
            {name}
          </bdi>
          <Origin view={view} />
        </div>
      </div>
      <Replaced view={view} />
      {!waiting && <p className="text-xs text-soft">{t(locked ? 'incoming.lockedText' : 'incoming.untilAccepted')}</p>}
      {locked ? <LockedAnswers view={view} /> : <Answers view={view} waiting={waiting} />}
    </section>
  )
}

/** Which address calls, which of one's own is called, and whether one knows it. */
function Origin({ view }: { readonly view: CallView }) {
  const t = useT()
  const accounts = useAccounts()
  const conversation = useConversation(view.conversationId)
  const account = accounts.find((candidate) => candidate.id === view.accountId)
  return (
    <p className="text-xs wrap-anywhere text-soft">
      {view.peerName !== '' && <bdi className="block selectable">{displayAor(view.peer)}</bdi>}
      {conversation?.policy === 'pending' && (
        <span className="block font-medium text-warn">{t('incoming.stranger')}</span>
      )}
      {accounts.length > 1 && account !== undefined && (
        <span className="block">{t('incoming.toAccount', { account: displayAor(account.aor) })}</span>
      )}
    </p>
  )
}

/** Whose place the caller wants: nobody has proven that the other side wants that, too. */
function Replaced({ view }: { readonly view: CallView }) {
  const t = useT()
  const replaced = useCalls().find((one) => one.id === view.replaces)
  if (replaced === undefined) return null
  return <p className="text-sm text-warn">{t('incoming.replaces', { other: callName(t, replaced) })}</p>
}

function acceptText({ view, waiting }: IncomingProps): TextKey {
  if (view.replaces !== null) return 'incoming.accept'
  if (waiting) return 'incoming.holdAndAccept'
  return view.video ? 'incoming.acceptAudio' : 'incoming.accept'
}

/** Who does not know who calls can decline, and unlock. */
function LockedAnswers({ view }: { readonly view: CallView }) {
  const t = useT()
  useEffect(() => keepFocus, [])
  return (
    <div className="flex flex-wrap gap-2">
      <Button variant="danger" onPress={() => endCall(view)} className="min-w-0 flex-1 basis-44 whitespace-nowrap">
        <PhoneOff aria-hidden className="size-4" />
        {t('incoming.decline')}
      </Button>
      <Button variant="primary" onPress={focusUnlock} className="min-w-0 flex-1 basis-44 whitespace-nowrap">
        <LockOpen aria-hidden className="size-4" />
        {t('incoming.unlock')}
      </Button>
    </div>
  )
}

/** Leads to what opens the lock screen below. */
function focusUnlock(): void {
  document.querySelector<HTMLElement>('[data-unlock] input, [data-unlock] button')?.focus()
}

/** A call that is over takes its buttons away, and the focus with them. */
function keepFocus(): void {
  if (document.activeElement === document.body) focusUnlock()
}

function Answers({ view, waiting }: IncomingProps) {
  const t = useT()
  const small = waiting ? 'small' : 'normal'
  return (
    <div className="flex flex-wrap gap-2">
      <Button
        variant="danger"
        size={small}
        onPress={() => endCall(view)}
        className="min-w-0 flex-1 basis-44 whitespace-nowrap"
      >
        <PhoneOff aria-hidden className="size-4" />
        {t('incoming.decline')}
      </Button>
      <Button
        size={small}
        className="flex-1"
        onPress={() => void perform('calls.decline', { callId: view.id, busy: true })}
      >
        <span aria-hidden>{t('incoming.busy')}</span>
        <span className="sr-only">{t('incoming.busyHint')}</span>
      </Button>
      {waiting && view.replaces === null && (
        <Button
          size={small}
          onPress={() => void endAndAccept(view)}
          className="min-w-0 flex-1 basis-44 whitespace-nowrap"
        >
          <PhoneForwarded aria-hidden className="size-4" />
          {t('incoming.endAndAccept')}
        </Button>
      )}
      {view.video && !waiting && (
        <Button
          variant="primary"
          size={small}
          onPress={() => void acceptCall(view, true)}
          className="min-w-0 flex-1 basis-44 whitespace-nowrap"
        >
          <Video aria-hidden className="size-4" />
          {t('incoming.acceptVideo')}
        </Button>
      )}
      <Button
        variant={view.video && !waiting ? 'plain' : 'primary'}
        size={small}
        onPress={() => void acceptCall(view, false)}
        className="min-w-0 flex-1 basis-44 whitespace-nowrap"
      >
        <Phone aria-hidden className="size-4" />
        {t(acceptText({ view, waiting }))}
      </Button>
    </div>
  )
}
