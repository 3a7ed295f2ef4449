import { KeyRound, MessagesSquare } from 'lucide-react'
import { useEffect } from 'react'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useAccounts } from '#renderer/stores/app-store.ts'
import { showDialog, useMainView } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner, EmptyState } from '#renderer/ui/Feedback.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { useWindowFocused } from '#renderer/ui/use-window-focused.ts'
import { ArchiveBar } from '../archive/ArchiveBar.tsx'
import { CallTest } from '../call-test/CallTest.tsx'
import { CallBars } from '../calls/CallBars.tsx'
import { ConversationPane } from '../chat/ConversationPane.tsx'
import { Sidebar } from '../conversations/Sidebar.tsx'
import { TransferBar } from '../linking/TransferBar.tsx'
import { Settings } from '../settings/Settings.tsx'
import { Announcer } from './Announcer.tsx'
import { ArchiveDialogs, Dialogs } from './Dialogs.tsx'
import { LockDialog, LockPending } from './LockDialog.tsx'
import { useShortcuts } from './use-shortcuts.ts'

/** The list on the left, a conversation or the settings on the right; one of them at a time in a narrow window. */
export function MainScreen() {
  const t = useT()
  const main = useMainView()
  useShortcuts()
  useActivity(main.kind === 'conversation' ? main.id : null)
  return (
    <main className="flex h-full flex-col">
      <h1 className="sr-only">{t('app.name')}</h1>
      <LockPending />
      <PaperReminder />
      <CallBars />
      <ArchiveBar />
      <TransferBar />
      <div className="flex min-h-0 flex-1">
        <div
          className={cx(
            'min-h-0 w-full flex-col border-e border-line bg-panel wide:flex wide:w-80 wide:shrink-0',
            main.kind === 'empty' ? 'flex' : 'hidden',
          )}
        >
          <Sidebar />
        </div>
        <div className={cx('min-h-0 min-w-0 flex-1 flex-col wide:flex', main.kind === 'empty' ? 'hidden' : 'flex')}>
          {main.kind === 'conversation' && <ConversationPane key={main.id} id={main.id} />}
          {main.kind === 'settings' && <Settings section={main.section} />}
          {main.kind === 'call-test' && <CallTest />}
          {main.kind === 'empty' && <NothingOpen />}
        </div>
      </div>
      <Dialogs />
      <ArchiveDialogs />
      <LockDialog />
      <Announcer />
    </main>
  )
}

function NothingOpen() {
  const t = useT()
  return (
    <section className="h-full" aria-label={t('shell.nothingOpen')}>
      <EmptyState icon={MessagesSquare} title={t('shell.nothingOpen')} text={t('shell.nothingOpenText')} />
    </section>
  )
}

/** Stays until every account's paper secret is confirmed. */
function PaperReminder() {
  const t = useT()
  const account = useAccounts().find((candidate) => candidate.paperSecret !== 'confirmed')
  if (account === undefined) return null
  return (
    <div className="border-b border-line bg-panel p-2">
      <Banner
        icon={KeyRound}
        tone="tint"
        actions={
          <Button size="small" onPress={() => showDialog({ kind: 'paper-secret', accountId: account.id })}>
            {t('paper.reminderAction')}
          </Button>
        }
      >
        {t('paper.reminder')}
      </Banner>
    </div>
  )
}

/** Tells main what the user is looking at: it decides about notifications and receipts. */
function useActivity(conversationId: Parameters<typeof perform<'app.activity'>>[1]['conversationId']): void {
  const focused = useWindowFocused()
  useEffect(() => {
    void perform('app.activity', { conversationId, focused })
  }, [conversationId, focused])
}
