import { CalendarClock } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { AccountView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import type { ErasureView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT, type Language, type Translate } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx'
import { Banner } from '#renderer/ui/Feedback.tsx'

/** Properties of {@link LostEverything}. */
export interface LostEverythingProps {
  readonly account: AccountView
  /** What was typed about the server; null = nothing. */
  readonly server: string | null
  readonly invitation: string | null
}

/** The history is sealed for other devices: what is left to who has none of them and no paper, and how far that is. */
export function LostEverything({ account, server, invitation }: LostEverythingProps) {
  const t = useT()
  const language = useLanguage()
  const [asking, setAsking] = useState(false)
  const [erasure, setErasure] = useState<ErasureView | null>(null)
  const question = { accountId: account.id, server, invitation }
  useEffect(() => {
    // Without an answer, the way stays open: the failure is said when it is taken.
    void attempt('replication.askErasure', { ...question, ask: false }).then((reply) => {
      if (reply.ok) setErasure(reply.value)
    })
    // Once: it is about the server that was just asked.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])
  const said = erasure === null ? null : stateText(t, language, erasure)

  async function ask(): Promise<string | null> {
    const reply = await attempt('replication.askErasure', { ...question, ask: true })
    if (!reply.ok) return errorText(t, reply.code, reply.params)
    setErasure(reply.value)
    setAsking(false)
    return null
  }

  return (
    <div className="flex flex-col items-start gap-2">
      <div role="status" className="self-stretch empty:hidden">
        {said !== null && (
          <Banner icon={CalendarClock} tone="tint">
            {said}
          </Banner>
        )}
      </div>
      {erasure?.state !== 'asked' && (
        <Button size="small" onPress={() => setAsking(true)}>
          {t('replication.erasure.offer')}
        </Button>
      )}
      {asking && (
        <ConfirmDialog
          title={t('replication.erasure.title', { name: displayAor(account.aor) })}
          labels={{
            ...{ close: t('app.close'), cancel: t('app.cancel') },
            action: t('replication.erasure.action'),
            busy: t('replication.erasure.asking'),
          }}
          onConfirm={ask}
          onClose={() => setAsking(false)}
        >
          <p>{t('replication.erasure.text')}</p>
          <p>{t('replication.erasure.before')}</p>
          <p className="text-sm text-soft">{t('replication.erasure.announcing')}</p>
        </ConfirmDialog>
      )}
    </div>
  )
}

function stateText(t: Translate, language: Language, erasure: ErasureView): string | null {
  switch (erasure.state) {
    case 'none':
      return t('replication.erasure.none')
    case 'sealed':
      return null
    case 'asked':
      return t('replication.erasure.asked', { due: formatDateTime(language, erasure.dueAt) })
    case 'kept':
      return t('replication.erasure.kept', { time: formatDateTime(language, erasure.keptAt) })
  }
}
