import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { ReplicationView } from '#shared/model/replication-views.ts'
import { formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner } from '#renderer/ui/Feedback.tsx'

/** Somebody who has the account's password alone wants it erased: when, and how this device keeps it. */
export function AnnouncedErasure({ view: { accountId, erasure } }: { readonly view: ReplicationView }) {
  const t = useT()
  const language = useLanguage()
  const [busy, setBusy] = useState(false)
  if (erasure === null) return null
  const keep = (
    <Button
      size="small"
      variant="primary"
      pendingText={busy ? t('replication.erasure.keeping') : undefined}
      onPress={() => {
        setBusy(true)
        void perform('replication.keepHistory', { accountId }).then(() => setBusy(false))
      }}
    >
      {t('replication.erasure.keep')}
    </Button>
  )
  const [asked, due] = [formatDateTime(language, erasure.askedAt), formatDateTime(language, erasure.dueAt)]
  return (
    <Banner icon={TriangleAlert} tone="warn" role="status" actions={keep}>
      <span className="block font-medium">{t('replication.erasure.announced', { due })}</span>
      <span className="block text-ink">{t('replication.erasure.announcedText', { asked })}</span>
    </Banner>
  )
}
