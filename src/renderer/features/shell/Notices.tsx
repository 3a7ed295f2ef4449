import { CircleAlert, ShieldAlert, X } from 'lucide-react'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { useApp } from '#renderer/stores/app-store.ts'
import { dismissNotice, useNotices } from '#renderer/stores/screen-store.ts'
import { Banner } from '#renderer/ui/Feedback.tsx'
import { IconButton } from '#renderer/ui/Button.tsx'

/** Errors that belong to no field, in words, until they are dismissed. */
export function Notices() {
  const t = useT()
  const notices = useNotices()
  return (
    <section
      aria-label={t('notices.region')}
      className="pointer-events-none fixed inset-x-0 bottom-16 z-40 flex flex-col items-center gap-2 p-3"
    >
      {notices.map((notice) => (
        <div key={notice.id} className="pointer-events-auto w-full max-w-lg shadow-lg">
          <Banner
            icon={CircleAlert}
            tone="danger"
            role="alert"
            actions={
              <IconButton icon={X} label={t('app.dismiss')} onPress={() => dismissNotice(notice.id)} size="small" />
            }
          >
            {errorText(t, notice.code, notice.params)}
          </Banner>
        </div>
      ))}
    </section>
  )
}

/** Said as long as it is so: the browser's sandbox is off. */
export function SandboxNotice() {
  const t = useT()
  const app = useApp()
  if (app === null || app.sandboxed) return null
  return (
    <aside
      aria-label={t('app.sandbox')}
      className="flex items-center justify-center gap-2 bg-warn-tint px-4 py-1 text-center text-xs text-warn"
    >
      <ShieldAlert aria-hidden className="size-3.5 shrink-0" />
      {t('app.sandboxOff')}
    </aside>
  )
}
