import { useState } from 'react'
import type { ConversationView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'

/** A stranger's first contact waits for an answer; until then nothing goes out. */
export function StrangerBanner(props: { readonly conversation: ConversationView; readonly name: string }) {
  const { conversation, name } = props
  const t = useT()
  const [busy, setBusy] = useState(false)
  function answer(policy: 'accepted' | 'blocked'): void {
    setBusy(true)
    void perform('contacts.setPolicy', { conversationId: conversation.id, policy }).then(() => setBusy(false))
  }
  return (
    <section
      aria-label={t('list.request')}
      data-pane="composer"
      className="flex flex-col gap-2 border-t border-line bg-panel px-4 py-3"
    >
      <p className="font-medium wrap-anywhere">{t('stranger.title', { name: displayAor(conversation.peer) })}</p>
      <p className="text-sm text-soft wrap-anywhere">{t('stranger.text', { name })}</p>
      <div className="flex gap-2 pt-1">
        <Button variant="primary" size="small" isDisabled={busy} onPress={() => answer('accepted')}>
          {t('stranger.accept')}
        </Button>
        <Button size="small" isDisabled={busy} onPress={() => answer('blocked')}>
          {t('stranger.block')}
        </Button>
      </div>
    </section>
  )
}
